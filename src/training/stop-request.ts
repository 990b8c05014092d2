// When an invocation ends before its run: a signal asked it to stop, or the time of --max-time is
// over. Real time counts, even while the process is suspended, because a user who gives an
// invocation an hour wants the machine back after an hour.
import type { EndReason } from './events.ts';

export class StopRequest {
  readonly #signal: AbortSignal | undefined;
  readonly #endMs: number;
  /** Whether this invocation has made a step. */
  hasAdvanced = false;

  /** @param maxTimeMs the limit from now on. Null for no limit */
  constructor(signal: AbortSignal | undefined, maxTimeMs: number | null) {
    this.#signal = signal;
    this.#endMs = performance.now() + (maxTimeMs ?? Infinity);
  }

  /**
   * Why the invocation was asked to stop, which may be the reason of the abort signal. Null if it
   * was not.
   */
  get reason(): EndReason | null {
    if (!this.#signal?.aborted) return null;
    return this.#signal.reason === 'output-closed' ? 'output-closed' : 'signal';
  }

  get isTimeOver(): boolean {
    return performance.now() >= this.#endMs;
  }

  /**
   * Whether to abandon the current evaluation or sample. Time alone is not a reason before the
   * first step, because an evaluation that takes longer than the invocation may would be started
   * again by each invocation.
   */
  readonly isUrgent = (): boolean => this.reason !== null || (this.hasAdvanced && this.isTimeOver);
}
