// When an invocation has to come to its end before the run does: it was told to stop, or the time of --max-time is over. Real time counts,
// even while the process is suspended: whoever gives an invocation an hour wants the machine back then.
import type { EndReason } from './events.ts';

export class Hurry {
  readonly #signal: AbortSignal | undefined;
  readonly #maxTimeMs: number;
  readonly #began = performance.now();
  #hasAdvanced = false;

  /** @param maxTimeMs from now on; null for as long as it takes */
  constructor(signal: AbortSignal | undefined, maxTimeMs: number | null) {
    this.#signal = signal;
    this.#maxTimeMs = maxTimeMs ?? Infinity;
  }

  /** Why it was told to stop, which may be the reason that the signal was aborted with; null if it was not. */
  get told(): EndReason | null {
    if (!this.#signal?.aborted) return null;
    const closed: EndReason = 'output-closed';
    return this.#signal.reason === closed ? closed : 'signal';
  }

  get isTimeOver(): boolean {
    return performance.now() - this.#began >= this.#maxTimeMs;
  }

  /** To be told when a step was made. */
  advanced(): void {
    this.#hasAdvanced = true;
  }

  /**
   * Whether an evaluation or a sample in hand is to be given up. Not for time alone before any step was made: one that takes longer than
   * an invocation may would be begun again by each, for ever.
   */
  readonly isUrgent = (): boolean => this.told !== null || (this.#hasAdvanced && this.isTimeOver);
}
