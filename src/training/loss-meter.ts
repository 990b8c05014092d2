// The mean loss and the speed since the last report.

const REPORT_EVERY_MS = 1000;
/** A coarse clock may show no time at all. */
const MIN_MS = 1e-3;

export class LossMeter {
  readonly #now: () => number;
  #lossNats = 0;
  #characters = 0;
  #trainingMs = 0;
  #since: number;

  /** @param now milliseconds from any moment on */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /**
   * @param steps with their losses in nats over all their characters @param trainingMs spent in
   * training steps alone
   */
  add(steps: readonly { readonly lossNats: number; readonly characters: number }[], trainingMs: number): void {
    for (const { lossNats, characters } of steps) {
      this.#lossNats += lossNats;
      this.#characters += characters;
    }
    this.#trainingMs += trainingMs;
  }

  get isReportDue(): boolean {
    return this.#now() - this.#since >= REPORT_EVERY_MS;
  }

  /** Returns what was measured, and starts again. */
  reset(): { readonly lossNats: number; readonly charactersPerSecond: number } {
    const lossNats = this.#lossNats / this.#characters;
    const charactersPerSecond = (1000 * this.#characters) / Math.max(this.#trainingMs, MIN_MS);
    this.#lossNats = this.#characters = this.#trainingMs = 0;
    this.#since = this.#now();
    return { lossNats, charactersPerSecond };
  }
}
