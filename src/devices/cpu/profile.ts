// Where the time of a training step goes on the cpu: the first worker's shard by itself on the calling thread, operation by operation,
// then its share of what follows. Operations of one kind and shape count as one.
import type { PassTime } from '../device.ts';
import type { Step } from '../../program/schedule.ts';
import { depthOf } from './products.ts';

/** Collects the time between calls of `lap`. */
export class Laps {
  readonly #kinds: { readonly kind: string; readonly rows: number; readonly columns: number; readonly multiplyAdds: number }[] = [];
  readonly #known = new Map<string, number>();
  readonly #milliseconds: number[] = [];
  readonly #counts: number[] = [];
  #last = 0;

  /** The number by which an operation is counted. */
  groupOf(step: Step<unknown>): number {
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
    const key = `${kind} ${rows} ${columns}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const group = this.#kinds.push({ kind, rows, columns, multiplyAdds }) - 1;
    this.#known.set(key, group);
    this.#milliseconds.push(0);
    this.#counts.push(0);
    return group;
  }

  start(): void {
    this.#last = performance.now();
  }

  /** Counts the time since the last call to a group. */
  readonly lap = (group: number): void => {
    this.#milliseconds[group] += performance.now() - this.#last;
    this.#counts[group] += 1;
    // Without what counting takes.
    this.#last = performance.now();
  };

  forget(): void {
    this.#milliseconds.fill(0);
    this.#counts.fill(0);
  }

  /** What takes most first. */
  times(steps: number): PassTime[] {
    return this.#kinds
      .map(({ kind, rows, columns, multiplyAdds }, group) => ({
        kind,
        shape: { rows, columns, planes: 1 },
        passes: this.#counts[group] / steps,
        microseconds: (1000 * this.#milliseconds[group]) / this.#counts[group],
        multiplyAdds,
      }))
      .filter(({ passes }) => passes > 0)
      .toSorted((a, b) => b.passes * b.microseconds - a.passes * a.microseconds);
  }
}
