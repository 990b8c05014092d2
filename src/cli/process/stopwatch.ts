// A clock that stands still while the process is stopped (Ctrl-Z, `kill -STOP`): who pauses a run
// for lunch does not want to pay for it with the time that the run may train. Knows nothing of
// runs.
import type { Io } from './io.ts';

const TICK_MS = 200;
/**
 * Ticks may be late where a thread is busy; a stop is told by its signal, and how long it was by
 * the tick that is missing.
 */
const LATE_MS = 1000;

interface Stopwatch {
  /** Milliseconds, from any moment on. */
  now(): number;
  close(): void;
}

/** @param clock milliseconds that go on while the process is stopped */
export function openStopwatch(io: Pick<Io, 'onContinue'>, clock: () => number = () => performance.now()): Stopwatch {
  let stopped = 0;
  let ticked = clock();
  let gap = { length: 0, seen: -Infinity };
  const tick = (): void => {
    const now = clock();
    if (now - ticked > LATE_MS) gap = { length: now - ticked, seen: now };
    ticked = now;
  };
  const timer = setInterval(tick, TICK_MS).unref();
  // The timer may come first.
  const stop = io.onContinue(() => {
    tick();
    if (clock() - gap.seen > LATE_MS) return;
    stopped += gap.length - TICK_MS; // it may have run for so long since the last tick, and time must not go back
    gap = { length: 0, seen: -Infinity };
  });
  return {
    now: () => clock() - stopped,
    close() {
      clearInterval(timer);
      stop();
    },
  };
}
