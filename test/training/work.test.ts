import { expect, it } from 'vitest';
import { charactersWithin, stepsOf, windowsPerEpoch, workOf } from '../../src/training/work.ts';
import type { TrainingOptions } from '../../src/options/training.ts';

const options = {
  cell: 'lstm',
  layers: 2,
  hidden: 3,
  embedding: 0,
  sequenceLength: 5,
  batchSize: 2,
  epochs: null,
  maxSteps: 7,
  budgetMs: null,
  maxTimeMs: null,
} as TrainingOptions;
const corpus = { length: 101, symbols: 11 };

it('counts the matrix products of a step, forward and backward', () => {
  // In the first layer h·Wh, in the second x·Wx and h·Wh, and the logits.
  expect(workOf(options, corpus).multiplyAdds).toBe(3 * 2 * 5 * (36 + 36 + 36 + 33));
  expect(workOf({ ...options, embedding: 4 }, corpus).multiplyAdds).toBe(3 * 2 * 5 * (48 + 36 + 36 + 36 + 33));
  // Skips to the upper layer look tokens up. Skips of the lower layer to the output, and skips
  // through time, are matrix products.
  expect(workOf({ ...options, skip: 'both', timeSkip: 2 }, corpus).multiplyAdds).toBe(
    3 * 2 * 5 * (36 + 36 + 36 + 33 + 33 + 2 * 36),
  );
  expect(workOf({ ...options, tied: true, embedding: 3 }, corpus).multiplyAdds).toBe(
    3 * 2 * 5 * (36 + 36 + 36 + 36 + 33),
  );
  expect(workOf({ ...options, cell: 'lstm-peephole' }, corpus).multiplyAdds).toBe(workOf(options, corpus).multiplyAdds);
  expect(workOf(options, corpus)).toMatchObject({ layers: 2, sequenceLength: 5 });
});

it('has the length of a run, by its steps or its time', () => {
  expect(workOf(options, corpus)).toMatchObject({ steps: 7, milliseconds: Infinity });
  expect(workOf({ ...options, maxSteps: null, epochs: 1.5 }, corpus)).toMatchObject({
    steps: 15,
    milliseconds: Infinity,
  });
  expect(workOf({ ...options, maxSteps: null, budgetMs: 2000, maxTimeMs: 1000 }, corpus)).toMatchObject({
    steps: null,
    milliseconds: 1000,
  });
});

it('counts the steps of a run as the windows of its text', () => {
  const windows = windowsPerEpoch(101, options);
  expect(stepsOf({ ...options, maxSteps: null, epochs: 0.55 }, windows)).toBe(6);
  expect(stepsOf({ ...options, maxSteps: null, epochs: 3 }, windows)).toBe(30);
  // The position of the first window is random, which takes the space of one window.
  expect(windowsPerEpoch(101, { ...options, randomOffset: true })).toBe(windows - 1);
  expect(stepsOf({ ...options, maxSteps: null }, windows)).toBeNull();
});

it('counts the characters that a machine of nominal speed trains on in a time', () => {
  expect(charactersWithin(30_000, 300_000)).toBe(2e6);
});
