// A disk that fails during a run.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RunFolder, readCheckpoint } from '../../src/runs/store.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { newFolder, train, verses } from './fixture.ts';

const reasonsOf = (events: readonly TrainingEvent[]): string[] =>
  events.flatMap((event) => (event.event === 'recovery' ? [event.reason] : []));

/**
 * A folder in the place of a file: writing the file or renaming another onto it fails, even for
 * root.
 */
function obstruct(path: string): () => void {
  rmSync(path, { force: true });
  mkdirSync(path);
  writeFileSync(`${path}/full`, '');
  return () => rmSync(path, { recursive: true });
}

test('training continues while checkpoints cannot be written, and reports the failure and its end once each', async () => {
  const folder = await newFolder();
  let free = obstruct(folder.previousPath);
  const seen = (event: TrainingEvent): void => {
    if (event.event === 'sample' && (event.step === 10 || event.step === 20)) free();
    if (event.event === 'checkpoint' && event.step === 12) free = obstruct(folder.previousPath);
  };
  const { events } = await train(
    verses,
    { maxSteps: 24, checkpointEvery: 3, sampleEvery: 10 },
    { folder, stopAfter: seen },
  );
  const [failed, works] = [
    expect.stringMatching(
      /^cannot write .*previous\.json: .*\. Training continues, and rnn tries again at the next checkpoint$/,
    ),
    `${folder.latestPath} can be written again`,
  ];
  expect(reasonsOf(events)).toEqual([failed, works, failed, works]);
  expect(events.flatMap((event) => (event.event === 'checkpoint' ? [event.step] : []))).toEqual([3, 12, 21, 24]);
});

test('a snapshot that cannot be saved is reported once, and the checkpoint is saved', async () => {
  const folder = await newFolder();
  const free = [3, 6].map((step) => obstruct(`${folder.path}/step-00000000${step}.json`));
  const { events } = await train(
    verses,
    { maxSteps: 9, checkpointEvery: 3, keep: 2 },
    {
      folder,
      stopAfter: (event) => {
        if (event.event === 'checkpoint' && event.step === 6) free.forEach((act) => act());
      },
    },
  );
  expect(reasonsOf(events)).toEqual([
    expect.stringMatching(
      /^cannot write .*step-000000003\.json: .*\. .*latest\.json is saved, and training continues$/,
    ),
    `snapshots in ${folder.path} can be written again`,
  ]);
  expect(events.flatMap((event) => (event.event === 'checkpoint' ? [event.step] : []))).toEqual([3, 6, 9]);
});

test('a last state that cannot be saved is an error that names the saved step', async () => {
  const folder = await newFolder();
  const events: TrainingEvent[] = [];
  const run = train(
    verses,
    { maxSteps: 8, checkpointEvery: 3 },
    {
      folder,
      stopAfter: (event) => {
        events.push(event);
        if (event.event === 'checkpoint' && event.step === 6) obstruct(folder.previousPath);
      },
    },
  );
  await expect(run).rejects.toMatchObject({
    kind: 'machine',
    message: expect.stringMatching(
      /^cannot save the last state, of step 8: .* \(the newest saved state is of step 6\)$/,
    ),
    hint: expect.any(String),
  });
  expect((await readCheckpoint(folder.latestPath)).training.step).toBe(6);
});

test('the best loss does not change if the best state cannot be saved', async () => {
  const folder = await newFolder();
  const free = obstruct(folder.bestPath);
  const { events } = await train(
    verses,
    { maxSteps: 40, evaluateEvery: 10, learningRate: 0.02 },
    {
      folder,
      stopAfter: (event) => {
        if (event.event === 'evaluation' && event.step === 20) free();
      },
    },
  );
  expect(reasonsOf(events)).toEqual([
    expect.stringMatching(/cannot write .*best\.json: /),
    `${folder.bestPath} can be written again`,
  ]);
  const losses = events.flatMap((event) => (event.event === 'evaluation' ? [event.validationLossNats] : []));
  expect(events.at(-1)).toMatchObject({ bestValidationLossNats: Math.min(...losses.slice(2)) });
  expect((await readCheckpoint(folder.bestPath)).training.bestValidationLossNats).toBe(Math.min(...losses.slice(2)));
});

test('a log that cannot be written is reported once each time, and continues when it can be written again', async () => {
  const folder = await newFolder();
  let free = obstruct(folder.logPath);
  const { events } = await train(
    verses,
    { maxSteps: 20, checkpointEvery: 2 },
    {
      folder,
      stopAfter: (event) => {
        if (event.event !== 'checkpoint') return;
        if (event.step === 6 || event.step === 16) free();
        if (event.step === 10) free = obstruct(folder.logPath);
      },
    },
  );
  const [failed, works] = [
    expect.stringMatching(/cannot write .*log\.jsonl: .*\. Training continues$/),
    `${folder.logPath} can be written again`,
  ];
  expect(reasonsOf(events)).toEqual([failed, works, failed, works]);
  expect(
    readFileSync(folder.logPath, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
      .at(-1),
  ).toMatchObject({ event: 'end', step: 20 });
});

test('a run folder that is removed is created again', async () => {
  const folder = await newFolder();
  const { events } = await train(
    verses,
    { maxSteps: 9, checkpointEvery: 3 },
    {
      folder,
      stopAfter: (event) => {
        if (event.event === 'checkpoint' && event.step === 3) rmSync(folder.path, { recursive: true });
      },
    },
  );
  expect(events.at(-1)).toMatchObject({ reason: 'max-steps', step: 9, checkpoint: folder.latestPath });
  expect((await readCheckpoint(folder.latestPath)).training.step).toBe(9);
  folder.close();
  expect(existsSync(`${folder.path}/lock.json`)).toBe(false);
});

test('a run whose lock is removed writes nothing more, and says how to continue', async () => {
  const folder = await newFolder();
  const run = train(
    verses,
    { maxSteps: 9, checkpointEvery: 3, evaluateEvery: 2 },
    {
      folder,
      stopAfter: (event) => {
        if (event.event === 'checkpoint' && event.step === 3) rmSync(`${folder.path}/lock.json`);
      },
    },
  );
  await expect(run).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('took it over'),
    hint: expect.stringContaining('use --resume if lock.json was only removed'),
  });
  expect((await readCheckpoint(folder.latestPath)).training.step).toBe(3);
});

test('a run whose folder another process took it over writes nothing more', async () => {
  const folder = await newFolder();
  const run = train(
    verses,
    { maxSteps: 9, checkpointEvery: 3 },
    {
      folder,
      stopAfter: (event) => {
        if (event.event === 'checkpoint' && event.step === 3)
          writeFileSync(
            `${folder.path}/lock.json`,
            JSON.stringify({ token: 'theirs', pid: process.ppid, host: 'elsewhere', since: 'now' }),
          );
      },
    },
  );
  await expect(run).rejects.toMatchObject({ kind: 'busy', message: expect.stringContaining('took it over') });
  expect((await readCheckpoint(folder.latestPath)).training.step).toBe(3);
  await expect(RunFolder.create(folder.path, { force: true })).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('on elsewhere'),
  });
});
