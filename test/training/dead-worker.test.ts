// A worker thread that dies in mid-run, as one does that finds no memory.
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunFolder, readCheckpoint } from '../../src/checkpoint/store.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { newFolder, train, verses } from './fixture.ts';

const { Worker } = workerThreads;
let started: InstanceType<typeof Worker>[] = [];

beforeAll(() => {
  workerThreads.Worker = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      started.push(this);
    }
  };
  syncBuiltinESMExports();
});
afterAll(() => {
  workerThreads.Worker = Worker;
  syncBuiltinESMExports();
});

test.each([1, 2])('ends the run with an error that says so, and the steps so far saved (%d threads)', async (threads) => {
  started = [];
  const folder = await newFolder();
  const events: TrainingEvent[] = [];
  const seen = (event: TrainingEvent): void => {
    events.push(event);
    if (event.event === 'sample' && event.step === 6) void started.at(-1)!.terminate();
  };
  await expect(train(verses, { maxSteps: 500, sampleEvery: 3 }, { threads, folder, seen })).rejects.toMatchObject({ kind: 'machine', message: 'a worker thread died', hint: expect.stringContaining('--resume') });
  const last = events.at(-1);
  expect(last).toMatchObject({ event: 'checkpoint' });
  const checkpoint = await readCheckpoint(folder.latestPath);
  expect(checkpoint.training.step).toBe((last as { step: number }).step);
  expect(checkpoint.training.step).toBeGreaterThanOrEqual(6);
  // What the step that was cut off has done to the carried state nobody knows.
  expect(checkpoint.state).toEqual([]);
  folder.close();
  const again = (await RunFolder.open(folder.path))!;
  const { checkpoint: earlier } = await again.newest();
  const { events: more } = await train(verses, { maxSteps: earlier.training.step + 5 }, { threads, folder: again, earlier });
  expect(more.at(-1)).toMatchObject({ reason: 'max-steps', step: earlier.training.step + 5 });
});
