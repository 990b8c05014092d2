import { describe, expect, test } from 'vitest';
import { type Progress, learningRateAt } from '../../src/training/schedules.ts';

type LearningRateOptions = Parameters<typeof learningRateAt>[0];
const rateWith = (changes: Partial<LearningRateOptions>, progress: Partial<Progress>): number =>
  learningRateAt(
    {
      learningRate: 0.01,
      schedule: 'constant',
      warmupSteps: 0,
      decay: 0.5,
      decayEpochs: 2,
      decayAfter: 0,
      finalFraction: 0.1,
      ...changes,
    },
    { step: 1000, epoch: 0, fraction: 0, drops: 0, ...progress },
  );

describe('the learning rate', () => {
  test('does not change with the constant schedule', () => {
    expect([0, 0.5, 1].map((fraction) => rateWith({}, { fraction, epoch: 9 * fraction }))).toEqual([0.01, 0.01, 0.01]);
  });

  test('decays at once after every decayEpochs epochs with the step schedule', () => {
    const rates = [0, 1.99, 2, 3.99, 4].map((epoch) => rateWith({ schedule: 'step' }, { epoch }));
    expect(rates).toEqual([0.01, 0.01, 0.005, 0.005, 0.0025]);
  });

  test('does not decay before epoch decayAfter', () => {
    expect([0, 10, 11.9, 12, 14].map((epoch) => rateWith({ schedule: 'step', decayAfter: 10 }, { epoch }))).toEqual([
      0.01, 0.01, 0.01, 0.005, 0.0025,
    ]);
    expect([0, 10, 12].map((epoch) => rateWith({ schedule: 'exponential', decayAfter: 10 }, { epoch }))).toEqual([
      0.01, 0.01, 0.005,
    ]);
  });

  test('decays continuously, by the factor `decay` in decayEpochs epochs, with the exponential schedule', () => {
    expect(rateWith({ schedule: 'exponential' }, { epoch: 0 })).toBe(0.01);
    expect(rateWith({ schedule: 'exponential' }, { epoch: 1 })).toBeCloseTo(0.01 * Math.SQRT1_2, 12);
    expect(rateWith({ schedule: 'exponential' }, { epoch: 4 })).toBeCloseTo(0.0025, 12);
  });

  test('decays along half a cosine to finalFraction of its peak with the cosine schedule, and then stays there', () => {
    const cosine = (fraction: number): number => rateWith({ schedule: 'cosine' }, { fraction });
    expect(cosine(0)).toBeCloseTo(0.01, 12);
    expect(cosine(0.5)).toBeCloseTo((0.01 + 0.001) / 2, 12);
    expect(cosine(0.25)).toBeCloseTo(0.001 + (0.009 * (1 + Math.SQRT1_2)) / 2, 12);
    expect(cosine(1)).toBeCloseTo(0.001, 12);
    expect(cosine(1.5)).toBeCloseTo(0.001, 12);
  });

  test('is multiplied by `decay` at each drop of the plateau schedule, independently of epoch and progress', () => {
    expect([0, 1, 3].map((drops) => rateWith({ schedule: 'plateau' }, { drops, epoch: 7, fraction: 0.9 }))).toEqual([
      0.01, 0.005, 0.00125,
    ]);
    expect(rateWith({ schedule: 'step' }, { drops: 3 })).toBe(0.01);
  });

  test('rises linearly to its peak and decays along half a cosine with --schedule one-cycle', () => {
    const oneCycle = (fraction: number): number => rateWith({ schedule: 'one-cycle' }, { fraction });
    expect(oneCycle(0)).toBeCloseTo(0.0004, 12);
    expect(oneCycle(0.15)).toBeCloseTo((0.0004 + 0.01) / 2, 12);
    expect(oneCycle(0.3)).toBeCloseTo(0.01, 12);
    expect(oneCycle(0.65)).toBeCloseTo((0.01 + 0.001) / 2, 12);
    expect(oneCycle(1)).toBeCloseTo(0.001, 12);
  });

  test('rises linearly to its peak during warm-up, with any schedule', () => {
    const rates = [0, 1, 3, 4, 100].map((step) => rateWith({ warmupSteps: 4 }, { step }));
    expect(rates).toEqual([0.0025, 0.005, 0.01, 0.01, 0.01]);
    expect(rateWith({ warmupSteps: 4, schedule: 'step' }, { step: 1, epoch: 2 })).toBeCloseTo(0.0025, 12);
  });
});
