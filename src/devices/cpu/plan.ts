// Plans the memory of a workload: how the batch of each job is split among the workers, the layout
// of each distinct shard program, and where everything lies in the shared memory. It only computes:
// it does not allocate or compile anything.
import type { SlicedWork } from '../../sliced-work.ts';
import { type Layout, layOut } from '../../program/layout.ts';
import { type Program, type Value, countParameters } from '../../program/value.ts';
import type { Job, Workload } from '../device.ts';
import { type Panels, panelElements, weightIn } from './panels.ts';
import { type ProductKernels, innerDimensionOf } from './products.ts';
import { CACHE_LINE_BYTES, WASM_PAGE_BYTES } from './sizes.ts';

/** The memory of a worker thread of Node, with its heap and the code it compiles. */
const THREAD_BYTES = 12e6;
/** A shard with fewer rows is not worth a worker. */
const MIN_SHARD_ROWS = 4;

/**
 * Indices of the 32-bit words of the control block. `updating` is 1 from when an update starts to
 * change weights until the next step. `done` counts the threads that have finished the step.
 */
export const controlWord = {
  barrierGeneration: 0,
  barrierArrivals: 1,
  command: 2,
  job: 3,
  flags: 4,
  updating: 5,
  done: 6,
} as const;
const CONTROL_WORDS = 7;

/** The control block at the start of the memory. */
export const controlOf = ({ buffer }: WebAssembly.Memory): Int32Array => new Int32Array(buffer, 0, CONTROL_WORDS);

/**
 * A weight that is packed into panels for matrix products. There is one for each weight,
 * orientation and width that a program uses.
 */
export interface PackedWeight extends Panels {
  readonly parameter: string;
  readonly source: number;
  readonly sourceColumns: number;
  readonly address: number;
}

export interface ShardProgram {
  readonly program: Program;
  readonly layout: Layout;
}

export interface JobPlan {
  readonly job: Job;
  /**
   * The rows of the batch for each worker. In a small job, the last workers have no rows and only
   * help with gradients and update.
   */
  readonly shardRows: readonly number[];
  /** By the number of rows. */
  readonly programs: ReadonlyMap<number, ShardProgram>;
  /** The program of the first worker, which has the most rows. */
  readonly program: Program;
  readonly trains: boolean;
}

/** Byte offsets from the base of a worker's own region. */
export interface ShardMap {
  readonly ids: number;
  readonly targets: number;
  /**
   * Three int32: the rows of the whole batch, the first row of the batch in this shard, and the
   * dropout key of the call.
   */
  readonly dropout: number;
  /** float64 */
  readonly loss: number;
  /** float64: the sum of squares of the worker's range of the reduced gradient. */
  readonly gradientSquareSum: number;
  readonly gradientScale: number;
  readonly gradients: number;
  /** By job and state name. */
  readonly states: ReadonlyMap<string, number>;
  /**
   * The panels of each weight with DropConnect, by `panelsKey`. Programs pack them. The padding is
   * zero from the beginning.
   */
  readonly panels: ReadonlyMap<string, number>;
  readonly scratch: number;
  readonly arena: number;
}

/** The addresses of everything in the memory, as plain data that can be posted to a thread. */
export interface MemoryMap {
  readonly workers: number;
  /** The number of parameters. */
  readonly parameterCount: number;
  /** Byte addresses. */
  readonly parameters: ReadonlyMap<string, number>;
  readonly parameterVector: number;
  readonly optimizerSlots: ReadonlyMap<string, number>;
  readonly updateScalars: ReadonlyMap<string, number>;
  readonly panels: readonly PackedWeight[];
  readonly shard: ShardMap;
  readonly shardBases: readonly number[];
}

export interface Plan extends MemoryMap {
  readonly products: ProductKernels;
  readonly jobs: readonly JobPlan[];
  readonly pages: number;
  /** The size of the shared memory. */
  readonly bytes: number;
  /** The size of the shared memory and of the threads. */
  readonly bytesWithThreads: number;
}

export function stateKey(job: string, name: string): string {
  return `${job} ${name}`;
}

/**
 * Plans a workload with as many workers as `threads` and `maxBytes` of shared memory allow: each
 * worker has its own gradients. If even one worker needs more memory, returns that plan anyway.
 */
export function* planWithin(
  workload: Workload,
  threads: number,
  products: ProductKernels,
  maxBytes: number,
): SlicedWork<Plan> {
  let plan = yield* planWorkload(workload, threads, products);
  while (plan.bytes > maxBytes && plan.workers > 1) {
    // With fewer workers, each worker needs more memory. So at least this many workers must go.
    const surplus = Math.ceil((plan.bytes - maxBytes) / (plan.shardBases[1] - plan.shardBases[0]));
    plan = yield* planWorkload(workload, Math.max(1, plan.workers - surplus), products);
  }
  return plan;
}

/** @param threads the maximum number of workers */
export function* planWorkload(workload: Workload, threads: number, products: ProductKernels): SlicedWork<Plan> {
  const largestBatch = Math.max(...workload.jobs.map((job) => job.batch));
  const workers = workersFor(largestBatch, threads);
  const jobs: JobPlan[] = [];
  for (const job of workload.jobs) jobs.push(yield* planJob(job, workers));
  const programs = jobs.flatMap(({ programs: each }) => [...each.values()]);
  const parameterCount = countParameters(workload.parameters);

  const global = new Allocator(CACHE_LINE_BYTES);
  const parameterVector = global.take(4 * parameterCount);
  const parameters = new Map<string, number>();
  let next = parameterVector;
  for (const { name, rows, columns } of workload.parameters) {
    parameters.set(name, next);
    next += 4 * rows * columns;
  }
  const update = workload.update;
  const optimizerSlots = new Map((update?.slots ?? []).map((name) => [name, global.take(4 * parameterCount)]));
  const updateScalars = new Map((update?.scalars ?? []).map((name) => [name, global.take(4)]));
  const weightPanels = [...panelsOf(programs, products)];
  const panels = weightPanels
    .filter(([, { isComputed }]) => !isComputed)
    .map(([, shape]) => ({
      ...shape,
      source: parameters.get(shape.parameter)!,
      address: global.take(4 * panelElements(shape)),
    }));

  const region = new Allocator(0);
  const maxOfJobs = (measure: (job: JobPlan) => number): number => Math.max(0, ...jobs.map(measure));
  const shard: ShardMap = {
    ids: region.take(maxOfJobs(({ job, shardRows }) => 4 * job.steps * shardRows[0])),
    targets: region.take(maxOfJobs(({ job, shardRows }) => 4 * job.steps * shardRows[0])),
    dropout: region.take(12),
    loss: region.take(8),
    gradientSquareSum: region.take(8),
    gradientScale: region.take(4),
    states: stateOffsets(jobs, region),
    gradients: region.take(jobs.some(({ trains }) => trains) ? 4 * parameterCount : 0),
    panels: new Map(
      weightPanels
        .filter(([, { isComputed }]) => isComputed)
        .map(([key, shape]) => [key, region.take(4 * panelElements(shape))]),
    ),
    scratch: region.take(Math.max(4, ...programs.map(({ program }) => 4 * scratchElements(program, products)))),
    arena: region.take(Math.max(4, ...programs.map(({ layout }) => 4 * layout.arenaElements))),
  };
  const shardBases = Array.from({ length: workers }, () => global.take(region.bytes));
  return {
    products,
    workers,
    jobs,
    parameterCount,
    parameters,
    parameterVector,
    optimizerSlots,
    updateScalars,
    panels,
    shard,
    shardBases,
    pages: Math.ceil(global.bytes / WASM_PAGE_BYTES),
    bytes: global.bytes,
    bytesWithThreads: global.bytes + (workload.interactive ? workers - 1 : workers) * THREAD_BYTES,
  };
}

/** The offset of each state. Jobs that share a state have the same offset. */
function stateOffsets(jobs: readonly JobPlan[], region: Allocator): Map<string, number> {
  const offsets = new Map<string, number>();
  for (const { job, program } of jobs) {
    for (const { name, rows, columns } of statesOf(program)) {
      offsets.set(
        stateKey(job.name, name),
        offsets.get(stateKey(job.sharesStateWith ?? job.name, name)) ?? region.take(4 * rows * columns),
      );
    }
  }
  return offsets;
}

export function statesOf(program: Program): Value<'loadState'>[] {
  return program.values.filter((value) => value.kind === 'loadState');
}

function workersFor(batch: number, maxWorkers: number): number {
  return Math.max(1, Math.min(maxWorkers, Math.floor(batch / MIN_SHARD_ROWS)));
}

function* planJob(job: Job, workers: number): SlicedWork<JobPlan> {
  const busy = workersFor(job.batch, workers);
  const shardRows = Array.from({ length: workers }, (_, worker) =>
    worker < busy ? Math.floor(job.batch / busy) + (worker < job.batch % busy ? 1 : 0) : 0,
  );
  const programs = new Map<number, ShardProgram>();
  for (const rows of new Set(shardRows)) {
    if (rows === 0) continue;
    const program = job.build(rows);
    yield;
    programs.set(rows, { program, layout: yield* layOut(program) });
    yield;
  }
  const { program } = programs.get(shardRows[0])!;
  return { job, shardRows, programs, program, trains: program.gradients.size > 0 };
}

interface WeightPanels extends Omit<PackedWeight, 'source' | 'address'> {
  /** The program computes the matrix from the weight. */
  readonly isComputed: boolean;
}

/** The key of the panels that a product reads, of this many columns each. */
export function panelsKey({ inputs: [, right], transposeB }: Value<'matmul'>, columns: number): string {
  return `${right.kind} ${weightIn(right)!.name} ${transposeB} ${columns}`;
}

function panelsOf(programs: readonly ShardProgram[], products: ProductKernels): Map<string, WeightPanels> {
  const shapes = new Map<string, WeightPanels>();
  for (const value of programs.flatMap(({ program }) => program.values.filter(isProduct))) {
    const shape = products.panels(value);
    if (shape === null) continue;
    const [, right] = value.inputs;
    shapes.set(panelsKey(value, shape.columns), {
      ...shape,
      parameter: weightIn(right)!.name,
      isComputed: right.kind !== 'parameter',
      transposed: value.transposeB,
      K: innerDimensionOf(value),
      N: value.columns,
      sourceColumns: right.columns,
    });
  }
  return shapes;
}

/** The elements of scratch memory that the largest matrix product of a program needs. */
function scratchElements(program: Program, products: ProductKernels): number {
  return program.values.filter(isProduct).reduce((max, value) => Math.max(max, products.scratch(value)), 0);
}

function isProduct(value: Value): value is Value<'matmul'> {
  return value.kind === 'matmul';
}

/** Allocates consecutive bytes. Each piece starts on a new cache line. */
class Allocator {
  bytes: number;

  /** @param reserved bytes at the start that are already used */
  constructor(reserved: number) {
    this.bytes = reserved;
  }

  take(bytes: number): number {
    const start = this.bytes;
    this.bytes += Math.ceil(bytes / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
    return start;
  }
}
