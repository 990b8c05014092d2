// A run whose length is a time: evaluations, samples and saves are spaced over that time.
import { expect, test } from 'vitest';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { TrainingEvent } from '../../src/training/events.ts';

import { withRunSizes, train, verses } from './fixture.ts';

const budgetOptions = { budgetMs: 30_000, evaluateEvery: null, sampleEvery: null, evaluationStreams: 1 } as const;

interface CallDurations {
  /** Milliseconds that a step takes. */
  readonly stepMs: number;
  /** Milliseconds that each call of an evaluation takes. */
  readonly evaluationMs?: number;
}

/** Trains with a fake clock that advances only when the device computes. */
async function trainBudgeted(
  { stepMs, evaluationMs = 0 }: CallDurations,
  options: Parameters<typeof train>[1],
  overrides: Parameters<typeof train>[2] = {},
): ReturnType<typeof train> {
  let now = 0;
  const ran = (job: string): void => void (now += job === 'train' ? stepMs : evaluationMs);
  const device = withRunSizes({ runSizes: [1], onRun: ran }, await openCpu({ threads: 1 }));
  return train(verses, options, { device, clock: () => now, ...overrides });
}

const count = (events: readonly TrainingEvent[], kind: TrainingEvent['event']): number =>
  events.filter(({ event }) => event === kind).length;

test.each([
  [120, 10, 4],
  [900, 10, 4],
  [4000, 8, 4],
  [40_000, 1, 1],
])('a run of 30 s whose calls take %i ms has %i evaluations and %i samples', async (stepMs, evaluations, samples) => {
  const { events } = await trainBudgeted({ stepMs }, budgetOptions);
  expect([count(events, 'evaluation'), count(events, 'sample')]).toEqual([evaluations, samples]);
  expect(events.at(-1)).toMatchObject({ event: 'end', reason: 'budget' });
  // The last evaluation and sample are at the last step.
  const [{ step }] = events.slice(-1) as { step: number }[];
  for (const kind of ['evaluation', 'sample'])
    expect(events.findLast(({ event }) => event === kind)).toMatchObject({ step });
  // The training loss of the same step precedes each evaluation and sample.
  for (const [index, event] of events.entries()) {
    if (event.event !== 'evaluation' && event.event !== 'sample') continue;
    expect(events.slice(0, index).findLast((earlier) => earlier.event === 'report')).toMatchObject({
      step: event.step,
    });
  }
});

test('a run that is killed and resumed evaluates and samples as often as an uninterrupted run', async () => {
  const withCheckpoints = { ...budgetOptions, checkpointEvery: 1 };
  let seen = 0;
  const first = await trainBudgeted({ stepMs: 900 }, withCheckpoints, {
    stopAfter: ({ event }) => event === 'checkpoint' && ++seen === 16,
  });
  const { checkpoint: resumedFrom } = await first.folder.readNewestState();
  const again = await trainBudgeted({ stepMs: 900 }, withCheckpoints, { folder: first.folder, resumedFrom });
  const events = [...first.events, ...again.events];
  expect([count(events, 'evaluation'), count(events, 'sample')]).toEqual([10, 4]);
});

test('a run that is resumed with a longer budget or with maxSteps spaces out its remaining evaluations and samples', async () => {
  const { folder } = await trainBudgeted({ stepMs: 900 }, budgetOptions);
  const { checkpoint: resumedFrom } = await folder.readNewestState();
  expect(resumedFrom.training.step).toBe(34);
  const longer = await trainBudgeted({ stepMs: 900 }, { ...budgetOptions, budgetMs: 60_000 }, { resumedFrom });
  expect(count(longer.events, 'evaluation')).toBe(5);
  const stepwise = await trainBudgeted(
    { stepMs: 900 },
    { ...budgetOptions, budgetMs: null, maxSteps: 80 },
    { resumedFrom },
  );
  expect(count(stepwise.events, 'evaluation')).toBe(6);
  expect(count(stepwise.events, 'sample')).toBe(3);
});

test('a run with a budget ends after `patience` evaluations without improvement', async () => {
  const withoutProgress = { learningRate: 1e-30, patience: 3 };
  const { events } = await trainBudgeted({ stepMs: 900 }, { ...budgetOptions, ...withoutProgress });
  expect(events.at(-1)).toMatchObject({ event: 'end', reason: 'patience' });
  expect(count(events, 'evaluation')).toBe(4);
});

test('a run with slow evaluations evaluates less often, and exceeds its budget by at most half and two evaluations', async () => {
  const { events } = await trainBudgeted(
    { stepMs: 300, evaluationMs: 1000 },
    { ...budgetOptions, evaluationStreams: 5 },
  );
  const end = events.at(-1)!;
  // An evaluation has sixteen calls and takes 16 s.
  expect(end).toMatchObject({ event: 'end', reason: 'budget' });
  expect(count(events, 'evaluation')).toBeGreaterThan(1);
  const { elapsedMs } = end as { elapsedMs: number };
  expect(elapsedMs).toBeGreaterThanOrEqual(30_000);
  expect(elapsedMs).toBeLessThan(1.5 * 30_000 + 2 * 16_000);
});
