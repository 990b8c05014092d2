// The steady speed of something that is done in runs, after what only the first of them cost. Knows nothing of devices.

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
  /** Whether the units of a run stayed as they were; if not, some of what was measured may be compiling. */
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

/** Of the time of a measurement, at least, before it: kernels are compiled a second time while they run. */
const WARM_UP = 0.25;
/** The first compiles, the second may choose other units. */
const LEAST_WARM_UP_RUNS = 3;
/** Units that never stay the same are measured as they come. */
const MOST_WARM_UP_RUNS = 30;
/** For warming up, where the time of a measurement is short. */
const WARM_UP_PATIENCE_MS = 20_000;
const LEAST_RUNS = 5;
/** For those, where the time of a measurement is short. */
const PATIENCE_MS = 5000;

interface Run {
  readonly units: number;
  readonly ms: number;
}

/**
 * Measures for so many milliseconds, once the units of a run stay the same; longer until there are five runs, unless they are very slow.
 */
export async function paceOf(work: Work, milliseconds: number, clock: Clock = clockHere): Promise<Pace> {
  const runs = new Runs(work, milliseconds, clock);
  let measured: readonly Run[];
  let cpu: number;
  do {
    while (!runs.areWarm()) await runs.next();
    cpu = clock.cpu();
    measured = await runs.measured();
    // Where the units changed meanwhile, it begins anew.
  } while (!runs.areWarm());
  const units = sum(measured.map((run) => run.units));
  const wallMs = sum(measured.map((run) => run.ms)) / units;
  return {
    wallMs,
    cpuMs: (clock.cpu() - cpu) / units,
    unitsPerRun: measured.at(-1)!.units,
    settled: runs.areSteady(),
    firstMs: runs.firstMs(wallMs),
  };
}

class Runs {
  readonly #work: Work;
  readonly #milliseconds: number;
  readonly #clock: Clock;
  readonly #started: number;
  readonly #done: Run[] = [];

  constructor(work: Work, milliseconds: number, clock: Clock) {
    this.#work = work;
    this.#milliseconds = milliseconds;
    this.#clock = clock;
    this.#started = clock.now();
  }

  async next(): Promise<Run> {
    const units = this.#work.units();
    const before = this.#clock.now();
    await this.#work.run(units);
    const run = { units, ms: this.#clock.now() - before };
    this.#done.push(run);
    return run;
  }

  areSteady(): boolean {
    return this.#done.length > 1 && this.#done.slice(-2).every(({ units }) => units === this.#work.units());
  }

  areWarm(): boolean {
    const { length } = this.#done;
    const spent = this.#clock.now() - this.#started;
    if (length > 0 && spent >= Math.max(10 * this.#milliseconds, WARM_UP_PATIENCE_MS)) return true;
    if (length < LEAST_WARM_UP_RUNS || spent < WARM_UP * this.#milliseconds) return false;
    return this.areSteady() || length >= MOST_WARM_UP_RUNS;
  }

  /** As many as a measurement has, or those until it was seen that it began too early. */
  async measured(): Promise<readonly Run[]> {
    const measured: Run[] = [];
    const begun = this.#clock.now();
    do measured.push(await this.next());
    while (this.areWarm() && !this.#isEnough(measured.length, this.#clock.now() - begun));
    return measured;
  }

  #isEnough(runs: number, spent: number): boolean {
    if (spent < this.#milliseconds) return false;
    return runs >= LEAST_RUNS || spent >= Math.max(2 * this.#milliseconds, PATIENCE_MS);
  }

  firstMs(wallMs: number): number {
    const [first, ...others] = this.#done;
    const alike = others.filter(({ units }) => units === first.units);
    const later = alike.length > 0 ? sum(alike.map(({ ms }) => ms)) / alike.length : first.units * wallMs;
    return Math.max(0, first.ms - later);
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);
