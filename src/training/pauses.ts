// How long a run does not train, because it evaluates, samples or saves: by how long each took the last time.

export type Pause = 'evaluation' | 'sample' | 'save';

export class Pauses {
  readonly #now: () => number;
  readonly #lastMs = new Map<Pause, number>();

  /** @param now milliseconds from any moment on */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Does the work of a pause, and remembers how long it took. */
  async *during<Event>(pause: Pause, work: AsyncGenerator<Event>): AsyncGenerator<Event> {
    const began = this.#now();
    yield* work;
    this.#lastMs.set(pause, this.#now() - began);
  }

  /** How long it took the last time; 0 if it was not taken yet. */
  tookMs(pause: Pause): number {
    return this.#lastMs.get(pause) ?? 0;
  }

  /**
   * Milliseconds that these pauses will take.
   *
   * @param evaluationMs how long an evaluation takes, as long as none was made
   */
  remainingMs(left: Readonly<Record<Pause, number>>, evaluationMs: number): number {
    const lastMs = (pause: Pause): number => this.#lastMs.get(pause) ?? (pause === 'evaluation' ? evaluationMs : 0);
    return left.evaluation * lastMs('evaluation') + left.sample * lastMs('sample') + left.save * lastMs('save');
  }
}
