import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refuseTooLargeSizes, checkOptions } from '../../src/training/impossible-options.ts';
import { type SearchRange, drawTrials, gridOf } from '../../src/training/search.ts';

const range = (low: number, high: number, kind: { logarithmic?: boolean; whole?: boolean } = {}): SearchRange => ({
  low,
  high,
  logarithmic: false,
  whole: false,
  ...kind,
});
const drawn = (values: SearchRange, count: number, seed = 1): number[] =>
  drawTrials([{ option: 'x', values }], count, seed).map(({ settings }) => Number(settings[0].value));

describe('a grid', () => {
  test('is every combination, in the order given', () => {
    const trials = gridOf([
      { option: 'hidden', values: ['8', '16'] },
      { option: 'cell', values: ['lstm', 'gru', 'rnn'] },
    ]);
    expect(trials.map(({ name }) => name)).toEqual([
      'cell=lstm,hidden=8',
      'cell=gru,hidden=8',
      'cell=rnn,hidden=8',
      'cell=lstm,hidden=16',
      'cell=gru,hidden=16',
      'cell=rnn,hidden=16',
    ]);
    expect(trials[4].settings).toEqual([
      { option: 'hidden', value: '16' },
      { option: 'cell', value: 'gru' },
    ]);
  });

  test('of too many trials is refused, before they are made', () => {
    const values = Array.from({ length: 200 }, (_, i) => String(i));
    const axes = Array.from({ length: 20 }, (_, i) => ({ option: `o${i}`, values }));
    expect(() => gridOf(axes)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});

describe('trials sampled at random', () => {
  const axes = [
    { option: 'lr', values: range(1e-4, 1e-2, { logarithmic: true }) },
    { option: 'cell', values: ['lstm', 'gru'] },
  ];

  test('follow from the seed, and a longer list begins with the same trials', () => {
    const ten = drawTrials(axes, 10, 7);
    expect(drawTrials(axes, 10, 7)).toEqual(ten);
    expect(drawTrials(axes, 30, 7).slice(0, 10)).toEqual(ten);
    expect(drawTrials(axes, 10, 8)).not.toEqual(ten);
  });

  test('are within their range, spread evenly or evenly by factors', () => {
    const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
    const [linear, logarithmic] = [drawn(range(1e-4, 1e-2), 400), drawn(range(1e-4, 1e-2, { logarithmic: true }), 400)];
    for (const values of [linear, logarithmic]) expect(values.filter((x) => x < 1e-4 || x > 1e-2)).toEqual([]);
    expect(middle(linear)).toBeGreaterThan(4e-3);
    expect(middle(linear)).toBeLessThan(6e-3);
    expect(middle(logarithmic)).toBeGreaterThan(0.7e-3);
    expect(middle(logarithmic)).toBeLessThan(1.4e-3);
  });

  test('are whole numbers if the option is, and reach both ends', () => {
    expect(drawn(range(1, 4, { whole: true }), 100).toSorted()).toEqual([1, 2, 3, 4]);
    const sizes = drawn(range(8, 512, { whole: true, logarithmic: true }), 50);
    expect(sizes.every(Number.isInteger)).toBe(true);
    expect(sizes.filter((x) => x < 64).length).toBeGreaterThan(10);
  });

  test('are all different, and fewer if there are not enough', () => {
    const trials = drawTrials([{ option: 'cell', values: ['lstm', 'gru'] }], 10, 1);
    expect(trials.map(({ name }) => name).toSorted()).toEqual(['cell=gru', 'cell=lstm']);
  });
});

describe('the name of a trial', () => {
  const nameOf = (...values: string[]): string =>
    gridOf(values.map((value, i) => ({ option: `o${i}`, values: [value] })))[0].name;

  test('is a valid name of a folder for all values', () => {
    expect(nameOf('../a b.txt', "*'()~!")).toBe('o0=..%2Fa%20b.txt,o1=%2A%27%28%29%7E%21');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (value) => {
        expect(nameOf(value)).toMatch(/^o0=[\w.%+-]*$/);
        expect(nameOf(value).length).toBeLessThanOrEqual(150);
      }),
    );
  });

  test('is not too long for a folder, and still unique', () => {
    const long = 'a'.repeat(300);
    expect(nameOf(long)).toHaveLength(150);
    expect(nameOf(long)).not.toBe(nameOf(`${long}b`));
    expect(nameOf(long)).toBe(nameOf(long));
  });
});

test('options that are impossible for every text are refused, and options that depend on the text are not', () => {
  expect(() => checkOptions({ tied: true }, { isValidated: true })).toThrow('cannot use --tied: --embedding is 0');
  expect(() => checkOptions({ patience: 3 }, { isValidated: false })).toThrow(
    'cannot use --patience 3: the run has no evaluations',
  );
  expect(() => checkOptions({ layerNorm: true, cell: 'gru' }, { isValidated: true })).toThrow(
    'cannot use --layer-norm',
  );
  checkOptions({ tied: true, embedding: 8, patience: 3, batchSize: 4096, sequenceLength: 1024 }, { isValidated: true });
  // A note must be true for texts of any length. The preset has dropout only for some lengths, and
  // long texts have two layers if --layers is not given.
  expect(checkOptions({ lockedDropout: true, preset: 'quick' }, { isValidated: true })).toEqual([]);
  expect(checkOptions({ stacking: 'residual' }, { isValidated: true })).toEqual([]);
  expect(checkOptions({ stacking: 'residual', layers: 1 }, { isValidated: true })).toEqual([
    '--stacking has no effect because there is one layer',
  ]);
});

test.each([
  [{ sequenceLength: 5000 }, 'too long to plan'],
  [{ layers: 100, sequenceLength: 100 }, 'too long to plan'],
  [{ hidden: 2 ** 20 }, 'into memory: about'],
  [{ batchSize: 1e8 }, 'into memory: about'],
  [
    { batchSize: 1e10 },
    '--batch-size times --sequence-length is 10,000,000,000: expected less than 4,294,967,296, the maximum number of characters in a text',
  ],
])('sizes that do not fit any machine are refused whatever the text: %o', (given, message) => {
  expect(() => refuseTooLargeSizes(given, { isValidated: true })).toThrow(message);
});

test('sizes that may suit the text or another device are not refused before the text is read', () => {
  for (const given of [{}, { layers: 64, sequenceLength: 32 }, { batchSize: 4096 }, { preset: 'best' }] as const)
    expect(() => refuseTooLargeSizes(given, { isValidated: false })).not.toThrow();
});
