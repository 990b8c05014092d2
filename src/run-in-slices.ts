// Long computations of the main thread, split into slices. Between two slices the event loop
// handles signals and timers, such as the timer that renews the lock of a run folder and the timer
// that draws the progress line.
import { setImmediate } from 'node:timers/promises';
import type { SlicedWork } from './sliced-work.ts';

/** After this time, the computation lets the event loop run before its next slice. */
const MAX_WAIT_MS = 20;

/** Runs a computation to its end, and lets the event loop run between some of its slices. */
export async function runInSlices<Result>(
  work: SlicedWork<Result>,
  now: () => number = () => performance.now(),
): Promise<Result> {
  let sliceStart = now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (now() - sliceStart < MAX_WAIT_MS) continue;
    await setImmediate();
    sliceStart = now();
  }
}
