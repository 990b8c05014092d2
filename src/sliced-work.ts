// Long computations that are split into slices, so that the caller can do something else in
// between. The result is the same to the bit, however the slices are run.

/** A computation that yields at least every few milliseconds, and returns its result. */
export type SlicedWork<Result> = Generator<void, Result, void>;

/** Runs a computation to its end without interruption. */
export function runUninterrupted<Result>(work: SlicedWork<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
