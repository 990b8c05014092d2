import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openStopwatch } from '../../../src/cli/process/stopwatch.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/**
 * A process that can be stopped: `passes` is time in which it runs, `stops` time in which it does
 * not.
 */
function processWith(order: 'timer first' | 'signal first') {
  let now = 1000;
  let goOn = (): void => {};
  const io = { onContinue: (handler: () => void) => ((goOn = handler), () => void (goOn = () => {})) };
  const watch = openStopwatch(io, () => now);
  return {
    watch,
    passes(ms: number): void {
      for (let left = ms; left > 0; left -= 100) {
        now += 100;
        vi.advanceTimersByTime(100);
      }
    },
    stops(ms: number): void {
      now += ms;
      if (order === 'timer first') vi.advanceTimersByTime(200);
      goOn();
      if (order === 'signal first') vi.advanceTimersByTime(200);
    },
  };
}

it.each(['timer first', 'signal first'] as const)('a stopwatch pauses while the process is stopped (%s)', (order) => {
  const { watch, passes, stops } = processWith(order);
  const start = watch.now();
  passes(1000);
  expect(watch.now() - start).toBe(1000);
  for (const hours of [1, 2]) {
    const before = watch.now();
    stops(hours * 3_600_000);
    expect(watch.now() - before).toBeGreaterThanOrEqual(0);
    expect(watch.now() - before).toBeLessThan(400);
    passes(1000);
  }
  watch.close();
});

it('time does not go back, and a busy thread is not mistaken for a stopped process', () => {
  const { watch, passes, stops } = processWith('timer first');
  passes(500);
  const before = watch.now();
  stops(300); // too short to be distinguished from a late timer
  expect(watch.now() - before).toBe(300);
  watch.close();
});
