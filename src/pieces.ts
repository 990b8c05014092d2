// Long computations in pieces, so that the caller can do something else in between. However the
// pieces are run, the result is the same to the bit.

/** A computation that yields every few milliseconds at the most, and returns its result. */
export type Pieces<Result> = Generator<void, Result, void>;

/** The result of a computation that nothing interrupts. */
export function runAtOnce<Result>(pieces: Pieces<Result>): Result {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}
