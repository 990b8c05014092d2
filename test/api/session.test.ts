// Sessions, which keep the state of a model from call to call, and beam search in the library.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus, type Model, type ModelSession, openModel, train, untrainedModel } from '../../src/index.ts';
import { byteVocabulary } from '../../src/corpus/vocabulary.ts';
import { cyclic } from '../sampling/fixture.ts';
import { allOf, small, verse } from './fixture.ts';

const machine = { device: 'cpu', threads: 1 } as const;
let model: Model;
let records: Model;

beforeAll(async () => {
  const run = train(small);
  await run.finished();
  model = await openModel(await run.trained(), machine);
  const names = Array.from({ length: 40 }, (_, index) => `${'abcdefgh'[index % 8]}${'xyz'[index % 3]}`.repeat(2)).join(
    '\n',
  );
  const corpus = await Corpus.fromText(names, { records: 'line' });
  records = await openModel(untrainedModel(corpus, { hidden: 8, layers: 1, seed: 3 }), machine);
});
afterAll(() => Promise.all([model.close(), records.close()]));

async function using<Result>(opened: Model, use: (session: ModelSession) => Promise<Result>): Promise<Result> {
  const session = await opened.session();
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

const nextTexts = async (session: ModelSession, count: number, options = {}): Promise<string> => {
  let text = '';
  for (let index = 0; index < count; index++) text += await session.next(options);
  return text;
};

describe('a session', () => {
  it('samples the same text as one call, greedily and with a seed, character by character or in pieces', async () => {
    for (const options of [{ temperature: 0 }, { temperature: 0.8, topP: 0.9, seed: 5 }])
      for (const prime of ['the quick ', '']) {
        const once = (await allOf(model.sample({ prime, length: 40, ...options }))).join('');
        await using(model, async (session) => {
          await session.read(prime);
          expect(await nextTexts(session, 40, options)).toBe(once);
          await session.reset();
          await session.read(prime);
          expect((await allOf(session.sample({ length: 40, ...options }))).join('')).toBe(once);
        });
      }
  });

  it('continues where the last call ended', async () => {
    const greedy = { temperature: 0, length: 10 };
    await using(model, async (session) => {
      await session.read('the lazy ');
      const first = (await allOf(session.sample(greedy))).join('');
      await session.read('dog');
      const second = (await allOf(session.sample(greedy))).join('');
      const prime = `the lazy ${first}dog`;
      expect((await allOf(model.sample({ ...greedy, prime }))).join('')).toBe(second);
    });
  });

  it('gives probabilities that sum to 1 and agree with the evaluation of a text', async () => {
    const text = verse.slice(0, 12);
    const { surprisal } = await model.evaluate(text, { streams: 1, surprisal: Infinity });
    await using(model, async (session) => {
      await session.read(text[0]);
      for (let at = 1; at < text.length; at++) {
        const all = await session.probabilities();
        expect(all.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
        expect(all.find((each) => each.text === text[at])!.nats).toBeCloseTo(surprisal!.nats[at - 1], 4);
        expect(await session.probabilities(3)).toEqual(all.slice(0, 3));
        await session.read(text[at]);
      }
    });
  });

  it('ends at the end of a record and starts the next, neither of which is empty', async () => {
    await using(records, async (session) => {
      const start = await session.probabilities();
      expect(start.map(({ text }) => text)).toContain(null);
      const seen: (string | null)[] = [];
      for (let index = 0; index < 200; index++) seen.push(await session.next({ seed: 2 }));
      expect(seen[0]).not.toBe(null);
      expect(seen.filter((text) => text === null).length).toBeGreaterThan(5);
      expect(seen.some((text, index) => text === null && seen[index - 1] === null)).toBe(false);
      await session.reset();
      expect(await session.probabilities()).toEqual(start);
    });
  });

  it('takes a chosen token as if it were sampled', async () => {
    await using(model, async (session) => {
      await session.read('the qu');
      const [{ id, text }] = await session.probabilities(1);
      await session.choose(id);
      const after = await session.probabilities();
      await session.reset();
      await session.read(`the qu${text}`);
      expect(await session.probabilities()).toEqual(after);
      await expect(session.choose(model.vocabulary.symbols.length)).rejects.toThrow(
        'id is 31: expected a whole number from 0 to 30',
      );
    });
  });

  it('samples whole characters of a byte-level model, and reads any bytes', async () => {
    const checkpoint = cyclic(byteVocabulary().data, 0);
    const head = checkpoint.tensors.find(({ name }) => name === 'head.W')!.data;
    for (const [from, to] of [
      [0xe2, 0x82],
      [0x82, 0xac],
      [0xac, 0xe2],
    ])
      head[from * 256 + to] = 9;
    const bytes = await openModel(checkpoint, machine);
    await using(bytes, async (session) => {
      await session.read(Uint8Array.of(0xe2, 0x82));
      expect((await session.probabilities(1))[0]).toMatchObject({ id: 0xac, text: String.raw`\xac` });
      await session.reset();
      await session.read('€€');
      expect(await nextTexts(session, 3, { temperature: 0 })).toBe('€€€');
      for (const start of [Uint8Array.of(0xe2), Uint8Array.of(0x41, 0xe2, 0x82)]) {
        await session.reset();
        await session.read(start);
        expect(await nextTexts(session, 2, { temperature: 0 })).toBe('€€');
      }
      await session.choose(0xe2);
      expect(await session.next({ temperature: 0 })).toBe('€');
      await allOf(session.sample({ length: 2, temperature: 0 }));
      expect(await session.next({ temperature: 0 })).toBe('€');
    });
    await bytes.close();
  });

  it('runs calls in their order, also without waiting for each', async () => {
    await using(model, async (session) => {
      const [, , together] = await Promise.all([session.read('the '), session.read('fox'), session.probabilities(4)]);
      await session.reset();
      await session.read('the fox');
      expect(await session.probabilities(4)).toEqual(together);
    });
  });

  it('refuses wrong options, unknown characters and closed models, and stays usable', async () => {
    await using(model, async (session) => {
      await session.read('the ');
      const before = await session.probabilities();
      await expect(session.read('a§b')).rejects.toMatchObject({ kind: 'corpus' });
      await expect(session.read(7 as never)).rejects.toThrow('text is 7: expected a text or bytes');
      await expect(session.next({ temperature: -1 })).rejects.toThrow('temperature is -1');
      await expect(session.next({ temperature: [0, 1] as never })).rejects.toThrow('temperature is [0, 1]');
      await expect(session.next({ topk: 3 } as never)).rejects.toThrow('option not found: topk');
      for (const count of [0, -1, 1.5]) await expect(session.probabilities(count)).rejects.toThrow(`count is ${count}`);
      await expect(allOf(session.sample({ length: -1 }))).rejects.toThrow('length is -1');
      expect(await session.probabilities()).toEqual(before);
    });
    await expect(model.session({ unknown: 'drop' as never })).rejects.toThrow('unknown is "drop"');
    const corpus = await Corpus.fromText(verse);
    const closing = await openModel(untrainedModel(corpus, { hidden: 4, layers: 1 }), machine);
    const session = await closing.session();
    await closing.close();
    await session.close();
    await expect(session.next()).rejects.toThrow('cannot use a closed session');
    await expect(session.read('a')).rejects.toThrow('cannot use a closed session');
    await expect(allOf(session.sample())).rejects.toThrow('cannot use a closed session');
    await expect(closing.session()).rejects.toThrow('cannot use a closed model');
    await expect(closing.beamSearch('a')).rejects.toThrow('cannot use a closed model');
  });
});

describe('beam search', () => {
  it('finds the greedy text with one beam, and no less likely text with eight', async () => {
    const greedy = (await allOf(model.sample({ prime: 'the ', length: 20, temperature: 0 }))).join('');
    const one = await model.beamSearch('the ', { beam: 1, length: 20 });
    expect(one).toMatchObject({ text: greedy, tokens: 20, isCut: true });
    expect(one.bits).toBeCloseTo(-one.logProbability / Math.LN2 / 20, 9);
    const eight = await model.beamSearch('the ', { length: 20 });
    expect(eight.logProbability).toBeGreaterThan(one.logProbability - 1e-6);
  });

  it('refuses wrong options', async () => {
    await expect(model.beamSearch('the ', { beam: 0 })).rejects.toThrow('beam is 0: expected a whole number');
    await expect(model.beamSearch('the ', { length: 0 })).rejects.toThrow('length is 0: expected a whole number');
    await expect(model.beamSearch('§')).rejects.toMatchObject({ kind: 'corpus' });
    await expect(model.beamSearch(1 as never)).rejects.toThrow('prime is 1: expected a text or bytes');
  });
});
