// How the time of an update step on the cpu is divided among operations. The calling thread runs
// the first worker's shard alone, operation by operation, and then its share of the rest.
// Operations of one kind and shape count as one group.
import type { PassTime } from '../device.ts';
import type { ExecutionStep } from '../../program/schedule.ts';
import { depthOf } from './products.ts';

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

  /** The number of the group that an operation belongs to. */
  groupOf(step: ExecutionStep): number {
    if (step.kind === 'chain') return this.group(`chain of ${step.values.length}`, step.rows, step.columns);
    const { value } = step;
    const { rows, columns } = value;
    if (step.kind === 'copy') return this.group('copy', rows, columns);
    if (value.kind !== 'matmul') return this.group(value.kind, rows, columns);
    const [left, right] = [value.transposeA ? 'aᵀ' : 'a', value.transposeB ? 'bᵀ' : 'b'];
    const depth = depthOf(value);
    return this.group(`${left}·${right} over ${depth}`, rows, columns, rows * columns * depth);
  }

  group(kind: string, rows: number, columns: number, multiplyAdds = 0): number {
    const index = this.#groups.findIndex(
      (group) => group.kind === kind && group.rows === rows && group.columns === columns,
    );
    return index >= 0 ? index : this.#groups.push({ kind, rows, columns, multiplyAdds, milliseconds: 0, count: 0 }) - 1;
  }

  start(): void {
    this.#last = performance.now();
  }

  /** Adds the time since the last call to a group. */
  readonly lap = (group: number): void => {
    this.#groups[group].milliseconds += performance.now() - this.#last;
    this.#groups[group].count += 1;
    // The time that counting takes is left out.
    this.#last = performance.now();
  };

  forget(): void {
    for (const group of this.#groups) group.milliseconds = group.count = 0;
  }

  /**
   * The mean time of an operation of each group. The group with the longest total time is first.
   */
  times(steps: number): PassTime[] {
    return this.#groups
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => b.milliseconds - a.milliseconds)
      .map(({ kind, rows, columns, multiplyAdds, milliseconds, count }) => ({
        kind,
        shape: { rows, columns, planes: 1 },
        passes: count / steps,
        microseconds: (1000 * milliseconds) / count,
        multiplyAdds,
      }));
  }
}
