// Compiles what the workers of a workload run, and gathers what each of them is given.
import type { KernelName } from '../../options/choices.ts';
import type { Workload } from '../device.ts';
import type { Kernels } from './choose.ts';
import { type CompiledShard, compileShard } from './compile.ts';
import { type Code, loadCode } from './machine/code.ts';
import { peakProgram } from './machine/peak.ts';
import type { Plan } from './plan.ts';
import type { LoadedProgram, ShardSetup } from './shard.ts';
import { compileUpdate } from './update.ts';

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

/** A compiled program that can be run, and its machine code, if it has any, to be freed after it. */
export async function loaded({
  module,
  machine,
}: CompiledShard): Promise<{ program: LoadedProgram; code: Code | null }> {
  const code = machine && loadCode(machine.code);
  return {
    program: {
      module: await WebAssembly.compile(module),
      machine: code && { address: code.address, functions: machine!.functions },
    },
    code,
  };
}

/** @param codes to which the machine code is added */
export async function shardSetups(
  workload: Workload,
  plan: Plan,
  kernels: Kernels,
  memory: WebAssembly.Memory,
  codes: Code[],
): Promise<ShardSetup[]> {
  const load = async (compiled: CompiledShard): Promise<LoadedProgram> => {
    const { program, code } = await loaded(compiled);
    if (code) codes.push(code);
    return program;
  };
  const loadedPrograms = new Map<string, LoadedProgram>();
  for (const { job, programs } of plan.jobs) {
    for (const [rows, shard] of programs) {
      const { program, code } = await loaded(
        compileShard({ plan, job: job.name, shard, variant: kernels.module.variant }),
      );
      if (code) codes.push(code);
      loadedPrograms.set(`${job.name} ${rows}`, program);
    }
  }
  const { machineCode } = kernels.products;
  const peak = machineCode && (await load(peakProgram(machineCode, plan.pages)));
  const { products: _, jobs, ...map } = plan;
  const rule = workload.update;
  const update = rule && {
    module: await WebAssembly.compile(compileUpdate(rule, plan.parameterCount, kernels.module.variant, plan.pages)),
    clipNorm: rule.clipNorm,
  };
  return plan.shardBases.map((__, worker) => ({
    worker,
    map,
    kernels: kernels.module,
    usesSgemm: kernels.products.usesSgemm,
    memory,
    jobs: [
      ...jobs.map(({ job, shardRows, trains }) => ({
        program: loadedPrograms.get(`${job.name} ${shardRows[worker]}`) ?? null,
        trains,
      })),
      ...(peak ? [{ program: peak, trains: false }] : []),
    ],
    update,
  }));
}
