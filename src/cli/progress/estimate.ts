// Estimates how long a run will still take, from its events alone.
import type { ReportEvent, StartEvent } from '../../training/events.ts';

export class Estimate {
  readonly #maxTimeMs: number | null;
  /** Age of the run when this invocation began. */
  #startedMs = 0;
  #first: ReportEvent | null = null;

  constructor(maxTimeMs: number | null) {
    this.#maxTimeMs = maxTimeMs;
  }

  start({ elapsedMs }: StartEvent): void {
    this.#startedMs = elapsedMs;
  }

  /**
   * Milliseconds left after this report, or null before the first estimate. The time of training
   * follows from its speed, and the time of evaluations, samples and saves from their last
   * duration. The speed is measured from the first report of this invocation, because earlier
   * invocations and the compilation in the first update step had another speed. After a recovery
   * from an earlier checkpoint, it is measured from there.
   */
  timeLeftMs(report: ReportEvent): number | null {
    if (this.#first === null || report.progress < this.#first.progress) this.#first = report;
    const trainingMs = this.#trainingLeftMs(report, this.#first);
    if (trainingMs === null) return null;
    const invocation = this.#maxTimeMs === null ? Infinity : this.#maxTimeMs - (report.elapsedMs - this.#startedMs);
    return Math.max(0, Math.min(trainingMs + report.remainingPausesMs, invocation));
  }

  #trainingLeftMs(now: ReportEvent, first: ReportEvent): number | null {
    if (now.progress >= 1) return 0;
    const gained = now.progress - first.progress;
    return gained === 0 ? null : ((1 - now.progress) * (now.trainingMs - first.trainingMs)) / gained;
  }
}
