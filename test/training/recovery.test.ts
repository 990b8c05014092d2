// A run that diverges returns to the last good state with half the learning rate, a limited number
// of times.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RunFolder, readCheckpoint } from '../../src/runs/store.ts';
import type { CallResult } from '../../src/devices/device.ts';
import type { EndEvent, TrainingEvent } from '../../src/training/events.ts';
import type { LoopState } from '../../src/training/record.ts';
import { deviceThat, newFolder, timeless, train, verses } from './fixture.ts';

const recoveriesOf = (events: readonly TrainingEvent[]): [number, string][] =>
  events.flatMap((event) => (event.event === 'recovery' ? [[event.step, event.reason] as [number, string]] : []));
const endOf = (events: readonly TrainingEvent[]): EndEvent => events.at(-1) as EndEvent;
const loopOf = async (path: string): Promise<LoopState> => (await readCheckpoint(path)).training.loop as LoopState;

/** Refuses the updates of these training calls. */
const refusing = (...calls: readonly number[]) =>
  deviceThat((result, call): CallResult =>
    calls.includes(call) ? { ...result, lossNats: NaN, updated: false } : result,
  );

test('a step whose loss is not a number is undone: the run continues from the last checkpoint with half the learning rate', async () => {
  const { events, folder } = await train(
    verses,
    { maxSteps: 20, checkpointEvery: 8, schedule: 'constant' },
    { device: await refusing(11) },
  );
  expect(recoveriesOf(events)).toEqual([
    [
      8,
      'the loss is not a finite number at step 10. rnn resumes from step 8 with half the learning rate (now 0.005 at its peak), recovery 1 of 3',
    ],
  ]);
  expect(events.find(({ event }) => event === 'report')).toMatchObject({ step: 20, learningRate: 0.005 });
  expect(endOf(events)).toMatchObject({ reason: 'max-steps', step: 20 });
  expect(await loopOf(folder.latestPath)).toMatchObject({ recoveries: 1, learningRateFactor: 0.5 });
});

test('without a checkpoint a run returns to the beginning, with the same initial weights', async () => {
  const given = { maxSteps: 12, dropout: 0.2, layers: 2 };
  const { events, folder } = await train(verses, given, { device: await refusing(5) });
  expect(recoveriesOf(events)).toMatchObject([[0, expect.stringMatching(/at step 4\. .* from step 0 /)]]);
  const straight = await train(verses, { ...given, learningRate: 0.005 });
  const [again, never] = [await readCheckpoint(folder.latestPath), await readCheckpoint(straight.folder.latestPath)];
  expect(again.tensors).toEqual(never.tensors);
  expect(again.optimizer).toEqual(never.optimizer);
});

/** Damages these files of the run as soon as the checkpoint of a step is saved. */
const damaging =
  (step: number, files: readonly string[], folder: RunFolder) =>
  (event: TrainingEvent): void => {
    if (event.event === 'checkpoint' && event.step === step)
      for (const file of files) writeFileSync(join(folder.path, file), 'damaged');
  };

test('a run whose checkpoints cannot be read ends with the reason, and its files do not change', async () => {
  const folder = await newFolder();
  const files = ['latest.json', 'previous.json', 'step-000000008.json'];
  const seen = damaging(8, [...files, 'step-000000004.json'], folder);
  const run = train(
    verses,
    { maxSteps: 20, checkpointEvery: 4, keep: 2, schedule: 'constant' },
    { device: await refusing(11), folder, stopAfter: seen },
  );
  await expect(run).rejects.toMatchObject({
    kind: 'checkpoint',
    message: expect.stringMatching(
      /^cannot recover \(the loss is not a finite number at step 10\): cannot continue the run in .*: .*latest\.json .*, and no other checkpoint in it can be read$/,
    ),
    hint: expect.any(String),
  });
  for (const file of files) expect(readFileSync(join(folder.path, file), 'utf8')).toBe('damaged');
  expect(readFileSync(folder.logPath, 'utf8')).toContain('"event":"checkpoint","step":8');
});

test('a run whose newest checkpoint cannot be read returns to the previous checkpoint, and reports why', async () => {
  const folder = await newFolder();
  const { events } = await train(
    verses,
    { maxSteps: 20, checkpointEvery: 4, schedule: 'constant' },
    { device: await refusing(11), folder, stopAfter: damaging(8, ['latest.json'], folder) },
  );
  expect(recoveriesOf(events)).toEqual([
    [
      4,
      expect.stringMatching(
        / at step 10\. rnn resumes from step 4 of .*previous\.json, because .*latest\.json is not a checkpoint.* with half the learning rate/,
      ),
    ],
  ]);
  expect(endOf(events)).toMatchObject({ reason: 'max-steps', step: 20 });
});

test('a run does not begin again because its folder was removed', async () => {
  const folder = await newFolder();
  const run = train(
    verses,
    { maxSteps: 20, checkpointEvery: 8 },
    {
      device: await refusing(11),
      folder,
      stopAfter: ({ event }) => {
        if (event === 'checkpoint') rmSync(folder.path, { recursive: true });
      },
    },
  );
  await expect(run).rejects.toMatchObject({
    kind: 'checkpoint',
    message: expect.stringMatching(/ at step 10\): checkpoint not found: /),
  });
});

test('a step whose loss jumps is undone', async () => {
  const device = await deviceThat((result, call) =>
    call > 70 && call < 80 ? { ...result, lossNats: 5 * result.lossNats } : result,
  );
  const { events } = await train(verses, { maxSteps: 110, checkpointEvery: 20 }, { device });
  expect(recoveriesOf(events)[0]).toMatchObject([
    60,
    expect.stringMatching(/^the loss jumped from [\d.]+ to [\d.]+ nats at step 7\d\. .* from step 60 /),
  ]);
  expect(endOf(events)).toMatchObject({ reason: 'max-steps', step: 110 });
});

test('a run that diverges again and again is abandoned, and its saved state does not change', async () => {
  const given = { maxSteps: 20, checkpointEvery: 8, maxRecoveries: 2 };
  const { events, folder } = await train(verses, given, { device: await refusing(10, 13, 15) });
  expect(recoveriesOf(events).at(-1)).toEqual([
    9,
    'the loss is not a finite number, and --max-recoveries is 2: rnn abandons the run',
  ]);
  expect(endOf(events)).toMatchObject({
    reason: 'diverged',
    checkpoint: folder.latestPath,
    peakLearningRate: 0.01 / 4,
  });
  expect((await readCheckpoint(folder.latestPath)).training.step).toBe(8);
  const none = await train(verses, { ...given, maxRecoveries: 0 }, { device: await refusing(2) });
  expect(recoveriesOf(none.events)).toEqual([
    [1, 'the loss is not a finite number, and --max-recoveries is 0: rnn abandons the run'],
  ]);
  expect(endOf(none.events)).toMatchObject({ reason: 'diverged', checkpoint: null });
});

test('the log has the lines that led to the state of the run, and a line about the recovery', async () => {
  const { folder } = await train(
    verses,
    { maxSteps: 12, checkpointEvery: 4, evaluateEvery: 5 },
    { device: await refusing(7) },
  );
  const lines = readFileSync(folder.logPath, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; step: number });
  expect(lines.map(({ event, step }) => [event, step]).filter(([event]) => event !== 'report')).toEqual([
    ['start', 0],
    ['checkpoint', 4],
    ['recovery', 4],
    ['evaluation', 5],
    ['checkpoint', 8],
    ['evaluation', 10],
    ['evaluation', 12],
    ['checkpoint', 12],
    ['end', 12],
  ]);
});

test('on another text a run that returns to its old checkpoint forgets the losses of the old text', async () => {
  const { folder } = await train(verses, { maxSteps: 20 });
  const { checkpoint: resumedFrom } = await folder.readNewestState();
  const other = { ...verses, digest: 'other', sourcesDigest: 'other' };
  const { events } = await train(other, { maxSteps: 30 }, { folder, resumedFrom, device: await refusing(4) });
  expect(recoveriesOf(events)).toMatchObject([[20, expect.stringMatching(/at step 23\. .* from step 20 /)]]);
  expect(await loopOf(folder.latestPath)).toMatchObject({ trend: { steps: 10 } });
});

test('a run that is killed after a recovery repeats the recovery when it resumes, with the same weights', async () => {
  // Diverges at this learning rate without a fault in the device.
  const given = {
    cell: 'rnn-relu',
    hidden: 64,
    batchSize: 4,
    maxSteps: 60,
    checkpointEvery: 3,
    evaluateEvery: 4,
    optimizer: 'sgd',
    learningRate: 1.5,
    clipNorm: 0,
    schedule: 'constant',
    maxRecoveries: 9,
  } as const;
  const whole = await train(verses, given);
  expect(recoveriesOf(whole.events).length).toBeGreaterThan(0);
  const killed = await train(verses, given, { stopAfter: ({ event }) => event === 'recovery' });
  killed.folder.close();
  const folder = (await RunFolder.open(killed.folder.path)) ?? (await RunFolder.create(killed.folder.path));
  const resumedFrom = (await RunFolder.holdsRun(folder.path)) ? (await folder.readNewestState()).checkpoint : null;
  const again = await train(verses, given, { folder, resumedFrom });
  expect(timeless(await readCheckpoint(again.folder.latestPath))).toEqual(
    timeless(await readCheckpoint(whole.folder.latestPath)),
  );
});

// Clipped gradients and saturated gates keep even a loss of 1e30 finite. Only learning rates near
// the maximum of float32 give infinities immediately.
test.each([
  ['sgd', 1e38],
  ['adam', 1e37],
  ['rmsprop', 1e37],
] as const)(
  '%s with a learning rate of %d ends as diverged, with no checkpoint in which a weight is not finite',
  async (optimizer, learningRate) => {
    const { events, folder } = await train(verses, {
      maxSteps: 50,
      learningRate,
      schedule: 'constant',
      optimizer,
      checkpointEvery: 1,
      evaluateEvery: 1,
    });
    expect(endOf(events)).toMatchObject({ reason: 'diverged' });
    expect(recoveriesOf(events)).toHaveLength(4);
    const saved = (await RunFolder.holdsRun(folder.path)) ? (await folder.readNewestState()).checkpoint.tensors : [];
    expect(saved.length > 0).toBe(endOf(events).checkpoint !== null);
    expect(saved.filter(({ data }) => data.some((x) => !Number.isFinite(x)))).toEqual([]);
  },
);
