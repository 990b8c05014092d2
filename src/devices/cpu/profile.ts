// How the time of an update step on the cpu is divided among operations. The calling thread does
// the work of the first worker alone: its shard, operation by operation, and then its share of
// reducing gradients, updating and packing weights. Operations of one kind and shape count as one
// group.
import type { OperationTime } from '../device.ts';
import type { ExecutionStep } from '../../program/schedule.ts';
import { innerDimensionOf } from './products.ts';

interface LapGroup {
  readonly kind: string;
  readonly rows: number;
  readonly columns: number;
  readonly multiplyAdds: number;
  milliseconds: number;
  count: number;
}

/** Collects the times between calls of `lap`. */
export class LapTimer {
  readonly #groups: LapGroup[] = [];
  #last = 0;

  /** The index of the group of an operation, which is added if it is new. */
  groupOf(step: ExecutionStep): number {
    if (step.kind === 'chain') return this.groupIndex(`chain of ${step.values.length}`, step.rows, step.columns);
    const { value } = step;
    const { rows, columns } = value;
    if (step.kind === 'copy') return this.groupIndex('copy', rows, columns);
    if (value.kind !== 'matmul') return this.groupIndex(value.kind, rows, columns);
    const [left, right] = [value.transposeA ? 'aᵀ' : 'a', value.transposeB ? 'bᵀ' : 'b'];
    const depth = innerDimensionOf(value);
    return this.groupIndex(`${left}·${right} over ${depth}`, rows, columns, rows * columns * depth);
  }

  groupIndex(kind: string, rows: number, columns: number, multiplyAdds = 0): number {
    const index = this.#groups.findIndex(
      (group) => group.kind === kind && group.rows === rows && group.columns === columns,
    );
    return index >= 0 ? index : this.#groups.push({ kind, rows, columns, multiplyAdds, milliseconds: 0, count: 0 }) - 1;
  }

  start(): void {
    this.#last = performance.now();
  }

  /** Adds the time since the previous call of `lap` or `start` to the total of `group`. */
  readonly lap = (group: number): void => {
    this.#groups[group].milliseconds += performance.now() - this.#last;
    this.#groups[group].count += 1;
    // The time that counting takes is left out.
    this.#last = performance.now();
  };

  reset(): void {
    for (const group of this.#groups) group.milliseconds = group.count = 0;
  }

  /**
   * The mean time of an operation of each group. The group with the longest total time is first.
   */
  times(steps: number): OperationTime[] {
    return this.#groups
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => b.milliseconds - a.milliseconds)
      .map(({ kind, rows, columns, multiplyAdds, milliseconds, count }) => ({
        kind,
        shape: { rows, columns, planes: 1 },
        count: count / steps,
        microseconds: (1000 * milliseconds) / count,
        multiplyAdds,
      }));
  }
}
