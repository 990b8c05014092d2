// A program for hosts without this device, such as a page: WebAssembly modules for one thread and a
// memory that is not shared, and the addresses of everything in the memory.
import { readFileSync } from 'node:fs';
import { runUninterrupted } from '../../sliced-work.ts';
import type { ParameterShape } from '../../program/value.ts';
import { builtUrl } from '../artifacts.ts';
import type { Job } from '../device.ts';
import { compileShard } from './compile.ts';
import { type KernelVariant, kernelVariants } from './kernels.ts';
import { type JobPlan, type Plan, type ShardProgram, planWorkload, stateKey, statesOf } from './plan.ts';
import { embeddedProducts } from './products.ts';

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
  /**
   * The arguments of the kernel `packPanels` for each weight that products read in panels. Call it
   * when the parameters are in place.
   */
  readonly panels: readonly (readonly number[])[];
  /** Int32 (T·N) */
  readonly ids: number;
  /** Float32. The start of a carried state and its elements, by name. Zeros before a text. */
  readonly states: Readonly<Record<string, readonly [address: number, length: number]>>;
  /** Float32. The start of each output and its elements, by name. Rows follow each other. */
  readonly outputs: Readonly<Record<string, readonly [address: number, length: number]>>;
}

/** A program with its modules by variant. Both compute the same, but round differently. */
export interface StandaloneProgram {
  readonly layout: StandaloneLayout;
  readonly modules: Readonly<Record<KernelVariant, StandaloneModules>>;
}

/** Compiles a job of few rows that trains nothing. */
export function standaloneProgram(parameters: readonly ParameterShape[], job: Job): StandaloneProgram {
  const plan = runUninterrupted(planWorkload({ parameters, jobs: [job], update: null }, 1, embeddedProducts));
  const [jobPlan] = plan.jobs;
  const shard = jobPlan.programs.get(jobPlan.shardRows[0])!;
  const modulesOf = (variant: KernelVariant): StandaloneModules => ({
    kernels: withPrivateMemory(readFileSync(builtUrl(`cpu/kernels-${variant}.wasm`))),
    program: withPrivateMemory(compileShard({ plan, job: job.name, shard, variant }).module),
  });
  const [relaxed, portable] = kernelVariants.map(modulesOf);
  return { layout: layoutOf(plan, jobPlan, shard), modules: { relaxed, portable } };
}

function layoutOf(
  { pages, shardBases: [base], shard, parameterVector, panels }: Plan,
  { job }: JobPlan,
  { program, layout }: ShardProgram,
): StandaloneLayout {
  const stateAt = (name: string): number => base + shard.states.get(stateKey(job.name, name))!;
  return {
    pages,
    base,
    parameters: parameterVector,
    panels: panels.map(({ source, sourceColumns, K, N, transposed, address, columns }) => [
      source,
      sourceColumns,
      K,
      N,
      Number(transposed),
      address,
      0,
      Math.ceil(N / columns),
    ]),
    ids: base + shard.ids,
    states: Object.fromEntries(
      statesOf(program).map(({ name, rows, columns }) => [name, [stateAt(name), rows * columns]] as const),
    ),
    outputs: Object.fromEntries(
      [...program.outputs].map(([name, value]) => {
        const { buffer, row, column } = layout.locationOf(value);
        const start = layout.offsetOf(buffer) + (row + buffer.before) * buffer.columns + column;
        return [name, [base + shard.arena + 4 * start, value.rows * value.columns]] as const;
      }),
    ),
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
