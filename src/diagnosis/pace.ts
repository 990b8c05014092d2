// Measures how fast repeated work is after its warm-up. This file does not know devices.

/** Work that is timed. */
export interface TimedWork {
  /** The number of units to do in the next run. It may change from run to run. */
  nextRunUnits(): number;
  run(units: number): Promise<void>;
}

export interface Pace {
  /** Time of a unit, over all runs that were measured. */
  readonly wallMsPerUnit: number;
  /** Computing time of a unit, of all threads of this process. */
  readonly cpuMsPerUnit: number;
  /** Units of the last run. */
  readonly unitsPerRun: number;
  /**
   * Whether the number of units of a run stayed the same. If not, compilation may be part of the
   * measured time.
   */
  readonly isRunLengthStable: boolean;
  /** The extra time of the first run compared with a later run of the same number of units. */
  readonly firstRunExtraMs: number;
}

interface Clock {
  nowMs(): number;
  /** Milliseconds of computing time of this process. */
  cpuMs(): number;
}

const clockHere: Clock = {
  nowMs: () => performance.now(),
  cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/**
 * The minimum duration of the warm-up, as a fraction of the measurement. While kernels run, V8
 * compiles them again. The warm-up should include this second compilation.
 */
const WARM_UP_FRACTION = 0.25;
/** The first run compiles, and the second may choose another number of units. */
const MIN_WARM_UP_RUNS = 3;
/** After this many runs, the measurement starts even if the number of units still changes. */
const MAX_WARM_UP_RUNS = 30;
const MIN_RUNS = 5;
/**
 * A warm-up or a measurement that takes this much longer than the requested time ends, even after
 * fewer runs than the minimum.
 */
const MAX_OVERRUN_MS = 20_000;

/**
 * Warms up until two runs in a row have the same number of units, but for at most 30 runs. Then
 * measures for `milliseconds`, or longer if fewer than five runs fit into this time. Very slow runs
 * end either part early.
 */
export async function paceOf(work: TimedWork, milliseconds: number, clock: Clock = clockHere): Promise<Pace> {
  const runFor = async (ms: number, isEnough: (runs: readonly Run[]) => boolean): Promise<readonly Run[]> => {
    const runs: Run[] = [];
    const startMs = clock.nowMs();
    let spent: number;
    do {
      const units = work.nextRunUnits();
      const before = clock.nowMs();
      await work.run(units);
      runs.push({ units, ms: clock.nowMs() - before });
      spent = clock.nowMs() - startMs;
    } while (spent < ms || !(isEnough(runs) || spent >= milliseconds + MAX_OVERRUN_MS));
    return runs;
  };
  const haveSameUnits = (runs: readonly Run[]): boolean => runs.every(({ units }) => units === work.nextRunUnits());

  const [first] = await runFor(
    WARM_UP_FRACTION * milliseconds,
    (runs) => (runs.length >= MIN_WARM_UP_RUNS && haveSameUnits(runs.slice(-2))) || runs.length >= MAX_WARM_UP_RUNS,
  );
  const cpuMsBefore = clock.cpuMs();
  const measured = await runFor(milliseconds, (runs) => runs.length >= MIN_RUNS);
  const units = sum(measured.map((run) => run.units));
  const wallMsPerUnit = sum(measured.map((run) => run.ms)) / units;
  return {
    wallMsPerUnit,
    cpuMsPerUnit: (clock.cpuMs() - cpuMsBefore) / units,
    unitsPerRun: measured.at(-1)!.units,
    isRunLengthStable: haveSameUnits(measured),
    firstRunExtraMs: Math.max(0, first.ms - first.units * wallMsPerUnit),
  };
}

interface Run {
  readonly units: number;
  readonly ms: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);
