// The steady speed of work that is done in runs, without the extra cost of the first run. It does
// not know devices.

/** Work that is timed. */
export interface TimedWork {
  /** The number of units that suits a run. It may change as runs are done. */
  units(): number;
  run(units: number): Promise<void>;
}

export interface Pace {
  /** Time of a unit, over all runs that were measured. */
  readonly wallMs: number;
  /** Computing time of a unit, of all threads of this process. */
  readonly cpuMs: number;
  /** Units of the last run. */
  readonly unitsPerRun: number;
  /**
   * Whether the number of units of a run stayed the same. If not, compilation may be part of the
   * measured time.
   */
  readonly settled: boolean;
  /** How much longer the first run took than its units take later. */
  readonly firstMs: number;
}

interface Clock {
  now(): number;
  /** Milliseconds of computing time of this process. */
  cpu(): number;
}

const clockHere: Clock = {
  now: () => performance.now(),
  cpu() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/**
 * The minimum duration of the warm-up, as a fraction of the measurement. V8 compiles kernels a
 * second time while they run, and the warm-up should include it.
 */
const WARM_UP = 0.25;
/** The first run compiles, and the second may choose another number of units. */
const MIN_WARM_UP_RUNS = 3;
/** After this many runs, the measurement starts even if the number of units still changes. */
const MAX_WARM_UP_RUNS = 30;
const MIN_RUNS = 5;
/**
 * A warm-up or a measurement that takes this much longer than the requested time ends, even after
 * fewer runs than the minimum.
 */
const PATIENCE_MS = 20_000;

/**
 * Warms up until two runs in a row have the same number of units, but for at most 30 runs. Then
 * measures for `milliseconds`, or longer if fewer than five runs fit into this time. Very slow runs
 * end either part early.
 */
export async function paceOf(work: TimedWork, milliseconds: number, clock: Clock = clockHere): Promise<Pace> {
  const runFor = async (ms: number, isEnough: (runs: readonly Run[]) => boolean): Promise<readonly Run[]> => {
    const runs: Run[] = [];
    const firstK = clock.now();
    let spent: number;
    do {
      const units = work.units();
      const before = clock.now();
      await work.run(units);
      runs.push({ units, ms: clock.now() - before });
      spent = clock.now() - firstK;
    } while (spent < ms || !(isEnough(runs) || spent >= milliseconds + PATIENCE_MS));
    return runs;
  };
  const haveSameUnits = (runs: readonly Run[]): boolean => runs.every(({ units }) => units === work.units());

  const [first] = await runFor(
    WARM_UP * milliseconds,
    (runs) => (runs.length >= MIN_WARM_UP_RUNS && haveSameUnits(runs.slice(-2))) || runs.length >= MAX_WARM_UP_RUNS,
  );
  const cpu = clock.cpu();
  const measured = await runFor(milliseconds, (runs) => runs.length >= MIN_RUNS);
  const units = sum(measured.map((run) => run.units));
  const wallMs = sum(measured.map((run) => run.ms)) / units;
  return {
    wallMs,
    cpuMs: (clock.cpu() - cpu) / units,
    unitsPerRun: measured.at(-1)!.units,
    settled: haveSameUnits(measured),
    firstMs: Math.max(0, first.ms - first.units * wallMs),
  };
}

interface Run {
  readonly units: number;
  readonly ms: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);
