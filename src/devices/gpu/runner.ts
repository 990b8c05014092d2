// The plans of one job: how many calls a run has, and what is done when one fails. Knows nothing of
// weights and what they mean.
import { type RnnError, deviceError, usageError } from '../../errors.ts';
import type { ArgumentValue, PlanResults } from './plan.ts';
import { flagOf } from '../../options/flags.ts';

/**
 * How long a run should take: long enough for what each costs beside its calls, too short for a
 * display's watchdog.
 */
export const RUN_SECONDS = 0.7;
/** A longer plan costs memory and compiling: it should have so many times the calls. */
const WORTHWHILE = 1.5;
const MAX_LENGTHENINGS = 3;
/** Passes that one plan may have: tracing and compiling them takes about a second. */
const MAX_PASSES = 20_000;
/** A remainder that comes again gets a plan of its own, where runs have at least so many calls. */
const MANY_CALLS = 8;
/** Each plan has buffers of its own. */
const MAX_REMAINDER_PLANS = 2;

export interface RunnablePlan {
  run(
    carried: ReadonlyMap<string, Float32Array>,
    perCall: readonly ReadonlyMap<string, ArgumentValue>[],
  ): Promise<PlanResults>;
  close(): Promise<void>;
}

/** What a GPU did not do, said after the call that asked for it. */
export interface DeviceError {
  /** It lacked memory. */
  readonly memory: boolean;
  readonly message: string;
}

/** What a GPU tells beside its results. */
export interface Health {
  /**
   * The errors since the last time this was asked. After one, what is read back is zeros or stale.
   */
  takeErrors(): readonly DeviceError[];
  /** Whether the GPU was lost, and none has been made since. */
  isLost(): boolean;
  /** How many there were, the lost ones included: what was compiled for one is lost with it. */
  count(): number;
}

interface RunnerOptions {
  readonly makePlan: (calls: number) => RunnablePlan;
  /** Of a call. */
  readonly passes: number;
  readonly health: Health;
}

export interface RunOutcome {
  readonly results: PlanResults;
  /** What happened that the user should know. */
  readonly note: string | null;
}

export class Runner {
  readonly #options: RunnerOptions;
  readonly #plans = new Map<number, RunnablePlan>();
  /**
   * For each plan that has run, on which GPU, by number. The first run compiles, and tells nothing
   * of speed.
   */
  readonly #ranOn = new WeakMap<RunnablePlan, number>();
  readonly #remainders = new Set<number>();
  #callsPerRun = 1;
  /** Memory has set a limit: runs get no longer, nor remainders plans. */
  #limited = false;
  #lengthenings = 0;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get callsPerRun(): number {
    return this.#callsPerRun;
  }

  /** How many of `count` calls that are to be made are best run together. */
  together(count: number): number {
    if (count >= this.#callsPerRun) return this.#callsPerRun;
    if (this.#plans.has(count)) return count;
    const again = this.#remainders.has(count);
    this.#remainders.add(count);
    const affordable = !this.#limited && this.#callsPerRun >= MANY_CALLS && this.#plans.size < 2 + MAX_REMAINDER_PLANS;
    return again && affordable ? count : 1;
  }

  /**
   * One run, or null if the GPU has no memory for so many calls together: then fewer are to be
   * tried.
   * @throws RnnError `usage` if it has none even for one, `device` if the GPU is gone
   */
  async run(
    carried: ReadonlyMap<string, Float32Array>,
    perCall: readonly ReadonlyMap<string, ArgumentValue>[],
  ): Promise<RunOutcome | null> {
    const calls = perCall.length;
    const { health } = this.#options;
    const plan = this.#plan(calls);
    const before = performance.now();
    const errors: DeviceError[] = [];
    try {
      let note: string | null = null;
      const results = await plan.run(carried, perCall).catch((error: unknown) => {
        if (!this.#hasLost(plan)) throw error;
        // Everything that went in is still here; gpu.js builds the plan anew on a new device.
        note = `the GPU was lost and came back: ${calls === 1 ? 'a step was' : `${calls} steps were`} computed once more`;
        return plan.run(carried, perCall).catch(() => {
          throw deviceError(
            'the GPU was lost and does not come back',
            `its driver may have been reset or the machine suspended; ${flagOf('device')} cpu goes without it`,
            { cause: error },
          );
        });
      });
      errors.push(...health.takeErrors());
      // After an error what was read back is not to be believed.
      if (errors.length > 0) throw new Error(errors[0].message);
      await this.#choose(plan, calls, (performance.now() - before) / 1000);
      return { results, note };
    } catch (error) {
      if (![...errors, ...health.takeErrors()].some(({ memory }) => memory)) throw error;
      await this.#shrink(calls, error);
      return null;
    }
  }

  async close(): Promise<void> {
    const plans = [...this.#plans.values()];
    this.#plans.clear();
    for (const plan of plans) await plan.close();
  }

  #plan(calls: number): RunnablePlan {
    const plan = this.#plans.get(calls) ?? this.#options.makePlan(calls);
    this.#plans.set(calls, plan);
    return plan;
  }

  /** Another plan may have been the first to notice, and there is a new GPU already. */
  #hasLost(plan: RunnablePlan): boolean {
    const { health } = this.#options;
    return health.isLost() || (this.#ranOn.get(plan) ?? health.count()) !== health.count();
  }

  /** How many calls a run should have, from how long this one took. */
  async #choose(plan: RunnablePlan, calls: number, seconds: number): Promise<void> {
    const first = !this.#ranOn.has(plan);
    this.#ranOn.set(plan, this.#options.health.count());
    if (first) return;
    const isFinal = this.#limited || this.#lengthenings === MAX_LENGTHENINGS;
    if (isFinal || calls !== this.#callsPerRun) return;
    const most = Math.max(1, Math.floor(MAX_PASSES / this.#options.passes));
    // What a run costs beside its calls makes this too few: then it is raised once more.
    const wanted = Math.min(most, Math.floor((calls * RUN_SECONDS) / seconds));
    if (wanted < WORTHWHILE * calls) return;
    this.#lengthenings++;
    this.#callsPerRun = wanted;
    if (calls === 1) return;
    await plan.close();
    this.#plans.delete(calls);
  }

  async #shrink(calls: number, cause: unknown): Promise<void> {
    await this.close();
    this.#limited = true;
    if (calls === 1) throw tooLittleMemory(undefined, cause);
    if (calls === this.#callsPerRun) this.#callsPerRun = Math.floor(calls / 2);
  }
}

export function tooLittleMemory(
  message = 'the GPU has too little memory for this model and batch',
  cause?: unknown,
): RnnError {
  return usageError(
    message,
    `lower ${flagOf('batchSize')} or ${flagOf('sequenceLength')}, then ${flagOf('hidden')} or ${flagOf('layers')}; or use ${flagOf('device')} cpu`,
    { cause },
  );
}
