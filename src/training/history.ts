// What a checkpoint remembers of how a run went: its evaluations, and the last report. The log has all reports; which of them there are
// depends on how fast the machine was, and a checkpoint is to be the same with and without interruptions.
import type { EvaluationEvent, ReportEvent } from './events.ts';

type Remembered = Readonly<Record<string, unknown>>;

/** Evaluations, at most: a checkpoint is read and written as a whole, and a run may be long. */
const MOST = 1000;

const isReport = ({ event }: Remembered): boolean => event === 'report';

export class History {
  /** Evaluations; in the order of their steps. */
  readonly #evaluations: Remembered[];
  #lastReport: Remembered | null;

  constructor(events: readonly Remembered[] = []) {
    this.#evaluations = events.filter((event) => !isReport(event));
    this.#lastReport = events.findLast(isReport) ?? null;
  }

  add(event: EvaluationEvent | ReportEvent): void {
    if (event.event === 'report') {
      this.#lastReport = { ...event };
      return;
    }
    this.#evaluations.push({ ...event });
    if (this.#evaluations.length > MOST) this.#evaluations.splice(this.#leastMissed(), 1);
  }

  /**
   * Neither the first nor the last, but the first of those with the fewest steps from the one before to the one after: so they stay evenly
   * spread.
   */
  #leastMissed(): number {
    const steps = this.#evaluations.map(({ step }) => Number(step));
    const gaps = steps.slice(2).map((step, index) => step - steps[index]);
    return 1 + gaps.indexOf(Math.min(...gaps));
  }

  /** Evaluations, oldest first, and the last report among them. */
  get events(): readonly Remembered[] {
    if (this.#lastReport === null) return [...this.#evaluations];
    const step = Number(this.#lastReport.step);
    const before = this.#evaluations.filter((evaluation) => Number(evaluation.step) < step);
    return [...before, this.#lastReport, ...this.#evaluations.slice(before.length)];
  }
}
