import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { PlanResults } from '../../../src/devices/gpu/plan.ts';
import { type DeviceError, RUN_SECONDS, type RunOutcome, Runner } from '../../../src/devices/gpu/runner.ts';
import { RnnError } from '../../../src/errors.ts';

/** The outcome of a plan's run. */
type Fate = () => PlanResults | never;

const nothing: PlanResults = { carried: new Map(), gradients: null, calls: [] };
const memory: DeviceError = { memory: true, message: 'vkAllocateMemory failed' };
const invalid: DeviceError = { memory: false, message: 'a buffer is invalid' };

let now = 0;
beforeEach(() => {
  now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  return () => clock.mockRestore();
});

/**
 * A GPU with a fake clock, which records the plans that are made, run and closed, in this order.
 */
class Stage {
  readonly made: number[] = [];
  readonly ran: number[] = [];
  readonly closed: number[] = [];
  /** The outcomes of the next runs. Later runs succeed. */
  readonly fates: Fate[] = [];
  readonly errors: DeviceError[] = [];
  lost = false;
  /** The number of GPUs so far. */
  count = 1;
  readonly runner: Runner;

  /** @param seconds the time of a run of `calls` calls */
  constructor(seconds: (calls: number) => number, { passes = 100 } = {}) {
    this.runner = new Runner({
      passes,
      health: { takeErrors: () => this.errors.splice(0), isLost: () => this.lost, count: () => this.count },
      makePlan: (calls) => {
        this.made.push(calls);
        return {
          run: async () => {
            this.ran.push(calls);
            now += 1000 * seconds(calls);
            return (this.fates.shift() ?? (() => nothing))();
          },
          close: async () => void this.closed.push(calls),
        };
      },
    });
  }

  run(calls = this.runner.callsPerRun): Promise<RunOutcome | null> {
    return this.runner.run(
      new Map(),
      Array.from({ length: calls }, () => new Map()),
    );
  }

  /** `callsPerRun` before each of `runs` full runs, and after the last. */
  async counts(runs: number): Promise<number[]> {
    const counts = [this.runner.callsPerRun];
    for (let i = 0; i < runs; i++) {
      await this.run();
      counts.push(this.runner.callsPerRun);
    }
    return counts;
  }
}

const rejects =
  (error: Error): Fate =>
  () => {
    throw error;
  };

/**
 * The time of a run that makes `callsPerRun` calls take the target time, if each run has other work
 * of `beside` calls.
 */
const pace =
  (callsPerRun: number, beside = 0) =>
  (calls: number): number =>
    ((calls + beside) * RUN_SECONDS) / (callsPerRun + 0.5);

describe('the number of calls in a run', () => {
  it('is chosen from the second run on, because the first compiles', async () => {
    const stage = new Stage(pace(25));
    expect(await stage.counts(4)).toEqual([1, 1, 25, 25, 25]);
    expect(stage.made).toEqual([1, 25]);
  });

  it('stays at one where two calls take longer than a run should', async () => {
    expect(await new Stage(pace(1)).counts(4)).toEqual([1, 1, 1, 1, 1]);
    expect(await new Stage(pace(2)).counts(4)).toEqual([1, 1, 2, 2, 2]);
  });

  it('is raised once more where most of the first run was not the call', async () => {
    const stage = new Stage(pace(100, 10));
    expect(await stage.counts(8)).toEqual([1, 1, 9, 9, 47, 47, 82, 82, 82]);
    expect(stage.made).toEqual([1, 9, 47, 82]);
    expect(stage.closed).toEqual([9, 47]);
  });

  it('is not raised by less than a half', async () => {
    expect(await new Stage(pace(100, 0.3)).counts(5)).toEqual([1, 1, 77, 77, 77, 77]);
  });

  it('is raised three times at most', async () => {
    const stage = new Stage((calls) => RUN_SECONDS * 0.5 * calls ** 0.1);
    const counts = await stage.counts(12);
    expect(stage.made).toHaveLength(4);
    expect(new Set(counts.slice(-6))).toEqual(new Set([stage.made[3]]));
  });

  it('leaves a plan at most 20,000 passes, however fast they are', async () => {
    expect(await new Stage(() => 1e-9, { passes: 300 }).counts(4)).toEqual([1, 1, 66, 66, 66]);
    expect(await new Stage(() => 0, { passes: 300 }).counts(4)).toEqual([1, 1, 66, 66, 66]);
    expect(await new Stage(() => 1e-9, { passes: 30_000 }).counts(4)).toEqual([1, 1, 1, 1, 1]);
  });

  it('is not chosen by a run of fewer calls', async () => {
    const stage = new Stage(pace(25));
    await stage.counts(3);
    for (let i = 0; i < 3; i++) await stage.run(1);
    expect(stage.runner.callsPerRun).toBe(25);
  });
});

describe('calls that are fewer than a run has', () => {
  it('run one by one at first, and together if the same number is repeated', async () => {
    const stage = new Stage((calls) => 0.0699 * calls);
    await stage.counts(3);
    expect([10, 17, 3, 4, 3].map((count) => stage.runner.together(count))).toEqual([10, 10, 1, 1, 3]);
    await stage.run(3);
    expect(stage.runner.together(3)).toBe(3);
    expect(stage.made).toEqual([1, 10, 3]);
  });

  it('have at most two plans for themselves', async () => {
    const stage = new Stage((calls) => 0.0699 * calls);
    await stage.counts(3);
    const together: number[] = [];
    for (const count of [3, 3, 4, 4, 5, 5, 5, 3, 4]) {
      together.push(stage.runner.together(count));
      await stage.run(together.at(-1));
    }
    expect(together).toEqual([1, 3, 1, 4, 1, 1, 1, 3, 4]);
    expect(stage.made).toEqual([1, 10, 3, 4]);
  });

  it('run one by one if a full run has fewer than eight', async () => {
    const stage = new Stage((calls) => 0.0999 * calls);
    await stage.counts(3);
    expect(stage.runner.callsPerRun).toBe(7);
    expect([3, 3, 3].map((count) => stage.runner.together(count))).toEqual([1, 1, 1]);
  });
});

describe('a GPU that is lost', () => {
  it('and that another plan has found again computes the run again, on the new GPU', async () => {
    const stage = new Stage((calls) => 0.0279 * calls);
    await stage.run();
    stage.count = 2;
    stage.fates.push(rejects(new Error('lost')));
    expect((await stage.run())?.note).toContain('came back');
    stage.fates.push(rejects(new Error('no loss')));
    await expect(stage.run()).rejects.toThrow('no loss');
  });

  it('once computes the run again, and notes it', async () => {
    const stage = new Stage((calls) => 0.0699 * calls);
    await stage.counts(3);
    for (const [calls, what] of [
      [1, 'a step was'],
      [10, '10 steps were'],
    ] as const) {
      stage.lost = true;
      stage.fates.push(rejects(new Error('')), () => {
        stage.lost = false;
        return nothing;
      });
      expect(await stage.run(calls)).toEqual({
        results: nothing,
        note: `the GPU was lost and came back: ${what} computed once more`,
      });
    }
    expect(stage.ran.slice(-4)).toEqual([1, 1, 10, 10]);
    expect(stage.made).toEqual([1, 10]);
    expect(await stage.run()).toEqual({ results: nothing, note: null });
  });

  it('for good is an error with the first reason as its cause', async () => {
    const stage = new Stage(() => 0.1);
    const first = new Error('device lost');
    stage.lost = true;
    stage.fates.push(rejects(first), rejects(new Error('no adapter')));
    const error = await stage.run().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RnnError);
    expect(error).toMatchObject({
      kind: 'device',
      message: 'the GPU was lost and does not come back',
      hint: expect.stringContaining('--device cpu'),
      cause: first,
    });
    expect(stage.ran).toEqual([1, 1]);
  });

  it('does not make runs shorter by the time that this took', async () => {
    const stage = new Stage((calls) => 0.0279 * calls);
    await stage.counts(3);
    stage.lost = true;
    stage.fates.push(() => {
      now += 5000;
      throw new Error('');
    });
    await stage.run();
    expect(stage.runner.callsPerRun).toBe(25);
  });
});

describe('a GPU that lacks memory', () => {
  /** A stage that has chosen runs of 25 calls. */
  async function busy(): Promise<Stage> {
    const stage = new Stage((calls) => 0.0279 * calls);
    await stage.counts(2);
    expect(stage.runner.callsPerRun).toBe(25);
    return stage;
  }

  const lacks: readonly (readonly [string, (stage: Stage) => Fate])[] = [
    ['reports it after invalid results', (stage) => () => (stage.errors.push(invalid, memory), nothing)],
    [
      'reports it together with an unspecific error',
      (stage) => () => {
        stage.errors.push(memory, invalid);
        throw new Error('mapAsync failed');
      },
    ],
  ];

  it.each(lacks)('and %s: tries half as many calls, and never more from then on', async (_, fate) => {
    const stage = await busy();
    stage.fates.push(fate(stage));
    expect(await stage.run()).toBeNull();
    expect(stage.runner.callsPerRun).toBe(12);
    // The plan of one call was closed too, to free its memory.
    expect(stage.closed.toSorted()).toEqual([1, 25]);
    expect(stage.runner.together(100)).toBe(12);
    expect(await stage.counts(4)).toEqual([12, 12, 12, 12, 12]);
    expect(stage.errors).toEqual([]);
  });

  it.each(lacks)('and %s: halves the calls down to one, and then refuses the model as too large', async (_, fate) => {
    const stage = await busy();
    for (const calls of [12, 6, 3, 1]) {
      stage.fates.push(fate(stage));
      expect(await stage.run()).toBeNull();
      expect(stage.runner.callsPerRun).toBe(calls);
    }
    stage.fates.push(fate(stage));
    const error = await stage.run().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RnnError);
    expect(error).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('too little memory'),
      hint: expect.stringContaining('--batch-size'),
    });
    expect(stage.closed.length).toBe(stage.made.length);
  });

  it.each(lacks)(
    'and %s in a run of a remainder: runs it call by call, and does not shorten whole runs',
    async (_, fate) => {
      const stage = await busy();
      await stage.run();
      expect([5, 5].map((count) => stage.runner.together(count))).toEqual([1, 5]);
      stage.fates.push(fate(stage));
      expect(await stage.run(5)).toBeNull();
      expect(stage.runner.callsPerRun).toBe(25);
      expect([5, 5, 5, 25].map((count) => stage.runner.together(count))).toEqual([1, 1, 1, 25]);
    },
  );

  it('even for the first call is refused at once', async () => {
    const stage = new Stage(() => 0.1);
    stage.fates.push(lacks[0][1](stage));
    await expect(stage.run()).rejects.toMatchObject({ kind: 'usage' });
    expect(stage.ran).toEqual([1]);
  });
});

describe('any other error', () => {
  it('is passed on unchanged', async () => {
    const stage = new Stage((calls) => 0.0279 * calls);
    await stage.counts(2);
    for (const error of [new TypeError('in WGSL'), new RnnError('device', 'taken apart')]) {
      stage.fates.push(rejects(error));
      await expect(stage.run()).rejects.toBe(error);
    }
    expect(stage.runner.callsPerRun).toBe(25);
    expect(await stage.run()).toEqual({ results: nothing, note: null });
  });

  it('that the GPU reports with results makes the results invalid', async () => {
    const stage = new Stage(() => 0.1);
    stage.fates.push(() => (stage.errors.push(invalid), nothing));
    await expect(stage.run()).rejects.toThrow(invalid.message);
    expect(await stage.run()).toEqual({ results: nothing, note: null });
  });
});

it('closes all plans, once', async () => {
  const stage = new Stage((calls) => 0.0699 * calls);
  await stage.counts(3);
  await stage.run(3);
  await stage.runner.close();
  await stage.runner.close();
  expect(stage.closed.toSorted()).toEqual([1, 10, 3].toSorted());
});
