// Where the time of a training step goes on the cpu: the first worker's shard by itself on the
// calling thread, operation by operation, then its share of what follows. Operations of one kind
// and shape count as one.
import type { PassTime } from '../device.ts';
import type { Step } from '../../program/schedule.ts';
import { depthOf } from './products.ts';

interface Group {
  readonly kind: string;
  readonly rows: number;
  readonly columns: number;
  readonly multiplyAdds: number;
  milliseconds: number;
  count: number;
}

/** Collects the time between calls of `lap`. */
export class Laps {
  readonly #groups: Group[] = [];
  #last = 0;

  /** The number by which an operation is counted. */
  groupOf(step: Step): number {
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
    const known = this.#groups.findIndex(
      (group) => group.kind === kind && group.rows === rows && group.columns === columns,
    );
    return known >= 0 ? known : this.#groups.push({ kind, rows, columns, multiplyAdds, milliseconds: 0, count: 0 }) - 1;
  }

  start(): void {
    this.#last = performance.now();
  }

  /** Counts the time since the last call to a group. */
  readonly lap = (group: number): void => {
    this.#groups[group].milliseconds += performance.now() - this.#last;
    this.#groups[group].count += 1;
    // Without what counting takes.
    this.#last = performance.now();
  };

  forget(): void {
    for (const group of this.#groups) group.milliseconds = group.count = 0;
  }

  /** What takes most first. */
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
