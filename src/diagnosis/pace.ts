// The steady speed of something that is done in runs, after what only the first of them cost. Knows
// nothing of devices.

/** What is timed. */
interface Work {
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
  /** How much longer the very first run took than a later one of as many units. */
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
/** For warming up, where the time of a measurement is short. */
const WARM_UP_PATIENCE_MS = 20_000;
const MIN_RUNS = 5;
/** For those, where the time of a measurement is short. */
const PATIENCE_MS = 5000;

/**
 * Measures for so many milliseconds, once the units of a run stay the same; longer until there are
 * five runs, unless they are very slow.
 */
export async function paceOf(work: Work, milliseconds: number, clock: Clock = clockHere): Promise<Pace> {
  const started = clock.now();
  const done: { readonly units: number; readonly ms: number }[] = [];
  const next = async (): Promise<void> => {
    const units = work.units();
    const before = clock.now();
    await work.run(units);
    done.push({ units, ms: clock.now() - before });
  };
  const isSteady = (): boolean => done.length > 1 && done.slice(-2).every(({ units }) => units === work.units());
  const isWarm = (): boolean => {
    const spent = clock.now() - started;
    if (done.length > 0 && spent >= Math.max(10 * milliseconds, WARM_UP_PATIENCE_MS)) return true;
    if (done.length < MIN_WARM_UP_RUNS || spent < WARM_UP * milliseconds) return false;
    return isSteady() || done.length >= MAX_WARM_UP_RUNS;
  };
  const isEnough = (runs: number, spent: number): boolean =>
    spent >= milliseconds && (runs >= MIN_RUNS || spent >= Math.max(2 * milliseconds, PATIENCE_MS));

  let first: number;
  let cpu: number;
  do {
    while (!isWarm()) await next();
    first = done.length;
    cpu = clock.cpu();
    const begun = clock.now();
    do await next();
    while (isWarm() && !isEnough(done.length - first, clock.now() - begun));
    // If the units have changed meanwhile, the measurement starts again.
  } while (!isWarm());

  const measured = done.slice(first);
  const units = sum(measured.map((run) => run.units));
  const wallMs = sum(measured.map((run) => run.ms)) / units;
  const [{ units: firstUnits, ms: firstMs }, ...others] = done;
  const alike = others.filter((run) => run.units === firstUnits).map(({ ms }) => ms);
  return {
    wallMs,
    cpuMs: (clock.cpu() - cpu) / units,
    unitsPerRun: done.at(-1)!.units,
    settled: isSteady(),
    firstMs: Math.max(0, firstMs - (alike.length > 0 ? sum(alike) / alike.length : firstUnits * wallMs)),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);
