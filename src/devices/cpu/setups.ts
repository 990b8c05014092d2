// Compiles the programs that the workers of a workload run, and collects the setup of each worker.
import type { KernelName } from '../../options/choices.ts';
import type { UpdateRule, Workload } from '../device.ts';
import type { Kernels } from './choose.ts';
import { type CompiledShard, compileShard } from './compile.ts';
import { type LoadedCode, type LoadedFunctions, loadCode } from './machine/code.ts';
import type { MachineProgram } from './machine/program.ts';
import { peakProgram } from './machine/peak.ts';
import type { Plan } from './plan.ts';
import type { LoadedProgram, ShardSetup, ShardUpdate } from './shard.ts';
import { compileUpdate, writeUpdate } from './update.ts';

export function describeCpu({ name, module }: Kernels, threads: number): string {
  const rounding = module.variant === 'relaxed' ? 'fused multiply-add' : 'portable SIMD';
  return `cpu: ${kernelsInWords[name]}${name.startsWith('wasm') ? ` (${rounding})` : ''}, ${threads} thread${threads === 1 ? '' : 's'}`;
}

const kernelsInWords: Readonly<Record<KernelName, string>> = {
  accelerate: 'Accelerate and WebAssembly',
  avx512: 'machine code (AVX-512)',
  avx2: 'machine code (AVX2)',
  wasm: 'WebAssembly',
  'wasm-portable': 'WebAssembly',
};

/** @param codes a list that receives the code, which the caller frees */
function loadFunctions({ code, functions }: MachineProgram, codes: LoadedCode[]): LoadedFunctions {
  const loaded = loadCode(code);
  codes.push(loaded);
  return { address: loaded.address, functions };
}

/** @param codes a list that receives the machine code, which the caller frees */
export async function loadProgram({ module, machine }: CompiledShard, codes: LoadedCode[]): Promise<LoadedProgram> {
  return { module: await WebAssembly.compile(module), machine: machine && loadFunctions(machine, codes) };
}

/** @param codes the machine code, as in load */
export async function shardSetups(
  workload: Workload,
  plan: Plan,
  { module: kernels, products: { machineCode, usesSgemm } }: Kernels,
  memory: WebAssembly.Memory,
  codes: LoadedCode[],
): Promise<ShardSetup[]> {
  const { variant } = kernels;
  const loaded = new Map<string, LoadedProgram>();
  for (const { job, programs } of plan.jobs)
    for (const [rows, shard] of programs)
      loaded.set(
        `${job.name} ${rows}`,
        await loadProgram(compileShard({ plan, job: job.name, shard, variant }), codes),
      );
  const peak = machineCode && {
    program: await loadProgram(peakProgram(machineCode, plan.pages), codes),
    trains: false,
  };
  const rule = workload.update;
  const codeOf = (update: UpdateRule): ShardUpdate['code'] | Promise<WebAssembly.Module> =>
    machineCode === null
      ? WebAssembly.compile(compileUpdate(update, plan.parameterCount, variant, plan.pages))
      : loadFunctions(writeUpdate(update, plan, machineCode), codes);
  const { products: _, jobs, ...map } = plan;
  const update = rule && { code: await codeOf(rule), clipNorm: rule.clipNorm };
  return plan.shardBases.map((__, worker) => ({
    worker,
    map,
    kernels,
    usesSgemm,
    memory,
    jobs: [
      ...jobs.map(({ job, shardRows, trains }) => ({
        program: loaded.get(`${job.name} ${shardRows[worker]}`) ?? null,
        trains,
      })),
      ...(peak ? [peak] : []),
    ],
    update,
  }));
}
