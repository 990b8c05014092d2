// A fake clock for plans. The number of calls in a run follows from the time that runs seem to
// take, so a test can choose it.
import { beforeEach, vi } from 'vitest';
import { Plan } from '../../../src/devices/gpu/plan.ts';
import { RUN_SECONDS } from '../../../src/devices/gpu/runner.ts';

let now = 0;
let secondsOf: (calls: number) => number = () => 1;
let ran: number[] = [];

/** Lets performance.now advance only while plans run, in each test of this file. */
export function usePace(): void {
  beforeEach(() => {
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { run } = Plan.prototype;
    const runs = vi.spyOn(Plan.prototype, 'run').mockImplementation(async function (this: Plan, carried, perCall) {
      const results = await run.call(this, carried, perCall);
      ran.push(perCall.length);
      now += 1000 * secondsOf(perCall.length);
      return results;
    });
    paceFor(1);
    return () => [clock, runs].forEach((spy) => spy.mockRestore());
  });
}

/**
 * From now on executables have runs of `callsPerRun` calls, each job from its third run.
 * @returns the calls of each run that returned results
 */
export function paceFor(callsPerRun: number): readonly number[] {
  secondsOf = (calls) => (calls * RUN_SECONDS) / (callsPerRun + 0.5);
  ran = [];
  return ran;
}
