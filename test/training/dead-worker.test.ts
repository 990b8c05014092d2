// A worker thread that dies during a run, for example because it cannot allocate memory.
import { syncBuiltinESMExports } from 'node:module';
import workerThreads, { type WorkerOptions } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { RunFolder, readCheckpoint } from '../../src/runs/store.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { newFolder, timeless, train, verses } from './fixture.ts';

const { Worker } = workerThreads;
let started: InstanceType<typeof Worker>[] = [];
/** A module that threads load first. */
let sabotage: string | null = null;

beforeAll(() => {
  workerThreads.Worker = class extends Worker {
    constructor(url: string | URL, options: WorkerOptions) {
      super(
        url,
        sabotage === null
          ? options
          : { ...options, execArgv: ['--import', `data:text/javascript,${encodeURIComponent(sabotage)}`] },
      );
      started.push(this);
    }
  };
  syncBuiltinESMExports();
});
afterEach(() => {
  sabotage = null;
});
afterAll(() => {
  workerThreads.Worker = Worker;
  syncBuiltinESMExports();
});

test.each([1, 2])('ends the run with a clear error, and the steps so far are saved (%d threads)', async (threads) => {
  started = [];
  const folder = await newFolder();
  const events: TrainingEvent[] = [];
  const seen = (event: TrainingEvent): void => {
    events.push(event);
    if (event.event === 'sample' && event.step === 6) void started.at(-1)!.terminate();
  };
  await expect(
    train(verses, { maxSteps: 500, sampleEvery: 3 }, { threads, folder, stopAfter: seen }),
  ).rejects.toMatchObject({
    kind: 'machine',
    message: 'cannot continue: a worker thread died',
    hint: expect.stringContaining('--resume'),
  });
  expect(events.at(-1)).toMatchObject({
    event: 'recovery',
    reason: expect.stringContaining('the hidden state is lost'),
  });
  const last = events.at(-2);
  expect(last).toMatchObject({ event: 'checkpoint' });
  const checkpoint = await readCheckpoint(folder.latestPath);
  expect(checkpoint.training.step).toBe((last as { step: number }).step);
  expect(checkpoint.training.step).toBeGreaterThanOrEqual(6);
  // The effect of the interrupted step on the carried state is unknown.
  expect(checkpoint.state).toEqual([]);
  folder.close();
  const again = (await RunFolder.open(folder.path))!;
  const { checkpoint: resumedFrom } = await again.readNewestState();
  const { events: more } = await train(
    verses,
    { maxSteps: resumedFrom.training.step + 5 },
    { threads, folder: again, resumedFrom },
  );
  expect(more.at(-1)).toMatchObject({ reason: 'max-steps', step: resumedFrom.training.step + 5 });
});

/** Lets one of the threads die in a changed export of a module. */
const dieIn = (worker: number, changed: string): string => `
  import { workerData } from 'node:worker_threads';
  const { Instance } = WebAssembly;
  let modules = 0;
  let calls = 0;
  WebAssembly.Instance = class {
    constructor(...given) {
      const { exports } = new Instance(...given);
      if (exports.run) modules++;
      const changed = workerData.shard.worker === ${worker} ? ${changed} : {};
      this.exports = { ...exports, ...changed };
    }
  };`;
const inUpdate = `exports.update ? { update(rows, count, ...pointers) {
  if (++calls < 7) return exports.update(rows, count, ...pointers);
  exports.update(rows, count >> 1, ...pointers);
  process.exit(1);
} } : {}`;
const inEvaluation = 'exports.run && modules === 2 ? { run: () => process.exit(1) } : {}';

const runOptions = { maxSteps: 20, evaluateEvery: 9, dropout: 0.2 };

/**
 * Continues a run in which a worker died. Returns the step it continued from, and the final states
 * of this run and of an undisturbed run.
 */
async function goOn(path: string, threads: number): Promise<{ from: number; came: unknown; undisturbed: unknown }> {
  const folder = (await RunFolder.open(path))!;
  const { checkpoint: resumedFrom } = await folder.readNewestState();
  await train(verses, runOptions, { threads, folder, resumedFrom });
  const whole = await train(verses, runOptions, { threads });
  const [came, undisturbed] = await Promise.all(
    [folder, whole.folder].map(async ({ latestPath }) => timeless(await readCheckpoint(latestPath))),
  );
  return { from: resumedFrom.training.step, came, undisturbed };
}

test.each([1, 2])(
  'during an update, nothing is saved, and the run continues bit for bit from the last checkpoint (%d threads)',
  async (threads) => {
    const folder = await newFolder();
    const events: TrainingEvent[] = [];
    sabotage = dieIn(threads - 1, inUpdate);
    const device = await openCpu({ threads, kernels: 'wasm' }); // only its update can be sabotaged
    const seen = (event: TrainingEvent): void => void events.push(event);
    await expect(
      train(verses, { ...runOptions, checkpointEvery: 4 }, { device, folder, stopAfter: seen }),
    ).rejects.toMatchObject({
      kind: 'machine',
      message: 'cannot continue: a worker thread died',
    });
    sabotage = null;
    expect(events.map(({ event }) => event)).toEqual(['start', 'checkpoint']);
    folder.close();
    const { from, came, undisturbed } = await goOn(folder.path, threads);
    expect(from).toBe(4);
    expect(came).toEqual(undisturbed);
  },
);

test.each([1, 2])(
  'during an evaluation, nothing is lost, and everything is saved bit for bit (%d threads)',
  async (threads) => {
    const folder = await newFolder();
    const events: TrainingEvent[] = [];
    sabotage = dieIn(0, inEvaluation);
    await expect(
      train(verses, runOptions, { threads, folder, stopAfter: (event) => void events.push(event) }),
    ).rejects.toMatchObject({
      kind: 'machine',
      message: 'cannot continue: a worker thread died',
    });
    sabotage = null;
    expect(events.at(-1)).toMatchObject({ event: 'checkpoint', step: 9 });
    folder.close();
    const { from, came, undisturbed } = await goOn(folder.path, threads);
    expect(from).toBe(9);
    expect(came).toEqual(undisturbed);
  },
);
