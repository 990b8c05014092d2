// Which worker holds which rows of a batch, and where the rows of an output lie.
import type { JobPlan, Plan } from './plan.ts';

/**
 * Consecutive rows of the whole batch's (T·N) that are consecutive with their worker, too, by the
 * first of them.
 */
interface HeldRows {
  readonly whole: number;
  readonly worker: number;
  /** In the worker's (T·rows). */
  readonly own: number;
  readonly rows: number;
}

/** All rows of a job's matrices. */
export function* heldRows({ job, shardRows }: JobPlan): Generator<HeldRows> {
  let first = 0;
  for (const [worker, rows] of shardRows.entries()) {
    const steps = rows > 0 ? job.steps : 0;
    for (let t = 0; t < steps; t++) yield { whole: t * job.batch + first, worker, own: t * rows, rows };
    first += rows;
  }
}

/**
 * The element of the shared memory at which a row of an output starts, and how far it is from there
 * to the next row.
 */
export function outputPlace(
  { shard, shardBases }: Plan,
  { shardRows, programs }: JobPlan,
  output: string,
  { worker, own }: HeldRows,
): { readonly start: number; readonly stride: number } {
  const { program, layout } = programs.get(shardRows[worker])!;
  const { buffer, row, column } = layout.homeOf(program.outputs.get(output)!);
  return {
    start:
      (shardBases[worker] + shard.arena) / 4 +
      layout.offsetOf(buffer) +
      column +
      (row + buffer.before + own) * buffer.columns,
    stride: buffer.columns,
  };
}
