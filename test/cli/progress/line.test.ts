import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import { noColours } from '../../../src/cli/output/colour.ts';
import { progressLine, type ProgressState } from '../../../src/cli/progress/line.ts';
import { bare } from '../helpers.ts';

const plain = noColours;
const { bold, dim, red, green, yellow, cyan } = new Chalk({ level: 1 });
const coloured = { bold, dim, red, green, yellow, cyan, series: [] };
const state: ProgressState = {
  progress: 0.427,
  step: 12_345,
  lossNats: 1.5321,
  validationLossNats: 1.6123,
  learningRate: 0.002,
  charactersPerSecond: 45_210,
  timeLeftMs: 130_000,
};

describe('the progress line', () => {
  it('shows everything at 120 columns', () => {
    expect(progressLine(state, 119, plain)).toBe(
      '██████████████░░░░░░░░░░░░░░░░░░░░  42%  step 12,345  loss 1.532  2.21 bpc  val 1.612  lr 2.0e-3  45.2k/s  2m 10s left ',
    );
  });

  it('shows everything except the step at 80 columns', () => {
    expect(progressLine(state, 79, plain)).toBe(
      '███░░░░  42%  loss 1.532  2.21 bpc  val 1.612  lr 2.0e-3  45.2k/s  2m 10s left ',
    );
  });

  it('keeps the bar, the loss and the time left at 40 columns', () => {
    expect(progressLine(state, 39, plain)).toBe('███░░░░░  42%  loss 1.532  2m 10s left ');
  });

  it('keeps its layout while the time left runs out', () => {
    const barLengths = [3_500_000, 130_000, 8000].map((timeLeftMs) =>
      progressLine({ ...state, timeLeftMs }, 79, plain).indexOf(' '),
    );
    expect(new Set(barLengths).size).toBe(1);
  });

  it('is never too wide, with colours or without', () => {
    for (let width = 1; width <= 200; width++) {
      expect(progressLine(state, width, plain).length).toBeLessThanOrEqual(width);
      expect(bare(progressLine(state, width, coloured))).toBe(progressLine(state, width, plain));
    }
  });

  it('does not show 100 % before the end', () => {
    expect(progressLine({ ...state, progress: 0.9999 }, 119, plain)).toContain(' 99%');
    expect(progressLine({ ...state, progress: 1 }, 119, plain)).toContain('100%');
  });

  it('shows only known fields before the first report', () => {
    const unknown = {
      progress: 0,
      step: 0,
      lossNats: null,
      validationLossNats: null,
      learningRate: null,
      charactersPerSecond: null,
      timeLeftMs: null,
    };
    expect(progressLine(unknown, 79, plain)).toMatch(/^░+ {3}0% {2}step 0$/);
  });
});
