// When a run saves, evaluates and samples by the clock: where steps are slow, intervals in steps come too late. The clock changes only what
// is written, never what is learnt, so that the same seed still gives the same model. So a run that diverges goes back to a state that was
// saved by steps.

const SAVE_EVERY_MS = 5 * 60_000;
/** Bounds of the time between two looks. Between them a look comes whenever the run is twice as old as at the last one. */
const LOOK_EVERY_MS = { min: 60_000, max: 10 * 60_000 };

/** Characters of the validation text that a look is at: a few seconds of work for the largest networks. */
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

  /** The last save was five minutes ago. */
  get isSaveDue(): boolean {
    return this.#now() - this.#savedMs >= SAVE_EVERY_MS;
  }

  /** The last evaluation or look was a while ago: one minute, then as long as the run had taken by then, and at most ten minutes. */
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
