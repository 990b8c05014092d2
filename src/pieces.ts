// Long computations that are split into pieces, so that the caller can do something else in
// between. The result is the same to the bit, however the pieces are run.

/** A computation that yields at least every few milliseconds, and returns its result. */
export type Pieces<Result> = Generator<void, Result, void>;

/** Runs a computation to its end without interruption. */
export function runAtOnce<Result>(pieces: Pieces<Result>): Result {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}
