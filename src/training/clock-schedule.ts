// When a run saves, evaluates and samples by the clock, because intervals in steps are too long where steps are slow. The clock changes only
// what is written: the same seed still gives the same model, and a run that diverges goes back to a state that was saved by steps.

const SAVE_EVERY_MS = 5 * 60_000;
/** Bounds of the time between two looks, evaluations and samples by the clock. Within them, each comes when the run is twice as old. */
const LOOK_EVERY_MS = { min: 60_000, max: 10 * 60_000 };

/** Characters of the validation text that a look scores: a few seconds of work for the largest networks. */
export const INTERIM_CHARACTERS = 50_000;

export class ClockSchedule {
  readonly #now: () => number;
  readonly #beganMs: number;
  #savedMs: number;
  #lookedMs: number;

  /** @param now milliseconds from any moment on */
  constructor(now: () => number) {
    this.#now = now;
    this.#beganMs = this.#savedMs = this.#lookedMs = now();
  }

  get isSaveDue(): boolean {
    return this.#now() - this.#savedMs >= SAVE_EVERY_MS;
  }

  get isLookDue(): boolean {
    const { min, max } = LOOK_EVERY_MS;
    return this.#now() - this.#lookedMs >= Math.min(max, Math.max(min, this.#lookedMs - this.#beganMs));
  }

  saved(): void {
    this.#savedMs = this.#now();
  }

  looked(): void {
    this.#lookedMs = this.#now();
  }
}
