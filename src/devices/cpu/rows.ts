// Where the batch rows of a job are in the shared memory. Each worker holds some of them.
import type { JobPlan, Plan } from './plan.ts';

/** For each row of the whole batch (T·N). */
export interface JobRows {
  /** The element of the memory that holds the token id. */
  readonly ids: Int32Array;
  /** A view of each output, by name. */
  readonly outputs: Readonly<Record<string, readonly Float32Array[]>>;
}

export function jobRowsOf(
  { shard, shardBases }: Plan,
  { job, shardRows, programs }: JobPlan,
  { buffer: memory }: Pick<WebAssembly.Memory, 'buffer'>,
): JobRows {
  const ids = new Int32Array(job.steps * job.batch);
  const outputs: Record<string, Float32Array[]> = {};
  let first = 0;
  for (const [worker, count] of shardRows.entries()) {
    if (count === 0) break;
    const base = shardBases[worker];
    const { program, layout } = programs.get(count)!;
    /** The row of the batch for a row of the worker's (T·count) rows. */
    const rowOf = (shardRow: number): number => Math.floor(shardRow / count) * job.batch + first + (shardRow % count);
    for (let shardRow = 0; shardRow < job.steps * count; shardRow++)
      ids[rowOf(shardRow)] = (base + shard.ids) / 4 + shardRow;
    for (const [name, value] of program.outputs) {
      const { buffer, row, column } = layout.locationOf(value);
      const start = base + shard.arena + 4 * (layout.offsetOf(buffer) + column);
      const views = (outputs[name] ??= []);
      for (let shardRow = 0; shardRow < value.rows; shardRow++) {
        const byteOffset = start + 4 * (row + buffer.before + shardRow) * buffer.columns;
        views[rowOf(shardRow)] = new Float32Array(memory, byteOffset, value.columns);
      }
    }
    first += count;
  }
  return { ids, outputs };
}
