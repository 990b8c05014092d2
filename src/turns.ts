// Long computations of the main thread, split into pieces. Between two pieces the event loop
// handles signals and timers, such as the timer that renews the lock of a run folder and the timer
// that draws the progress line.
import { setImmediate } from 'node:timers/promises';
import type { Pieces } from './pieces.ts';

/** The longest time that the event loop may have to wait. */
const MAX_WAIT_MS = 20;

/** Runs a computation to its end, and lets the event loop run between pieces. */
export async function runInTurns<Result>(
  pieces: Pieces<Result>,
  now: () => number = () => performance.now(),
): Promise<Result> {
  let turn = now();
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
    if (now() - turn < MAX_WAIT_MS) continue;
    await setImmediate();
    turn = now();
  }
}
