// The steady speed of something that is done in runs, after what only the first of them cost. Knows
// nothing of devices.

/** What is timed. */
export interface Work {
  /** How many units suit a run; it may change as runs are done. */
  units(): number;
  run(units: number): Promise<void>;
}

export interface Pace {
  /** Of a unit, over all runs that were measured. */
  readonly wallMs: number;
  /** Of a unit: what all threads of this process computed. */
  readonly cpuMs: number;
  /** Of the last run. */
  readonly unitsPerRun: number;
  /**
   * Whether the units of a run stayed as they were; if not, some of what was measured may be
   * compiling.
   */
  readonly settled: boolean;
  /** How much longer the very first run took than its units take later. */
  readonly firstMs: number;
}

interface Clock {
  now(): number;
  /** Milliseconds that this process has computed. */
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
 * Of the time of a measurement, at least, before it: kernels are compiled a second time while they
 * run.
 */
const WARM_UP = 0.25;
/** The first compiles, the second may choose other units. */
const MIN_WARM_UP_RUNS = 3;
/** Units that never stay the same are measured as they come. */
const MAX_WARM_UP_RUNS = 30;
const MIN_RUNS = 5;
/** Longer than so much above the time of a measurement, no further run is waited for. */
const PATIENCE_MS = 20_000;

/**
 * Measures for so many milliseconds, once the units of a run stay the same; longer until there are
 * five runs, unless they are very slow.
 */
export async function paceOf(work: Work, milliseconds: number, clock: Clock = clockHere): Promise<Pace> {
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
  const areAlike = (runs: readonly Run[]): boolean => runs.every(({ units }) => units === work.units());

  const [first] = await runFor(
    WARM_UP * milliseconds,
    (runs) => (runs.length >= MIN_WARM_UP_RUNS && areAlike(runs.slice(-2))) || runs.length >= MAX_WARM_UP_RUNS,
  );
  const cpu = clock.cpu();
  const measured = await runFor(milliseconds, (runs) => runs.length >= MIN_RUNS);
  const units = sum(measured.map((run) => run.units));
  const wallMs = sum(measured.map((run) => run.ms)) / units;
  return {
    wallMs,
    cpuMs: (clock.cpu() - cpu) / units,
    unitsPerRun: measured.at(-1)!.units,
    settled: areAlike(measured),
    firstMs: Math.max(0, first.ms - first.units * wallMs),
  };
}

interface Run {
  readonly units: number;
  readonly ms: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);
