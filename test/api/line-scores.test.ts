import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Model, type TrainedModel, classifyLines, openModel, train } from '../../src/index.ts';
import { allOf, small } from './fixture.ts';

const lines = (words: readonly string[]) => Array.from({ length: 200 }, (_, at) => words[at % words.length]);
const fruit = ['an apple', 'two pears', 'a plum'];
const metal = ['iron', 'old tin', 'zinc ore'];

async function trainedOn(words: readonly string[]): Promise<TrainedModel> {
  const corpus = { text: lines(words).join('\n') };
  const run = train({ ...small, corpus, records: 'line', validationFraction: 0, maxSteps: 80 });
  await run.finished();
  return run.trained();
}

let models: Record<string, TrainedModel>;
let model: Model;
beforeAll(async () => {
  models = { fruit: await trainedOn(fruit), metal: await trainedOn(metal) };
  model = await openModel(models.fruit, { device: 'cpu', threads: 1 });
}, 30_000);
afterAll(() => model.close());

describe('model.score', () => {
  it('yields the lines that are not empty, with their numbers', async () => {
    const scores = await allOf(model.score(['a plum', '', 'a plum', 'zinc', Buffer.from('an apple\n')]));
    expect(scores.map(({ line, text }) => [line, text])).toEqual([
      [1, 'a plum'],
      [3, 'a plum'],
      [4, 'zinc'],
      [5, 'an apple'],
    ]);
    expect(scores[1].bits).toBeCloseTo(scores[0].bits, 4);
    expect(scores[2].bpc).toBeGreaterThan(scores[0].bpc);
    expect(scores[0]).toMatchObject({ characters: 7, unknown: 0, worst: { start: 0, text: 'a plum' } });
    expect(scores[0].bpc).toBe(scores[0].bits / 7);
    expect(scores[0].worst.bits).toBeCloseTo(scores[0].bpc, 5);
  });

  it('answers before further lines arrive', async () => {
    const asked: string[] = [];
    const waiting: (() => void)[] = [];
    async function* typed() {
      for (const line of ['a plum', 'two pears']) {
        asked.push(line);
        yield line;
        await new Promise<void>((resolve) => void waiting.push(resolve));
      }
    }
    const scores = model.score(typed());
    expect((await scores.next()).value).toMatchObject({ line: 1, text: 'a plum' });
    waiting[0]();
    expect((await scores.next()).value).toMatchObject({ line: 2, text: 'two pears' });
    // The source waits for a line that never arrives.
    await scores.return();
    expect(asked).toHaveLength(2);
  });

  it('scores many lines of any length', async () => {
    const many = [...lines(fruit), 'a plum, '.repeat(100), ...lines(metal)];
    const scores = await allOf(model.score(many));
    expect(scores.map(({ text }) => text)).toEqual(many);
    expect(scores.find(({ text }) => text.length > 100)).toMatchObject({ characters: 801 });
  });

  it.each([
    ['an option that is not known', ['a'], { by: 'bits' }, 'option not found: by'],
    ['a way that is not known', ['a'], { unknown: 'hide' }, 'unknown is "hide": expected one of'],
    ['a text instead of lines', 'a', {}, 'lines is "a": expected'],
    ['a line that is not text', [1], {}, 'line 1 is 1: expected a text or bytes'],
  ])('refuses %s', async (_, given, options, message) => {
    await expect(allOf(model.score(given as never, options as never))).rejects.toThrow(message);
  });

  it('names the line with unknown characters, if they are an error', async () => {
    await expect(allOf(model.score(['a plum', 'a \u{1F951}'], { unknown: 'error' }))).rejects.toThrow(
      /^line 2: the line has characters that the model has never seen: U\+1F951/,
    );
  });

  it('does not work after close', async () => {
    const closed = await openModel(models.metal);
    await closed.close();
    await expect(allOf(closed.score(['iron']))).rejects.toThrow('cannot use a closed model');
  });
});

describe('classifyLines', () => {
  it('names the likeliest model of each line', async () => {
    const found = await allOf(classifyLines(models, ['a plum', 'zinc ore', 'iron'], { device: 'cpu', threads: 1 }));
    expect(found.map(({ likeliest }) => likeliest)).toEqual(['fruit', 'metal', 'metal']);
    for (const { bits, likeliest, models: scores } of found) {
      expect(scores[likeliest].bits).toBe(bits);
      expect(Object.keys(scores)).toEqual(['fruit', 'metal']);
    }
  });

  it('refuses models that are not models', async () => {
    await expect(allOf(classifyLines({}, ['a']))).rejects.toThrow('expected at least one model');
    await expect(allOf(classifyLines({ x: 1 as never }, ['a']))).rejects.toThrow('x is 1: expected');
  });
});
