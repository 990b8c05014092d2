// A clock that pauses while the process is stopped (Ctrl-Z, `kill -STOP`), so that a pause does not
// count as training time. Knows nothing of runs.
import type { Io } from './io.ts';

const TICK_MS = 200;
/**
 * A tick can be this late because the thread is busy. The signal shows that the process was
 * stopped, and the delay of the tick shows for how long.
 */
const LATE_MS = 1000;

interface Stopwatch {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  close(): void;
}

/** @param clock milliseconds that also count while the process is stopped */
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
  // The timer can run before or after the signal.
  const stop = io.onContinue(() => {
    tick();
    if (clock() - gap.seen > LATE_MS) return;
    // The process can have run for up to TICK_MS since the last tick, and time must not go back.
    stopped += gap.length - TICK_MS;
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
