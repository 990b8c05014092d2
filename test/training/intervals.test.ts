// How often a run evaluates, samples and saves, and on how much it validates: chosen from counts of
// characters alone.
import { describe, expect, test } from 'vitest';
import { type ExpectedRun, affordsWhole, chooseIntervals } from '../../src/training/intervals.ts';

const run = (characters: number): ExpectedRun => ({ steps: characters / 1000, perStep: 1000 });
const timed: ExpectedRun = { steps: null, perStep: 1000 };

describe('intervals that are not given', () => {
  test('give evaluations on all that is held out a twentieth of the training time, while that leaves ten of them', () => {
    expect(chooseIntervals({}, run(10e6), 100_000)).toEqual({
      validationCharacters: 0,
      evaluateEvery: 700,
      sampleEvery: 2800,
      checkpointEvery: 700,
    });
  });

  test('sample a long held-out part, by its length alone', () => {
    const chosen = [run(1e5), run(1e9), timed].map((each) => chooseIntervals({}, each, 13_700_000));
    expect(chosen.map(({ validationCharacters }) => validationCharacters)).toEqual([50_000, 50_000, 50_000]);
    expect(chooseIntervals({}, run(10e6), 150_000).validationCharacters).toBe(0);
    expect(chooseIntervals({}, run(10e6), 13_700_000)).toMatchObject({
      evaluateEvery: 350,
      sampleEvery: 2800,
      checkpointEvery: 350,
    });
  });

  test('leave at least a hundred steps between two evaluations, and at most a thousand between two checkpoints', () => {
    expect(chooseIntervals({}, run(1e6), 500)).toMatchObject({
      evaluateEvery: 100,
      checkpointEvery: 100,
      sampleEvery: 300,
    });
    expect(chooseIntervals({ validationCharacters: 0 }, run(1e9), 10e6)).toMatchObject({
      evaluateEvery: 70_000,
      checkpointEvery: 1000,
    });
  });

  test('of a run that only time ends are parts of that time', () => {
    expect(chooseIntervals({}, timed, 13_700_000)).toMatchObject({
      evaluateEvery: null,
      sampleEvery: null,
      checkpointEvery: 1000,
    });
  });

  test('follow from those that are given', () => {
    expect(chooseIntervals({ evaluateEvery: 200 }, run(10e6), 1e6)).toMatchObject({
      validationCharacters: 50_000,
      sampleEvery: 2600,
    });
    expect(chooseIntervals({ evaluateEvery: 0 }, run(10e6), 1e6)).toMatchObject({
      validationCharacters: 50_000,
      sampleEvery: 0,
    });
    expect(chooseIntervals({ validationCharacters: 0 }, run(10e6), 2e6)).toMatchObject({ evaluateEvery: 14_000 });
    const spaced = { evaluateEvery: null, sampleEvery: null };
    expect(chooseIntervals(spaced, run(10e6), 1e6)).toMatchObject(spaced);
    const both = { evaluateEvery: 3, sampleEvery: 5, checkpointEvery: 7, validationCharacters: 11 };
    expect(chooseIntervals(both, timed, 2e6)).toEqual(both);
  });

  test('leave room for all that is held out at the end where that costs at most a tenth of the training', () => {
    expect([affordsWhole(1e6, 300_000), affordsWhole(1e6, 310_000)]).toEqual([true, false]);
  });
});
