import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  Corpus,
  Ngrams,
  compressedSizes,
  type EvaluationOptions,
  type InMemoryTextOptions,
  type Model,
  type SampleOptions,
  type SampleTextsOptions,
  type TrainedModel,
  bench,
  unitsPage,
  chartsOf,
  curvesPage,
  terminalCharts,
  deviceNames,
  doctor,
  followRun,
  gradientsPage,
  listRuns,
  loadCheckpoint,
  openModel,
  readRuns,
  sample,
  saveCheckpoint,
  storyPage,
  surprisalOf,
  surprisalPage,
  svgOf,
  train,
  untrainedModel,
} from '../../src/index.ts';
import { rnn } from '../cli/helpers.ts';
import { allOf, newFolder, small, verse } from './fixture.ts';

const machine = { device: 'cpu', threads: 1 } as const;
let text: string;
let out: string;
let model: Model;

beforeAll(async () => {
  const folder = newFolder();
  [text, out] = [join(folder, 'verse.txt'), join(folder, 'run')];
  writeFileSync(text, verse);
  await train({ ...small, corpus: text, out }).finished();
  model = await openModel(out, machine);
});

const written = async (pieces: AsyncIterable<string>): Promise<string> => (await allOf(pieces)).join('');

describe('a model', () => {
  it('generates the same text as rnn sample with the same seed', async () => {
    const { stdout } = await rnn([
      'sample',
      '--checkpoint',
      out,
      '--seed',
      '7',
      '--length',
      '60',
      '--prime',
      'the ',
      '--temp',
      '0.8',
      '--device',
      'cpu',
    ]);
    expect(`the ${await written(model.sample({ prime: 'the ', length: 60, temperature: 0.8, seed: 7 }))}\n`).toBe(
      stdout,
    );
    expect(
      `the ${await written(sample({ checkpoint: out, prime: 'the ', length: 60, temperature: 0.8, seed: 7, ...machine }))}\n`,
    ).toBe(stdout);
  });

  it('generates each text as it would alone: at once with others, during another, or after an abandoned text', async () => {
    const alone = [];
    for (const seed of [3, 4, 5]) alone.push(await written(sample({ checkpoint: out, length: 40, seed, ...machine })));
    expect(await allOf(model.sampleMany({ count: 3, length: 40, seed: 3 }))).toEqual(alone);
    const pieces = [];
    for await (const one of model.sampleManyPieces({ count: 3, length: 40, seed: 3 })) pieces.push(await written(one));
    expect(pieces).toEqual(alone);
    for await (const piece of model.sample({ length: 1000, seed: 9 })) if (piece !== '') break;
    const [first, second] = [model.sample({ length: 40, seed: 3 }), model.sample({ length: 40, seed: 4 })];
    let [one, two] = ['', ''];
    for (let ended = false; !ended;) {
      const [a, b] = [await first.next(), await second.next()];
      one += a.value ?? '';
      two += b.value ?? '';
      ended = a.done === true && b.done === true;
    }
    expect([one, two]).toEqual(alone.slice(0, 2));
    expect(await written(model.sample({ prime: verse.slice(0, 300), length: 30, seed: 3 }))).toBe(
      await written(sample({ checkpoint: out, prime: verse.slice(0, 300), length: 30, seed: 3, ...machine })),
    );
  });

  it('returns the output of a byte-level model as bytes, with or without a stop of bytes', async () => {
    const corpus = await Corpus.fromText(verse, { unit: 'byte' });
    const bytes = await openModel(untrainedModel(corpus, { hidden: 4, layers: 1 }), machine);
    const request = { prime: Uint8Array.of(0xff), length: 64, seed: 3 };
    const whole = Buffer.concat(await allOf(bytes.sampleBytes(request)));
    expect(whole).toHaveLength(64);
    expect(await written(bytes.sample(request))).toBe(whole.toString());
    const stop = [whole.subarray(20, 23), whole.subarray(40, 43)];
    expect(await allOf(bytes.sampleManyBytes({ ...request, count: 1, stop }))).toEqual([
      Buffer.from(whole.subarray(0, 23)),
    ]);
    expect(await allOf(bytes.sampleManyBytes({ ...request, count: 1, stop, keepStop: false }))).toEqual([
      Buffer.from(whole.subarray(0, 20)),
    ]);
    await bytes.close();
  });

  it('scores a text as rnn eval does, whole or in the parts of its run', async () => {
    for (const part of ['all', 'validation', 'train'] as const) {
      const { stdout } = await rnn([
        'eval',
        text,
        '--checkpoint',
        out,
        '--json',
        '--part',
        part,
        '--device',
        'cpu',
        '--threads',
        '1',
      ]);
      const { nats, accuracy, characters, perplexity } = JSON.parse(stdout) as Record<string, number>;
      const found = await model.evaluate(await model.read(text, { part }), { part });
      expect(found).toMatchObject({ nats, accuracy, characters, warning: null });
      expect(found.perplexity).toBeCloseTo(perplexity, 10);
    }
    expect((await model.evaluate(verse, { streams: 1 })).nats).toBe(
      (await model.evaluate(await model.read(text), { streams: 1 })).nats,
    );
    const split = await Corpus.read(text, { vocabulary: model.vocabulary });
    expect((await model.evaluate(split)).characters).toBe(verse.length - 1);
    expect(
      await model.evaluate(await Corpus.fromText(verse.slice(5), { vocabulary: model.vocabulary }), {
        part: 'validation',
      }),
    ).toMatchObject({ warning: expect.stringContaining('not the text of the run') });
  });

  it('is compared with compressors and n-gram models, and reports its progress', async () => {
    const [kinds, warnings] = [new Set<string>(), [] as string[]];
    const listener = {
      activity: ({ kind }: { kind: string }) => void kinds.add(kind),
      warn: (warning: string) => void warnings.push(warning),
    };
    const corpus = await model.read(text, { part: 'validation', listener });
    const baselines = { against: await model.read(text) };
    const found = await model.evaluate(corpus, { part: 'validation', surprisal: 10, baselines, listener });
    expect(found.baselines).toMatchObject({
      compressors: { gzip: expect.any(Number), brotli: expect.any(Number) },
      ngrams: { characters: corpus.train.length, isTrainingPart: true },
    });
    expect(found.surprisal!.nats).toHaveLength(10);
    expect(surprisalOf(model, found, 5).surprisal.nats).toHaveLength(5);
    expect([...kinds]).toEqual(['reading', 'encoding', 'compiling', 'scoring', 'compressing', 'counting n-grams']);
    expect(warnings).toEqual([]);

    const own = await model.evaluate(verse, { baselines: { against: verse }, listener });
    expect(own.baselines.ngrams).toBeNull();
    expect(warnings).toEqual([expect.stringContaining('skipped n-grams')]);
    const other = await model.evaluate(verse.slice(0, 100), { baselines: { against: verse.slice(100) } });
    expect(other.baselines.ngrams).toMatchObject({ isTrainingPart: false });
    expect((await model.evaluate(verse)).baselines).toEqual({ compressors: null, ngrams: null });
  });

  it('measures the loss of each character, and makes a page of it', async () => {
    const found = await model.surprisal(verse.slice(0, 200));
    expect(found.pieces.map(({ text: piece }) => piece).join('')).toBe(verse.slice(0, 200));
    const bits = found.pieces.reduce((sum, { nats }) => sum + nats, 0) / Math.LN2 / 199;
    expect(bits).toBeCloseTo(found.bits, 5); // kept in float32
    expect(surprisalPage({ ...found, run: 'run', text: 'verse', others: [] })).toContain('<!doctype html>');
  });

  it('shows activations, and how far back gradients flow, also as pages', async () => {
    const inspection = await model.inspect(verse.slice(0, 800));
    expect(inspection.activations).toMatchObject({ characters: 800, hidden: 16 });
    expect(inspection.findings.length).toBeGreaterThan(3);
    expect((await model.inspect('the fox')).findings).toEqual([]);
    expect(await unitsPage({ ...inspection, name: 'run', summary: 'verse', unit: null })).toContain('<!doctype html>');
    const { pieces, activations } = await model.activations(verse, { length: 7 });
    expect({ text: pieces.join(''), characters: activations.characters }).toEqual({
      text: verse.slice(0, 7),
      characters: 7,
    });
    const gradients = await model.gradients(verse, { steps: 30, jacobians: 1 });
    expect(gradients.flows.map(({ state, logNorms }) => [state, logNorms.length])).toEqual([
      ['h', 31],
      ['c', 31],
    ]);
    expect(gradients.singularValues).toEqual([[expect.any(Number)]]);
    expect(gradientsPage([gradients], 'verse')).toContain('<!doctype html>');
  });

  it('refuses a text with unknown characters, and everything after it is closed', async () => {
    await expect(model.evaluate('Ωmega')).rejects.toMatchObject({ kind: 'corpus' });
    await expect(model.evaluate(await Corpus.fromText('another text'))).rejects.toMatchObject({ kind: 'corpus' });
    await expect(model.inspect('')).rejects.toMatchObject({ kind: 'corpus' });
    await expect(written(model.sample({ prime: 'Ω' }))).rejects.toMatchObject({ kind: 'corpus' });
    await expect(written(model.sample({ length: 0.5 }))).rejects.toMatchObject({ kind: 'usage' });
    await expect(model.evaluate(verse, { streams: 0 })).rejects.toThrow(
      'streams is 0: expected a whole number of at least 1',
    );
    await expect(model.evaluate(verse, { surprisal: -1 })).rejects.toThrow('surprisal is -1: expected a number');
    await expect(model.evaluate(verse, { listener: null as never })).rejects.toThrow('listener is null: expected');
    const unkept = await model.evaluate(verse);
    expect(() => surprisalOf(model, unkept)).toThrow('surprisal is null: expected');
    await expect(model.gradients(verse, { steps: 1.5 })).rejects.toMatchObject({ kind: 'usage' });
    const misnamed = [
      () => written(model.sample({ temp: 0.5 } as SampleOptions)),
      () => allOf(model.sampleMany({ count: 1, topk: 3 } as SampleTextsOptions)),
      () => model.evaluate(verse, { stream: 1 } as EvaluationOptions),
      () => model.evaluate(verse, { baselines: { compressor: true } as object }),
      () => Corpus.fromText(verse, { valFraction: 0 } as InMemoryTextOptions),
    ];
    for (const call of misnamed)
      await expect(call()).rejects.toMatchObject({
        kind: 'usage',
        message: expect.stringContaining('option not found: '),
      });
    await expect(openModel(out, { threads: -1 })).rejects.toMatchObject({ kind: 'usage' });
    await expect(openModel(join(out, 'nothing'))).rejects.toMatchObject({ kind: 'checkpoint' });
    const closed = await openModel(out, machine);
    const inHand = closed.sample({ length: 20, seed: 1 });
    const first = (await inHand.next()).value!;
    await closed.close();
    expect(first + (await written(inHand))).toBe(await written(model.sample({ length: 20, seed: 1 })));
    await expect(closed.evaluate(verse)).rejects.toThrow('closed');
    await expect(written(closed.sample())).rejects.toThrow('closed');
  });

  it('can be untrained', async () => {
    const corpus = await Corpus.fromText(verse);
    const untrained: TrainedModel = untrainedModel(corpus, { hidden: 16, layers: 1 });
    const blank = await openModel(untrained, machine);
    const { nats } = await blank.evaluate(verse);
    expect(nats).toBeGreaterThan((await model.evaluate(verse)).nats);
    expect(nats).toBeCloseTo(Math.log(corpus.vocabulary.size), 0);
    await blank.close();
  });
});

describe('a checkpoint', () => {
  it('can be saved elsewhere, and is the same there', async () => {
    const path = join(newFolder(), 'copy.json');
    await saveCheckpoint(path, await loadCheckpoint(out));
    expect(await loadCheckpoint(path)).toEqual(await loadCheckpoint(out));
  });

  it('replaces another checkpoint, and any other file only with force', async () => {
    const path = join(newFolder(), 'copy.json');
    const checkpoint = await loadCheckpoint(out);
    writeFileSync(path, '{"notes": "mine"}');
    await expect(saveCheckpoint(path, checkpoint)).rejects.toMatchObject({ kind: 'usage' });
    expect(readFileSync(path, 'utf8')).toBe('{"notes": "mine"}');
    await saveCheckpoint(path, checkpoint, { force: true });
    await saveCheckpoint(path, checkpoint);
    expect(await loadCheckpoint(path)).toEqual(checkpoint);
  });
});

describe('runs', () => {
  it('are listed, read and drawn', async () => {
    const [summary] = await listRuns(out);
    expect(summary).toMatchObject({ name: 'run', status: 'finished', step: 40 });
    const runs = await readRuns(out);
    expect(runs).toMatchObject([{ name: 'run', path: out }]);
    expect(curvesPage(runs)).toContain('<!doctype html>');
    expect(storyPage(runs[0], runs[0].curves.stages)).toContain('<!doctype html>');
    const charts = chartsOf(runs, { horizontal: 'step' });
    expect(await svgOf(charts, 'run')).toMatch(/^<svg/);
    const plain = (line: string): string => line;
    expect(
      terminalCharts(charts, { columns: 60, rows: 8, bold: plain, dim: plain, series: null }).length,
    ).toBeGreaterThan(8);
  });

  it('can be followed to their end', async () => {
    const fresh = await allOf(followRun(out));
    expect(fresh.flatMap(({ lines }) => lines).at(-1)).toMatchObject({ event: 'end' });
    expect(fresh[0].isAnew).toBe(true);
  });
});

describe('the machine', () => {
  it('reports which devices work, and how fast a device is', async () => {
    const checks = await allOf(doctor({ device: 'cpu' }));
    expect(checks.at(-1)).toMatchObject({ device: 'cpu', verdict: 'good' });
    expect(deviceNames).toContain('cpu');
    expect(
      await bench({ ...machine, layers: 1, hidden: 8, batchSize: 2, sequenceLength: 4, milliseconds: null }),
    ).toMatchObject({
      device: 'cpu',
      training: null,
    });
  });
});

it('n-gram counts and compressors are available to measure a model', async () => {
  const { train: tokens, vocabulary } = await Corpus.fromText(verse, { validationFraction: 0 });
  const nats = new Ngrams(tokens, vocabulary.size, { order: 3 }).nats(tokens);
  expect(nats[2]).toBeLessThan(nats[0]);
  expect((await compressedSizes(Buffer.from(verse))).gzip).toBeLessThan(verse.length / 4);
});
