// The choice of texts among samples, without a model: each sample is a word of a list by its seed.
import { describe, expect, test } from 'vitest';
import { usageError } from '../../src/errors.ts';
import { type Chosen, type Conditions, Selection, type WantedText } from '../../src/sampling/selection.ts';

const none: Conditions = { isUnique: false, excluded: [], match: null, maxTries: 100, bestOf: 1 };
const seeded = (index: number, count: number): WantedText => ({
  index,
  error: null,
  seedOf: (attempt) => index + attempt * count,
});

interface Run {
  readonly conditions: Partial<Conditions>;
  readonly count: number;
  /** The sample of each seed. */
  readonly words: readonly string[];
  /** Samples that are asked for before the first is added. */
  readonly ahead?: number;
  readonly logProbabilities?: readonly number[];
}

/** The chosen texts, and the number of samples. */
function choose({ conditions, count, words, ahead = 1, logProbabilities = [] }: Run) {
  let next = 0;
  const selection = new Selection<string>({ ...none, ...conditions }, () =>
    next < count ? seeded(next++, count) : null,
  );
  const asked: number[] = [];
  const chosen: Chosen<string>[] = [];
  let samples = 0;
  const source = selection[Symbol.iterator]();
  for (;;) {
    while (asked.length < ahead) {
      const { done, value } = source.next();
      if (done) break;
      asked.push(value.seed);
    }
    const seed = asked.shift();
    if (seed === undefined) break;
    samples++;
    const text = words[seed % words.length];
    const outcome = { isCut: false, tokens: text.length, logProbability: logProbabilities[seed % words.length] ?? 0 };
    selection.add({ text, whole: text, answer: text, outcome });
    for (let each = selection.takeChosen(); each !== null; each = selection.takeChosen()) chosen.push(each);
    if (selection.isIdle) break;
  }
  return {
    texts: chosen.map(({ candidate }) => candidate?.text ?? null),
    seeds: chosen.map(({ seed }) => seed),
    samples,
  };
}

const words = ['ada', 'bob', 'ada', 'cy', 'bob', 'dee', 'ada', 'eve', 'flo', 'cy', 'gus'];

describe('texts are chosen in the order of their seeds', () => {
  test('without conditions, each is the first sample', () => {
    expect(choose({ conditions: {}, count: 4, words })).toEqual({
      texts: ['ada', 'bob', 'ada', 'cy'],
      seeds: [0, 1, 2, 3],
      samples: 4,
    });
  });

  test.each([1, 2, 7, 32, 300])('unique texts do not depend on the number of samples at a time (%i)', (ahead) => {
    const { texts, seeds } = choose({ conditions: { isUnique: true }, count: 5, words, ahead });
    // Text 2 is sampled again with the seed 7, text 4 with the seeds 9, 14 and 19.
    expect(texts).toEqual(['ada', 'bob', 'eve', 'cy', 'flo']);
    expect(seeds).toEqual([0, 1, 7, 3, 19]);
  });

  test('excluded texts and texts that do not match are sampled again', () => {
    const conditions = { excluded: [new Set(['ada', 'dee'])], match: /e$|^.{2}$/ };
    for (const ahead of [1, 9])
      expect(choose({ conditions, count: 3, words, ahead }).texts).toEqual(['cy', 'eve', 'cy']);
  });

  test('a regular expression with a position does not remember it', () => {
    expect(choose({ conditions: { match: /a/g }, count: 3, words: ['ada'] }).texts).toEqual(['ada', 'ada', 'ada']);
  });
});

describe('a text that cannot be found', () => {
  test.each([1, 8])('is abandoned after as many samples as allowed, %i at a time', (ahead) => {
    const conditions = { isUnique: true, maxTries: 6 };
    const { texts, samples } = choose({ conditions, count: 3, words: ['ada', 'bob'], ahead });
    expect(texts).toEqual(['ada', 'bob', null]);
    expect(samples).toBeGreaterThanOrEqual(8);
  });

  test('does not hold up others that need no sample', () => {
    const error = usageError('the prompt is wrong');
    const wanted = [{ ...seeded(0, 3), error }, seeded(1, 3), { ...seeded(2, 3), error }];
    const selection = new Selection<string>(none, () => wanted.shift() ?? null);
    const source = selection[Symbol.iterator]();
    expect(source.next().value).toEqual({ seed: 1 });
    expect(selection.takeChosen()).toMatchObject({ wanted: { index: 0, error }, candidate: null });
    expect(selection.takeChosen()).toBeNull();
    expect(source.next().done).toBe(true);
    selection.add({
      text: 'ada',
      whole: 'ada',
      answer: 'ada',
      outcome: { isCut: false, tokens: 3, logProbability: 0 },
    });
    expect(selection.takeChosen()).toMatchObject({ wanted: { index: 1 }, candidate: { text: 'ada' } });
    expect(selection.takeChosen()).toMatchObject({ wanted: { index: 2, error } });
    expect(selection.isIdle).toBe(true);
  });
});

describe('the best of several samples', () => {
  const logProbabilities = [-9, -6, -3, -1, -30];

  test('is the likeliest per token', () => {
    // Per token: -3, -2, -1, -1/2 and -10.
    const run = { words: ['aaa', 'bbb', 'ccc', 'dd', 'eee'], logProbabilities, count: 1 };
    expect(choose({ ...run, conditions: { bestOf: 3 } })).toEqual({ texts: ['ccc'], seeds: [2], samples: 3 });
    expect(choose({ ...run, conditions: { bestOf: 5 }, ahead: 9 })).toMatchObject({ texts: ['dd'], samples: 5 });
  });

  test('meets the conditions', () => {
    const run = { words: ['aaa', 'bbb', 'ccc', 'dd', 'eee'], logProbabilities, count: 1 };
    expect(choose({ ...run, conditions: { bestOf: 4, match: /[ab]/ } }).texts).toEqual(['bbb']);
    expect(choose({ ...run, conditions: { bestOf: 2, match: /e/ } })).toMatchObject({ texts: ['eee'], samples: 6 });
  });
});
