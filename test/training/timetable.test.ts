// The clock of a run changes the output of the run, but never the weights.
import { expect, test } from 'vitest';
import { MemoryStore, RunFolder, readCheckpoint } from '../../src/runs/store.ts';
import type { Device } from '../../src/devices/device.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { createRunState } from '../../src/training/run-state.ts';
import type { Session } from '../../src/training/session.ts';
import { createTimetable } from '../../src/training/timetable.ts';
import { prepareTraining } from '../../src/training/train.ts';
import { defaultSettings, deviceThat, optionsOf, timeless, train, verses } from './fixture.ts';

const MINUTE = 60_000;
/** Looks and saves would be due only at the end, after all steps, if only steps counted. */
const runOptions = {
  maxSteps: 40,
  evaluateEvery: 100,
  sampleEvery: 100,
  checkpointEvery: 100,
  dropout: 0.2,
  schedule: 'constant',
} as const;

/** A clock that advances by a fixed time whenever the run reads it. */
function clockOf(stepMs: number): () => number {
  let now = 0;
  return () => (now += stepMs);
}

const kindsBefore = (events: readonly TrainingEvent[], step: number): Set<string> =>
  new Set(events.flatMap((event) => (event.event !== 'start' && event.step < step ? [event.event] : [])));

test('a slow run has interim evaluations, samples and timed saves, and the same weights as a fast run', async () => {
  const fast = await train(verses, runOptions, { clock: clockOf(1e-6) });
  const slow = await train(verses, runOptions, { clock: clockOf(MINUTE / 3) });
  expect(kindsBefore(fast.events, 40)).toEqual(new Set());
  expect(kindsBefore(slow.events, 40)).toEqual(new Set(['report', 'interim', 'sample', 'checkpoint']));
  const [a, b] = [await readCheckpoint(fast.folder.latestPath), await readCheckpoint(slow.folder.latestPath)];
  expect(timeless(b)).toEqual(timeless(a));
});

test('an interim evaluation counts neither as the best loss nor for patience or the plateau schedule', async () => {
  const waiting = { ...runOptions, evaluateEvery: 10, patience: 1, schedule: 'plateau' } as const;
  const fast = await train(verses, waiting, { clock: clockOf(1e-6) });
  const slow = await train(verses, waiting, { clock: clockOf(MINUTE / 3) });
  const judged = ({ events }: typeof fast): unknown[] => events.filter(({ event }) => event === 'evaluation');
  expect(slow.events.some(({ event }) => event === 'interim')).toBe(true);
  expect(judged(slow)).toEqual(judged(fast));
  expect(timeless(await readCheckpoint(slow.folder.bestPath))).toEqual(
    timeless(await readCheckpoint(fast.folder.bestPath)),
  );
});

test('a run that is killed after a timed save resumes to the same weights', async () => {
  const whole = await train(verses, runOptions, { clock: clockOf(1e-6) });
  const killed = await train(verses, runOptions, {
    clock: clockOf(MINUTE / 3),
    stopAfter: ({ event }) => event === 'checkpoint',
  });
  killed.folder.close();
  const resumedFrom = await readCheckpoint(killed.folder.latestPath);
  expect(resumedFrom.training.step).toBeGreaterThan(0);
  expect(resumedFrom.training.step).toBeLessThan(40);
  const resumed = await train(verses, runOptions, { resumedFrom, clock: clockOf(MINUTE / 3) });
  expect(timeless(await readCheckpoint(resumed.folder.latestPath))).toEqual(
    timeless(await readCheckpoint(whole.folder.latestPath)),
  );
});

test.each([
  [31, 20],
  [15, 0],
])(
  'a slow run that diverges in call %i returns to step %i, like a fast run, on disk and in memory',
  async (call, step) => {
    const diverging = (): Promise<Device> =>
      deviceThat((result, at) => (at === call ? { ...result, lossNats: NaN, updated: false } : result));
    const due = { ...runOptions, checkpointEvery: 20 };
    const fast = await train(verses, due, { clock: clockOf(1e-6), device: await diverging() });
    const slow = await train(verses, due, { clock: clockOf(MINUTE), device: await diverging() });
    expect(slow.events.filter(({ event }) => event === 'checkpoint').length).toBeGreaterThan(3);
    for (const { events } of [fast, slow])
      expect(events.filter(({ event }) => event === 'recovery')).toMatchObject([
        { step, reason: expect.stringContaining(`from step ${step} with`) },
      ]);
    const expected = timeless(await readCheckpoint(fast.folder.latestPath));
    expect(timeless(await readCheckpoint(slow.folder.latestPath))).toEqual(expected);
    const store = new MemoryStore();
    const options = optionsOf(verses, due);
    const run = await prepareTraining({
      ...defaultSettings,
      options,
      corpus: verses,
      device: await diverging(),
      clock: clockOf(MINUTE),
    });
    for await (const _ of run.train(store));
    await run.close();
    expect(timeless(store.latest!)).toEqual(expected);
  },
);

test('a run that is killed after a timed save, and diverges after it resumes, returns to the same step as an uninterrupted run', async () => {
  const divergingAt = (call: number): Promise<Device> =>
    deviceThat((result, at) => (at === call ? { ...result, lossNats: NaN, updated: false } : result));
  const due = { ...runOptions, checkpointEvery: 20 };
  const whole = await train(verses, due, { clock: clockOf(1e-6), device: await divergingAt(30) });
  const killed = await train(verses, due, {
    clock: clockOf(MINUTE),
    stopAfter: (event) => event.event === 'checkpoint' && event.step > 20,
  });
  killed.folder.close();
  const folder = (await RunFolder.open(killed.folder.path))!;
  const { checkpoint: resumedFrom } = await folder.readNewestState();
  const { step } = resumedFrom.training;
  expect(step).toBeGreaterThan(20);
  await train(verses, due, { folder, resumedFrom, device: await divergingAt(30 - step), clock: clockOf(1e-6) });
  expect(timeless(await readCheckpoint(folder.latestPath))).toEqual(
    timeless(await readCheckpoint(whole.folder.latestPath)),
  );
});

test('a slow run that is abandoned keeps no timed save', async () => {
  const device = await deviceThat((result, at) => (at > 30 ? { ...result, lossNats: NaN, updated: false } : result));
  const { events, folder } = await train(
    verses,
    { ...runOptions, maxRecoveries: 0 },
    { clock: clockOf(MINUTE), device },
  );
  expect(events.some(({ event }) => event === 'checkpoint')).toBe(true);
  expect(events.at(-1)).toMatchObject({ event: 'end', reason: 'diverged', checkpoint: null });
  expect(await folder.holdsRun()).toBe(false);
});

test('an interval of 0 stays off, even if the run is slow', async () => {
  const off = { ...runOptions, evaluateEvery: 0, sampleEvery: 0, checkpointEvery: 0 };
  const { events } = await train(verses, off, { clock: clockOf(MINUTE / 3) });
  expect(kindsBefore(events, 40)).toEqual(new Set(['report']));
});

test('looks are due after one minute, then at intervals of the age of the run, up to ten minutes, and saves every five', () => {
  let now = 0;
  const timetable = createTimetable(optionsOf(verses, runOptions), {} as Session, createRunState(null, 1), () => now);
  const [looks, saves]: [number[], number[]] = [[], []];
  for (; now <= 60 * MINUTE; now += MINUTE / 4) {
    if (timetable.isInterimDue) looks.push(now / MINUTE);
    if (looks.at(-1) === now / MINUTE) timetable.recordEvaluation();
    if (timetable.isTimedSaveDue) saves.push(now / MINUTE);
    if (saves.at(-1) === now / MINUTE) timetable.begin('save');
  }
  expect(looks).toEqual([1, 2, 4, 8, 16, 26, 36, 46, 56]);
  expect(saves).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]);
});
