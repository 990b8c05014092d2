import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Checkpoint } from '../../src/runs/checkpoint.ts';
import { readCheckpoint } from '../../src/runs/read.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { ReportEvent, TrainingEvent } from '../../src/training/events.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { Session } from '../../src/training/session.ts';
import { isEverything } from '../everything.ts';
import { withRunSizes, optionsOf, train, verses } from './fixture.ts';

/** The second one, with as many calls as possible, only with RNN_TEST=all. */
const manyCounts = isEverything ? [[1, 3, 7, 2], [1000]] : [[1, 3, 7, 2]];

/** The events that must not depend on the number of calls in a series: everything except paths. */
interface Outcome {
  readonly events: readonly unknown[];
  readonly latest: unknown;
  /** The numbers of planned and of executed calls in each series. */
  readonly runs: readonly (readonly [number, number])[];
}

function pathless(event: TrainingEvent): unknown {
  return { ...event, path: null, checkpoint: null };
}

function contentOf({ model, training, tensors, state, optimizer }: Checkpoint): unknown {
  return { model, training, tensors, state, optimizer };
}

/** A clock that stops, or advances by `ms` milliseconds with each training call. */
function stopClock(): (ms: number) => void {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  return (ms) => {
    now += ms;
  };
}

interface Settings {
  readonly counts: readonly number[];
  readonly refused?: readonly number[];
  readonly msPerCall?: number;
  /** Asks the run to stop when it sees an event. */
  readonly stopAt?: (event: TrainingEvent) => boolean;
}

async function outcome(
  given: Partial<TrainingOptions>,
  { counts, refused = [], msPerCall = 0, stopAt }: Settings,
): Promise<Outcome> {
  const pass = stopClock();
  const controller = new AbortController();
  const runs: [number, number][] = [];
  const device = withRunSizes(
    {
      runSizes: counts,
      refused,
      onRun: (job, handed, run) => {
        if (job !== 'train') return;
        runs.push([handed, run]);
        pass(run * msPerCall);
      },
    },
    await openCpu({ threads: 1 }),
  );
  const { events, folder } = await train(verses, given, {
    device,
    signal: controller.signal,
    stopAfter: (event) => stopAt?.(event) && controller.abort(),
  });
  return { events: events.map(pathless), latest: contentOf(await readCheckpoint(folder.latestPath)), runs };
}

async function expectSame(given: Partial<TrainingOptions>, settings: Settings): Promise<Outcome> {
  const one = await outcome(given, { ...settings, counts: [1] });
  const many = await outcome(given, settings);
  expect(many.events).toEqual(one.events);
  expect(many.latest).toEqual(one.latest);
  return many;
}

const stepsOf = (events: readonly unknown[], kind: string): number[] =>
  (events as { event: string; step: number }[]).filter(({ event }) => event === kind).map(({ step }) => step);
const reportsOf = (events: readonly unknown[]): ReportEvent[] =>
  (events as TrainingEvent[]).filter((event) => event.event === 'report');
const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);

describe.each(manyCounts.map((counts) => ({ counts })))('runs of $counts calls', ({ counts }) => {
  // 20 windows per epoch: state, masks and learning rates pass from epoch to epoch within a series.
  // The other schedules run only with RNN_TEST=all.
  test.each(['cosine', 'step', ...(isEverything ? (['exponential', 'constant'] as const) : [])] as const)(
    'give the events and the checkpoint of single calls, with the %s schedule',
    async (schedule) => {
      const { runs, events } = await expectSame(
        { cell: 'gru', layers: 2, dropout: 0.3, maxSteps: 50, evaluateEvery: 24, schedule, warmupSteps: 5, decay: 0.5 },
        { counts },
      );
      expect(Math.max(...runs.map(([handed]) => handed))).toBe(Math.min(24, Math.max(...counts)));
      expect(stepsOf(events, 'evaluation')).toEqual([24, 48, 50]);
    },
  );

  test('have windows of one length each if lengths are random, with the same results as single calls', async () => {
    await expectSame(
      { dropout: 0.3, maxSteps: 45, evaluateEvery: 10, randomLength: true, randomOffset: true },
      { counts },
    );
  });

  test('end when something is due', async () => {
    const { events } = await expectSame(
      { maxSteps: 23, evaluateEvery: 4, sampleEvery: 5, checkpointEvery: 6 },
      { counts },
    );
    expect(stepsOf(events, 'evaluation')).toEqual([4, 8, 12, 16, 20, 23]);
    expect(stepsOf(events, 'sample')).toEqual([5, 10, 15, 20, 23]);
    expect(stepsOf(events, 'checkpoint')).toEqual([6, 12, 18, 23]);
    expect(events.at(-1)).toMatchObject({ reason: 'max-steps', step: 23 });
  });

  test('end with the last epoch', async () => {
    const { events } = await expectSame({ epochs: 2 }, { counts });
    expect(events.at(-1)).toMatchObject({ reason: 'epochs', step: 40 });
  });

  test('continue after refused updates as single calls do', async () => {
    // Each returns to the last checkpoint: after the 6th call, to a new checkpoint.
    const { events, runs } = await expectSame(
      { optimizer: 'adam', dropout: 0.2, maxSteps: 30, evaluateEvery: 6, checkpointEvery: 3, maxRecoveries: 9 },
      { counts, refused: [2, 6, 7, 12, 21, 30] },
    );
    expect(stepsOf(events, 'recovery')).toEqual([0, 3, 3, 6, 12, 18]);
    expect(events.at(-1)).toMatchObject({ reason: 'max-steps', step: 30 });
    expect(runs.some(([handed, run]) => run < handed)).toBe(true);
    expect(sum(runs.map(([, run]) => run))).toBe(42);
  });

  test.each([
    [5, 0],
    [20, 12],
  ])('save the state that they went back to, right after call %i was refused', async (call, step) => {
    const { latest, events } = await expectSame(
      { maxSteps: 40, checkpointEvery: 12 },
      { counts, refused: [call], stopAt: ({ event }) => event === 'recovery' },
    );
    expect(events.at(-1)).toMatchObject({ reason: 'signal', step });
    expect(latest).toMatchObject({
      training: { step, position: { epoch: 0, window: step } },
      optimizer: { scalars: { step } },
    });
  });

  test('diverge as single calls do', async () => {
    const { events } = await expectSame(
      { maxSteps: 50, learningRate: 1e38, optimizer: 'sgd', schedule: 'constant', checkpointEvery: 1 },
      { counts },
    );
    expect(events.at(-1)).toMatchObject({ reason: 'diverged' });
    expect(
      (
        await expectSame({ maxSteps: 50, checkpointEvery: 4, maxRecoveries: 2 }, { counts, refused: [9, 10, 11] })
      ).events.at(-1),
    ).toMatchObject({ reason: 'diverged', step: 8 });
  });
});

test('runs of calls end where recurrent matrices are made orthogonal', async () => {
  const { runs } = await expectSame({ maxSteps: 10, orthogonalEvery: 4 }, { counts: [1000] });
  expect(runs.map(([, run]) => run)).toEqual([4, 4, 2]);
});

test('a report has the mean loss since the last report, and the learning rate and gradient norm of its step', async () => {
  const given = { maxSteps: 20, warmupSteps: 20 };
  const each = reportsOf((await outcome(given, { counts: [1], msPerCall: 1000 })).events);
  const reports = reportsOf((await outcome(given, { counts: [3], msPerCall: 400 })).events);
  expect(reports.map(({ step }) => step)).toEqual([3, 6, 9, 12, 15, 18, 20]);
  for (const [i, { step, lossNats, gradientNorm, learningRate, epoch, charactersPerSecond }] of reports.entries()) {
    const steps = each.slice(i * 3, step);
    expect(lossNats).toBeCloseTo(sum(steps.map((report) => report.lossNats)) / steps.length, 12);
    expect({ gradientNorm, learningRate, epoch }).toEqual({
      gradientNorm: each[step - 1].gradientNorm,
      learningRate: each[step - 1].learningRate,
      epoch: each[step - 1].epoch,
    });
    expect(charactersPerSecond).toBeCloseTo(80 / 0.4, 9);
  }
});

test('a refused update undoes the steps before it, and does not slow the steps after it', async () => {
  const { events } = await outcome({ maxSteps: 8 }, { counts: [4], refused: [3], msPerCall: 500 });
  expect((events as TrainingEvent[]).slice(1, 4)).toMatchObject([
    { event: 'recovery', step: 0 },
    { event: 'report', step: 4, charactersPerSecond: 160 },
    { event: 'report', step: 8 },
  ]);
});

test('a signal, --max-time and --budget end a run after the current calls', async () => {
  const endOf = async (given: Partial<TrainingOptions>): Promise<unknown> =>
    (await outcome(given, { counts: [4], msPerCall: 300 })).events.at(-1);
  expect(await endOf({ maxSteps: 50, maxTimeMs: 1500 })).toMatchObject({ reason: 'max-time', step: 8 });
  expect(await endOf({ budgetMs: 3000 })).toMatchObject({ reason: 'budget', step: 12 });
  const stopped = await outcome(
    { maxSteps: 50 },
    { counts: [4], msPerCall: 300, stopAt: ({ event }) => event === 'report' },
  );
  expect(stopped.events.at(-1)).toMatchObject({ reason: 'signal', step: 4 });
});

test('a device that fails does not change the position in the text', async () => {
  const cpu = await openCpu({ threads: 1 });
  const ran = (_: string, handed: number): void => {
    if (handed === 3) throw new Error('lost');
  };
  const device = withRunSizes({ runSizes: [3], onRun: ran }, cpu);
  const session = await Session.open({ options: optionsOf(verses, { maxSteps: 10 }), corpus: verses, device });
  await session.begin();
  await session.advance(2, () => 0.01);
  await expect(session.advance(9, () => 0.01)).rejects.toThrow('lost');
  expect([session.step, session.streams.position]).toEqual([2, { epoch: 0, window: 2 }]);
  await session.close();
});
