// The interface between an executable and the program that runs its dispatches.
import type { Space } from './body.ts';
import type { CompiledJob } from './compile.ts';

/** One call of a job, as numbers in memory. */
export interface RawCall {
  /** The inputs of the call, from `ids` on. */
  readonly inputs: Float32Array;
  /** Zeroes the carried states first. */
  readonly reset: boolean;
  readonly updates: boolean;
}

/** The results of a call. */
export interface RawResult {
  /** `reportNumbers` in order. */
  readonly report: Float32Array;
  /** Row by row. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

/** The memory of an executable, and the kernels of its jobs. */
export interface Backend {
  /** How many calls of a job may be made before their results are waited for. */
  mostCalls(job: CompiledJob): number;
  /**
   * Runs calls one after another.
   * @throws GpuLostError if the GPU has lost its memory. Then nothing is kept
   */
  run(job: CompiledJob, calls: readonly RawCall[]): Promise<readonly RawResult[]>;
  read(space: Space, offset: number, elements: number): Promise<Float32Array>;
  write(space: Space, offset: number, values: Float32Array): Promise<void>;
  /** The time of each dispatch of a job when nothing else runs, in milliseconds. Changes memory. */
  times(job: CompiledJob): Promise<readonly number[]>;
  close(): void;
}

/** Elements of each space. */
export type SpaceSizes = Readonly<Record<Space, number>>;

/** The GPU was lost, and its memory with it. */
export class GpuLostError extends Error {}

/** A matrix without gaps between its rows. */
export function packRows(values: Float32Array, rows: number, columns: number, stride: number): Float32Array {
  if (stride === columns) return values.slice(0, rows * columns);
  const packed = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) packed.set(values.subarray(row * stride, row * stride + columns), row * columns);
  return packed;
}
