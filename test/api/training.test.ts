import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  Corpus,
  type TrainRequest,
  type TrainingUpdate,
  openModel,
  planTraining,
  readRuns,
  train,
} from '../../src/index.ts';
import { allOf, newFolder, small, timeless, verse } from './fixture.ts';

const weightsOf = async (request: TrainRequest): Promise<number[]> => {
  const run = train(request);
  await run.finished();
  return (await run.trained('latest')).tensors.flatMap(({ data }) => [...data]);
};

describe('a training run', () => {
  it('reports its choices and its progress from start to end', async () => {
    const updates = await allOf(train({ ...small, hidden: undefined }));
    const kinds = updates.map(({ event }) => event);
    expect(kinds.slice(0, 2)).toEqual(['note', 'start']);
    expect(updates[0]).toMatchObject({ text: expect.stringMatching(/--hidden \d+/) });
    expect(kinds).toEqual(expect.arrayContaining(['report', 'evaluation', 'sample', 'checkpoint']));
    expect(updates.at(-1)).toMatchObject({ event: 'end', reason: 'max-steps', step: 40, checkpoint: 'memory:latest' });
  });

  it('writes files only if it has a folder, and returns the model in both cases', async () => {
    const folder = newFolder();
    const here = readdirSync('.');
    const [kept, written] = [train(small), train({ ...small, out: join(folder, 'run') })];
    const ends = [await kept.finished(), await written.finished()];
    expect(readdirSync('.')).toEqual(here);
    expect(readdirSync(join(folder, 'run')).toSorted()).toEqual([
      'best.json',
      'latest.json',
      'log.jsonl',
      'previous.json',
    ]);
    expect(ends[0].bestValidationLossNats).toBe(ends[1].bestValidationLossNats);
    for (const which of ['best', 'latest'] as const)
      expect((await kept.trained(which)).tensors).toEqual((await written.trained(which)).tensors);
  });

  it('is the same at the same time as another run as alone', async () => {
    const requests = [small, { ...small, cell: 'gru', seed: 2 }] as const;
    const alone = [];
    for (const request of requests)
      alone.push({ events: timeless(await allOf(train(request))), weights: await weightsOf(request) });
    const together = await Promise.all(
      requests.map(async (request) => {
        const [events, weights] = await Promise.all([allOf(train(request)), weightsOf(request)]);
        return { events: timeless(events), weights };
      }),
    );
    expect(together).toEqual(alone);
  });

  it.each(['left', 'aborted'] as const)('that is %s is saved, and resumes to the same weights', async (how) => {
    const out = join(newFolder(), 'run');
    const controller = new AbortController();
    const seen: TrainingUpdate[] = [];
    for await (const update of train({ ...small, out, signal: controller.signal })) {
      seen.push(update);
      if (update.event !== 'evaluation') continue;
      if (how === 'left') break;
      controller.abort();
    }
    expect(seen.at(-1)).toMatchObject(how === 'aborted' ? { event: 'end', reason: 'signal' } : { event: 'evaluation' });
    expect(existsSync(join(out, 'latest.json'))).toBe(true);
    expect(existsSync(join(out, 'lock.json'))).toBe(false);
    const [run] = await readRuns(out);
    expect(run.curves.end).toBe('signal');

    const rest = train({ ...small, out, resume: true });
    const updates = await allOf(rest);
    expect(updates).toContainEqual({ event: 'note', text: expect.stringMatching(/^resuming .* at step \d+$/) });
    expect((await rest.trained('latest')).tensors.flatMap(({ data }) => [...data])).toEqual(await weightsOf(small));
    // The run is over by now.
    expect((await allOf(train({ ...small, out, resume: true }))).at(-1)).toMatchObject({
      event: 'end',
      reason: 'finished',
      step: 40,
    });
  });

  it('starts from the weights of another run, on a text with more characters', async () => {
    const first = train(small);
    await first.finished();
    const trained = await first.trained();
    const corpus = await Corpus.fromText(`${verse} Q!`.repeat(2), { known: trained.vocabulary });
    expect(corpus.vocabulary.size).toBe(trained.vocabulary.symbols.length + 2);
    const { hidden: _, layers: __, ...rest } = small;
    const second = train({ ...rest, corpus, initFrom: trained });
    await second.finished();
    expect((await second.trained()).model).toMatchObject({ hidden: 16, vocabulary: corpus.vocabulary.size });
    await expect(
      train({ ...small, corpus: await Corpus.fromText('another text'.repeat(100)), initFrom: trained }).finished(),
    ).rejects.toThrow('differs from the model');
  });

  it('is refused with the reason and the kind of the error', async () => {
    expect(() => train({ ...small, hiden: 3 } as TrainRequest)).toThrow(
      expect.objectContaining({ kind: 'usage', message: 'option not found: hiden', hint: 'did you mean hidden?' }),
    );
    expect(() => train({ ...small, resume: true })).toThrow(expect.objectContaining({ kind: 'usage' }));
    await expect(train({ ...small, corpus: join(newFolder(), 'nothing.txt') }).finished()).rejects.toMatchObject({
      name: 'RnnError',
      kind: 'corpus',
    });
    await expect(train({ ...small, device: 'abacus' }).finished()).rejects.toMatchObject({ kind: 'device' });
    const corpus = await Corpus.fromText(verse);
    expect(() => train({ ...small, corpus, minCount: 2 })).toThrow('was read already');
    const run = train(small);
    await expect(run.trained()).rejects.toMatchObject({ kind: 'checkpoint' });
    await run.finished();
    await expect(run.finished()).rejects.toThrow('cannot iterate over a run twice');
  });

  it.each([
    [{ threads: 0.5 }, 'threads is 0.5: expected a whole number from 1 to 65,536, or null'],
    [{ level: 'word' }, 'level is "word": expected one of char, byte'],
    [{ unit: 'word' }, 'unit is "word": expected one of char, byte'],
    [{ level: 'byte', unit: 'byte' }, 'level and unit are the same option'],
    [{ device: 3 }, 'device is 3: expected the name of a device, or null'],
    [{ include: '*.txt' }, 'include is "*.txt": expected a list of texts'],
    [{ hidden: 'many' }, 'hidden is "many": expected a whole number from 1 to 1,048,576'],
  ])('is refused with %j, which a JavaScript program may pass', async (given, message) => {
    const refusal = { kind: 'usage', message };
    await expect(
      (async () => train({ ...small, ...given } as unknown as TrainRequest).finished())(),
    ).rejects.toMatchObject(refusal);
  });

  it('ends at once if its signal was aborted before, and releases its folder if the caller leaves before the first step', async () => {
    const aborted = await allOf(train({ ...small, signal: AbortSignal.abort() }));
    expect(aborted.at(-1)).toMatchObject({ event: 'end', reason: 'signal', step: 0 });
    const out = join(newFolder(), 'run');
    for await (const { event } of train({ ...small, hidden: undefined, out })) if (event === 'note') break;
    expect(readdirSync(out)).toEqual([]);
    expect(await train({ ...small, out }).finished()).toMatchObject({ step: 40 });
  });

  it('locks its folder, also within one process', async () => {
    const out = join(newFolder(), 'run');
    for await (const { event } of train({ ...small, out })) {
      if (event !== 'start') continue;
      for (const how of [{ force: true }, { resume: true }, {}])
        await expect(train({ ...small, out, ...how }).finished()).rejects.toMatchObject({ kind: 'busy' });
    }
  });

  it('does not replace an existing run', async () => {
    const out = join(newFolder(), 'run');
    await train({ ...small, out, maxSteps: 1 }).finished();
    await expect(train({ ...small, out }).finished()).rejects.toMatchObject({ kind: 'usage' });
    expect(await train({ ...small, out, force: true, maxSteps: 2 }).finished()).toMatchObject({ step: 2 });
  });
});

describe('a plan', () => {
  it('has every option and its source, and creates nothing', async () => {
    const plan = await planTraining({ corpus: { text: verse }, preset: 'karpathy-2015', layers: 3 });
    expect(plan.options).toMatchObject({ layers: 3, hidden: 512, seed: 1 });
    expect(plan.sources).toMatchObject({
      preset: 'given',
      layers: 'given',
      hidden: 'preset',
      seed: 'default',
      epochs: expect.anything(),
    });
    expect(plan.corpus).toEqual({
      characters: verse.length,
      level: 'char',
      symbols: new Set(verse).size,
      train: Math.floor(0.9 * verse.length),
      validation: Math.ceil(0.1 * verse.length),
      test: 0,
    });
    const model = await openModel(await trainedWith(3));
    expect(model.configuration.layers).toBe(3);
    await model.close();
  });
});

async function trainedWith(layers: number) {
  const run = train({ ...small, layers, maxSteps: 1 });
  await run.finished();
  return run.trained();
}
