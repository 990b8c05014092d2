// A program for hosts without this device, such as a page: WebAssembly modules for one thread and a
// memory that is not shared, and the addresses of everything in the memory.
import { readFileSync } from 'node:fs';
import { mapValues } from '../../group.ts';
import { runUninterrupted } from '../../sliced-work.ts';
import type { ParameterShape } from '../../program/value.ts';
import { builtUrl } from '../artifacts.ts';
import type { Job } from '../device.ts';
import { compileShard } from './compile.ts';
import { type KernelVariant, kernelVariants } from './kernels.ts';
import { type JobPlan, type PackedWeight, type Plan, planWorkload, stateKey, statesOf } from './plan.ts';
import { embeddedProducts } from './products.ts';
import { jobRowsOf } from './rows.ts';

/** Two modules. `program` imports the exports of `kernels` as the module `kernels`. */
export interface StandaloneModules {
  /** Imports the memory as `env.memory`. */
  readonly kernels: Uint8Array;
  /** Exports `run(base)`. Imports the memory too. */
  readonly program: Uint8Array;
}

/** The addresses of a program in its memory, in bytes. */
export interface StandaloneLayout {
  /** The exact size of the memory, in pages of 64 KiB. */
  readonly pages: number;
  /** The argument of `run`. */
  readonly base: number;
  /** P float32, in the order of the parameters. */
  readonly parameters: number;
  /** For the kernel `packPanels`, which is called when the parameters are in place. */
  readonly panels: readonly PackedWeight[];
  /** Int32, the token */
  readonly ids: number;
  /** Float32. The start of a carried state and its elements, by name. Zeros before a text. */
  readonly states: Readonly<Record<string, readonly [address: number, length: number]>>;
  /** Float32. The start of each output and its elements, by name. */
  readonly outputs: Readonly<Record<string, readonly [address: number, length: number]>>;
}

/** A program with its modules by variant. Both compute the same, but round differently. */
export interface StandaloneProgram {
  readonly layout: StandaloneLayout;
  readonly modules: Readonly<Record<KernelVariant, StandaloneModules>>;
}

/** Compiles a job of one row and one time step that trains nothing. */
export function standaloneProgram(parameters: readonly ParameterShape[], job: Job): StandaloneProgram {
  const plan = runUninterrupted(planWorkload({ parameters, jobs: [job], update: null }, 1, embeddedProducts));
  const [jobPlan] = plan.jobs;
  const shard = jobPlan.programs.get(jobPlan.shardRows[0])!;
  const modulesOf = (variant: KernelVariant): StandaloneModules => ({
    kernels: withPrivateMemory(readFileSync(builtUrl(`cpu/kernels-${variant}.wasm`))),
    program: withPrivateMemory(compileShard({ plan, job: job.name, shard, variant }).module),
  });
  const [relaxed, portable] = kernelVariants.map(modulesOf);
  return { layout: layoutOf(plan, jobPlan), modules: { relaxed, portable } };
}

function layoutOf(plan: Plan, jobPlan: JobPlan): StandaloneLayout {
  const { pages, bytes, shardBases, shard, parameterVector, panels } = plan;
  const [base] = shardBases;
  const { ids, outputs } = jobRowsOf(plan, jobPlan, { buffer: new ArrayBuffer(bytes) });
  const states = statesOf(jobPlan.program).map(({ name, rows, columns }) => {
    const address = base + shard.states.get(stateKey(jobPlan.job.name, name))!;
    return [name, [address, rows * columns]] as const;
  });
  return {
    pages,
    base,
    parameters: parameterVector,
    panels,
    ids: 4 * ids[0],
    states: Object.fromEntries(states),
    outputs: mapValues(outputs, ([row]) => [row.byteOffset, row.length] as const),
  };
}

/**
 * The module with an import of a memory that is not shared. Few pages may have shared memory. The
 * modules contain no instruction that needs it.
 *
 * @throws Error if the module does not import a shared memory
 */
function withPrivateMemory(module: Uint8Array): Uint8Array {
  const memoryImport = [...Buffer.from('\u0003env\u0006memory'), 0x02, SHARED_WITH_MAXIMUM];
  const at = Buffer.from(module.buffer, module.byteOffset, module.length).indexOf(Buffer.from(memoryImport));
  if (at < 0) throw new Error('the module does not import a shared memory');
  const copy = Uint8Array.from(module);
  copy[at + memoryImport.length - 1] = WITH_MAXIMUM;
  return copy;
}

/** The limits of a memory, in the flags of the binary format. */
const [WITH_MAXIMUM, SHARED_WITH_MAXIMUM] = [0x01, 0x03];
