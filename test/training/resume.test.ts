// A run that was interrupted continues as if it had not been.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Checkpoint, RunFolder, readCheckpoint } from '../../src/runs/store.ts';
import type { Corpus } from '../../src/corpus/read.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { prepareTraining } from '../../src/training/train.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { isEverything } from '../everything.ts';
import { defaultSettings, newFolder, optionsOf, timeless, train, verses } from './fixture.ts';

type Surroundings = NonNullable<Parameters<typeof train>[2]>;

/**
 * Another process opens the folder and continues from the files. A run without a checkpoint starts
 * again.
 */
async function goOn(
  folder: RunFolder,
  given: Partial<TrainingOptions>,
  surroundings: Surroundings = {},
  corpus: Corpus = verses,
): Promise<Awaited<ReturnType<typeof train>> & { readonly from: Checkpoint | null }> {
  folder.close();
  const again = await RunFolder.open(folder.path);
  if (again === null)
    return {
      ...(await train(corpus, given, { ...surroundings, folder: await RunFolder.create(folder.path) })),
      from: null,
    };
  const { checkpoint } = await again.readNewestState();
  return {
    ...(await train(corpus, given, { ...surroundings, resumedFrom: checkpoint, folder: again })),
    from: checkpoint,
  };
}

const checkpointsOf = async ({ latestPath, bestPath }: RunFolder): Promise<unknown> => ({
  latest: timeless(await readCheckpoint(latestPath)),
  best: timeless(await readCheckpoint(bestPath)),
});

/** Losses and samples in the log. */
const logOf = ({ logPath }: RunFolder): unknown[] =>
  readFileSync(logPath, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TrainingEvent)
    .filter(({ event }) => event === 'evaluation' || event === 'sample');

const at =
  (kind: TrainingEvent['event'], step: number) =>
  (event: TrainingEvent): boolean =>
    event.event === kind && 'step' in event && event.step === step;

const dropped = { layers: 2, dropout: 0.3, evaluateEvery: 7, checkpointEvery: 4, sampleEvery: 5 } as const;
const runs: readonly Partial<TrainingOptions>[] = [
  { ...dropped, maxSteps: 30 },
  { ...dropped, epochs: 2.3, schedule: 'step', decay: 0.5 },
  { ...dropped, cell: 'gru', maxSteps: 30, optimizer: 'rmsprop', schedule: 'exponential' },
  {
    ...dropped,
    maxSteps: 30,
    optimizer: 'adagrad',
    learningRate: 0.5,
    schedule: 'plateau',
    decay: 0.7,
    evaluateEvery: 2,
    clipValue: 0.01,
    weightDecay: 0.1,
  },
  { ...dropped, maxSteps: 45, randomOffset: true, randomLength: true, schedule: 'one-cycle' },
  { ...dropped, maxSteps: 30, average: 0.9, accumulate: 3, orthogonalEvery: 6 },
  { ...dropped, cell: 'rnn', maxSteps: 40, optimizer: 'sgd', learningRate: 0.1, patience: 2 },
];

describe.each([
  [1, runs],
  [2, runs.slice(0, 1)],
] as const)('on %d threads', (threads, given) => {
  /** Trained once for each of the options. */
  const wholes = new Map<Partial<TrainingOptions>, ReturnType<typeof train>>();
  const wholeOf = (options: Partial<TrainingOptions>): ReturnType<typeof train> => {
    const whole = wholes.get(options) ?? train(verses, options, { threads });
    wholes.set(options, whole);
    return whole;
  };

  // Without RNN_TEST=all, one thread leaves out the first combination, and all every other one.
  const first = threads === 1 ? 2 : 0;
  test.each(given.filter((_, index) => isEverything || (index >= first && index % 2 === 0)))(
    'a run (%o) that is killed repeatedly ends with the same weights, bit for bit',
    async (given) => {
      const whole = await wholeOf(given);
      let { folder } = await train(verses, given, { threads, stopAfter: at('sample', 5) });
      for (const kill of [at('checkpoint', 4), at('evaluation', 7), at('sample', 15), at('checkpoint', 20)])
        ({ folder } = await goOn(folder, given, { threads, stopAfter: kill }));
      const last = await goOn(folder, given, { threads });
      expect(last.events.at(-1)).toMatchObject({ event: 'end', step: (whole.events.at(-1) as { step: number }).step });
      expect(await checkpointsOf(last.folder)).toEqual(await checkpointsOf(whole.folder));
      expect(logOf(last.folder)).toEqual(logOf(whole.folder));
    },
  );

  // Other cells change nothing about stopping. Without RNN_TEST=all there are two
  // of these runs, with combinations that no killed run has.
  test.each(given.filter(({ cell }, index) => cell === undefined && (isEverything || index % 4 === 1)))(
    'a run (%o) that is stopped at any step and resumed ends with the same weights',
    async (given) => {
      const whole = await wholeOf(given);
      const stopAt = (kind: TrainingEvent['event'], step: number): Surroundings => {
        const controller = new AbortController();
        return {
          threads,
          signal: controller.signal,
          stopAfter: (event) => void (at(kind, step)(event) && controller.abort()),
        };
      };
      let { folder } = await train(verses, given, stopAt('sample', 5));
      for (const [kind, step] of [
        ['evaluation', 7],
        ['sample', 10],
        ['checkpoint', 20],
      ] as const)
        ({ folder } = await goOn(folder, given, stopAt(kind, step)));
      const last = await goOn(folder, given, { threads });
      expect(await checkpointsOf(last.folder)).toEqual(await checkpointsOf(whole.folder));
      expect(logOf(last.folder)).toEqual(logOf(whole.folder));
    },
  );
});

test('a run that is killed when only its best state is saved continues from it, bit for bit, until everything is done', async () => {
  const given = { ...dropped, maxSteps: 30, evaluateEvery: 5, sampleEvery: 10, checkpointEvery: 0, keep: 1 };
  const whole = await train(verses, given);
  let { folder } = await train(verses, given, { stopAfter: at('evaluation', 5) });
  for (const kill of [at('sample', 10), at('evaluation', 15), at('evaluation', 30)]) {
    const ran = await goOn(folder, given, { stopAfter: kill });
    expect(ran.from).toMatchObject({ training: { step: expect.any(Number) } });
    ({ folder } = ran);
  }
  expect((await readCheckpoint(folder.bestPath)).training.step).toBe(30);
  const last = await goOn(folder, given);
  expect(last.from).toMatchObject({ training: { step: 30 } });
  expect(last.events.map(({ event }) => event)).toEqual(['start', 'sample', 'checkpoint', 'end']);
  expect(await checkpointsOf(last.folder)).toEqual(await checkpointsOf(whole.folder));
  expect(logOf(last.folder)).toEqual(logOf(whole.folder));
});

test('a run that is killed as soon as its best state is saved has that evaluation in its log', async () => {
  const given = { ...dropped, maxSteps: 10, evaluateEvery: 5, sampleEvery: 0, checkpointEvery: 0 };
  const whole = await train(verses, given);
  const folder = await newFolder();
  const save = folder.saveBest.bind(folder);
  const killed = new Error('killed');
  folder.saveBest = async (checkpoint) => {
    await save(checkpoint);
    folder.saveLatest = () => Promise.reject(killed);
    throw killed;
  };
  await expect(train(verses, given, { folder })).rejects.toBe(killed);
  const last = await goOn(folder, given);
  expect(last.from).toMatchObject({ training: { step: 5 } });
  expect(await checkpointsOf(last.folder)).toEqual(await checkpointsOf(whole.folder));
  expect(logOf(last.folder)).toEqual(logOf(whole.folder));
});

test('an evaluation that a signal prevented is done later, and counts for patience', async () => {
  const given = { maxSteps: 40, evaluateEvery: 3, checkpointEvery: 5 };
  const controller = new AbortController();
  const { folder, events } = await train(
    verses,
    { ...given, sampleEvery: 5 },
    { signal: controller.signal, stopAfter: (event) => void (at('sample', 5)(event) && controller.abort()) },
  );
  expect(events.at(-1)).toMatchObject({ reason: 'signal', step: 5 });
  const stopped = await goOn(
    folder,
    { ...given, evaluateEvery: 5 },
    { stopAfter: ({ event }) => event === 'evaluation' },
  );
  expect(stopped.events.at(-1)).toMatchObject({ event: 'evaluation', step: 5 });
});

test('a run that is over only reports that, and continues if it is made longer', async () => {
  const given = { maxSteps: 6, evaluateEvery: 3 };
  const { folder } = await train(verses, given);
  const before = await readCheckpoint(folder.latestPath);
  const again = await goOn(folder, given);
  expect(again.events.map(({ event }) => event)).toEqual(['start', 'end']);
  expect(again.events.at(-1)).toMatchObject({ reason: 'finished', step: 6, checkpoint: folder.latestPath });
  expect(await readCheckpoint(folder.latestPath)).toEqual(before);
  const longer = await goOn(again.folder, { ...given, maxSteps: 9 });
  expect(longer.events[0]).toMatchObject({ event: 'start', step: 6, totalSteps: 9 });
  expect(longer.events.at(-1)).toMatchObject({ reason: 'max-steps', step: 9 });
});

test('times add up over invocations, and so does the time of --budget', async () => {
  const { folder } = await train(verses, { maxSteps: 6 });
  const { elapsedMs, trainingMs } = (await readCheckpoint(folder.latestPath)).training.loop as {
    elapsedMs: number;
    trainingMs: number;
  };
  expect(trainingMs).toBeGreaterThan(0);
  const spent = await goOn(folder, { budgetMs: trainingMs / 2, maxSteps: undefined });
  expect(spent.events.at(-1)).toMatchObject({ reason: 'finished', step: 6 });
  const longer = await goOn(spent.folder, { maxSteps: 7 });
  expect(longer.events.at(-1)).toHaveProperty('elapsedMs', expect.any(Number));
  expect((longer.events.at(-1) as { elapsedMs: number }).elapsedMs).toBeGreaterThan(elapsedMs);
});

/** The notes when a run continues with other settings, and the epoch of its first step. */
async function changed(
  given: Partial<TrainingOptions>,
  corpus: Corpus = verses,
): Promise<{ notes: readonly string[]; events: readonly TrainingEvent[]; from: Checkpoint }> {
  const { folder } = await train(verses, { maxSteps: 25 });
  const { checkpoint } = await folder.readNewestState();
  const run = await prepareTraining({
    ...defaultSettings,
    options: optionsOf(corpus, { maxSteps: 30, ...given }),
    corpus,
    device: await openCpu({ threads: 1 }),
    resumedFrom: checkpoint,
  });
  const events: TrainingEvent[] = [];
  for await (const event of run.train(folder)) events.push(event);
  await run.close();
  return { notes: run.notes, events, from: checkpoint };
}

const reportOf = (events: readonly TrainingEvent[]): Extract<TrainingEvent, { event: 'report' }> =>
  events.find((event) => event.event === 'report')!;

test('with another batch size or sequence length a run continues at the same part of the text', async () => {
  const { notes, events, from } = await changed({ batchSize: 4, sequenceLength: 20 });
  expect(notes).toEqual([
    'the text is cut into other windows, so the run continues at the same part of it, from a zero state',
  ]);
  const { epoch } = reportOf(events);
  expect(from.training.epoch).toBe(1.25);
  expect(epoch).toBeCloseTo(1.25 + 5 / Math.floor(Math.floor((verses.train.length - 1) / 4) / 20), 1);
});

test('with random windows, or another seed of them, a run continues at the same part of the text', async () => {
  const note = 'the text is cut into other windows, so the run continues at the same part of it, from a zero state';
  expect((await changed({ randomOffset: true })).notes).toEqual([note]);
  expect((await changed({ randomLength: true })).notes).toEqual([note]);
  const { folder } = await train(verses, { maxSteps: 5, randomLength: true });
  const { checkpoint } = await folder.readNewestState();
  const notesOf = async (seed: number): Promise<readonly string[]> => {
    const run = await prepareTraining({
      ...defaultSettings,
      options: optionsOf(verses, { maxSteps: 9, randomLength: true, seed }),
      corpus: verses,
      device: await openCpu({ threads: 1 }),
      resumedFrom: checkpoint,
    });
    await run.close();
    return run.notes;
  };
  expect([await notesOf(1), await notesOf(2)]).toEqual([[], [note]]);
});

test('with another optimizer its averages begin at zero, and the steps of the run continue', async () => {
  const { notes, events } = await changed({ optimizer: 'rmsprop', learningRate: 0.001 });
  expect(notes).toEqual(['the optimizer has changed, so it starts without the state of adam']);
  expect(events.at(-1)).toMatchObject({ reason: 'max-steps', step: 30 });
});

test('on another text the run looks for the best loss again', async () => {
  const idsOf = (text: string): Uint8Array => Uint8Array.from(verses.vocabulary.encode(text));
  const corpus = {
    ...verses,
    digest: 'other',
    sourcesDigest: 'other',
    train: idsOf('the fox and the dog '.repeat(60)),
    validation: idsOf('the quick fox sleeps '.repeat(3)),
  };
  const { notes, events } = await changed({}, corpus);
  expect(notes).toEqual([]);
  expect(events.filter(({ event }) => event === 'evaluation')).toMatchObject([{ best: true }]);
});

test('with another validation text a run continues at its position, to the same weights', async () => {
  const corpus = { ...verses, digest: 'other', validation: verses.validation.subarray(0, 100) };
  const { folder } = await train(verses, { maxSteps: 25 });
  const { checkpoint } = await folder.readNewestState();
  const { events } = await train(corpus, { maxSteps: 30 }, { folder, resumedFrom: checkpoint });
  expect(events.filter(({ event }) => event === 'evaluation')).toMatchObject([{ best: true }]);
  // As if nothing had changed.
  const same = await train(verses, { maxSteps: 25 });
  const kept = await train(
    verses,
    { maxSteps: 30 },
    { folder: same.folder, resumedFrom: (await same.folder.readNewestState()).checkpoint },
  );
  expect((await readCheckpoint(folder.latestPath)).tensors).toEqual(
    (await readCheckpoint(kept.folder.latestPath)).tensors,
  );
});

test('a checkpoint that does not belong to this run is refused before anything is written', async () => {
  const { folder } = await train(verses, { maxSteps: 5 });
  const { checkpoint } = await folder.readNewestState();
  const [first, ...rest] = checkpoint.optimizer!.tensors;
  const wrong: [Partial<Checkpoint>, RegExp][] = [
    [{ optimizer: { ...checkpoint.optimizer!, tensors: rest } }, /its optimizer is not adam for/],
    [
      { optimizer: { ...checkpoint.optimizer!, tensors: [{ ...first, data: first.data.slice(1) }, ...rest] } },
      /its optimizer is not adam for/,
    ],
    [{ optimizer: { ...checkpoint.optimizer!, scalars: {} } }, /its optimizer is not adam for/],
    [{ state: checkpoint.state.slice(1) }, /its carried state belongs to another model/],
    [{ tensors: checkpoint.tensors.slice(1) }, /^tensor layer0.Wx is missing/],
    [
      { training: { ...checkpoint.training, position: { epoch: 0, window: 999 } } },
      /its position is window 999, and the text has only 20/,
    ],
    [{ training: { ...checkpoint.training, loop: undefined } }, /training\.loop is missing/],
    [
      { training: { ...checkpoint.training, corpus: { ...(checkpoint.training.corpus as object), train: -1 } } },
      /training\.corpus\.train is -1/,
    ],
    [
      { training: { ...checkpoint.training, corpus: { ...(checkpoint.training.corpus as object), sourcesDigest: 7 } } },
      /training\.corpus\.sourcesDigest is 7/,
    ],
  ];
  for (const [change, message] of wrong) {
    const prepared = prepareTraining({
      ...defaultSettings,
      options: optionsOf(verses, { maxSteps: 9 }),
      corpus: verses,
      device: await openCpu({ threads: 1 }),
      resumedFrom: { ...checkpoint, ...change },
    });
    await expect(prepared.then(async (run) => run.close())).rejects.toMatchObject({
      kind: 'checkpoint',
      message: expect.stringMatching(message),
    });
  }
});
