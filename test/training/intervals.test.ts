// How often a run evaluates, samples and saves, and on how much text it validates: chosen only from
// counts of characters.
import { describe, expect, test } from 'vitest';
import { type ExpectedRun, canScoreWhole, chooseIntervals } from '../../src/training/intervals.ts';

const run = (characters: number): ExpectedRun => ({ steps: characters / 1000, charactersPerStep: 1000 });
const timed: ExpectedRun = { steps: null, charactersPerStep: 1000 };

describe('intervals that are not given', () => {
  test('give evaluations on the whole held-out part a twentieth of the training time', () => {
    expect(chooseIntervals({}, run(10e6), 100_000)).toEqual({
      validationCharacters: 0,
      evaluateEvery: 700,
      sampleEvery: 2800,
      checkpointEvery: 700,
    });
  });

  test('sample a long held-out part, and only its length decides', () => {
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

  test('are fractions of the time of a run that only time ends', () => {
    expect(chooseIntervals({}, timed, 13_700_000)).toMatchObject({
      evaluateEvery: null,
      sampleEvery: null,
      checkpointEvery: 1000,
    });
  });

  test('follow from intervals that are given', () => {
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

  test('allow scoring the whole held-out part at the end if that costs at most a tenth of the training', () => {
    expect([canScoreWhole(1e6, 300_000), canScoreWhole(1e6, 310_000)]).toEqual([true, false]);
  });
});
