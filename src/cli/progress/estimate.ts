// How long a run will still take, from the events alone.
import type { ReportEvent } from '../../training/events.ts';

export class Estimate {
  readonly #maxTimeMs: number | null;
  #first: ReportEvent | null = null;

  constructor(maxTimeMs: number | null) {
    this.#maxTimeMs = maxTimeMs;
  }

  /**
   * Milliseconds left after this report, or null while nothing can be said. Measured from the first report on, because what
   * came before it (earlier invocations of a run, the first step's compilation) is not at the speed of what is to come.
   */
  timeLeftMs(report: ReportEvent): number | null {
    this.#first ??= report;
    if (report.progress >= 1) return 0;
    const gained = report.progress - this.#first.progress;
    const taken = report.elapsedMs - this.#first.elapsedMs;
    const whole = gained > 0 ? ((1 - report.progress) * taken) / gained : Number.POSITIVE_INFINITY;
    const allowed = this.#maxTimeMs === null ? Number.POSITIVE_INFINITY : Math.max(0, this.#maxTimeMs - taken);
    const left = Math.min(whole, allowed);
    return Number.isFinite(left) ? left : null;
  }
}
