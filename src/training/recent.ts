// What has happened since the last report: what the next one tells. Knows nothing of where a run stands.

const REPORT_EVERY_MS = 1000;
/** What a coarse clock may show as no time at all. */
const SHORTEST_MS = 1e-3;

export class Recent {
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

  /** @param steps with their losses in nats over all their characters @param trainingMs spent in training steps alone */
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

  /** Mean loss and speed; then begins anew. */
  take(): { readonly lossNats: number; readonly charactersPerSecond: number } {
    const lossNats = this.#lossNats / this.#characters;
    const charactersPerSecond = (1000 * this.#characters) / Math.max(this.#trainingMs, SHORTEST_MS);
    this.forget();
    return { lossNats, charactersPerSecond };
  }

  forget(): void {
    this.#lossNats = 0;
    this.#characters = 0;
    this.#trainingMs = 0;
    this.#since = this.#now();
  }
}
