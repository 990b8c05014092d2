import { describe, expect, it } from 'vitest';
import { centredRanks, correlate, weightsOf } from '../../src/insight/statistics.ts';
import { runUninterrupted } from '../../src/sliced-work.ts';
import { Random } from '../../src/random.ts';

/** Tolerance of float32 for sums over some hundred numbers. */
const DIGITS = 5;

const random = new Random(5);
const few = (count: number): Float32Array =>
  Float32Array.from({ length: count }, () => Math.round(random.normal() * 3) / 3 - 0);

/** By comparing every pair. */
function ranksBySight(values: readonly number[]): number[] {
  return values.map(
    (value) =>
      values.filter((other) => other < value).length +
      values.filter((other) => other === value).length / 2 -
      values.length / 2,
  );
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, at) => sum + (value - mean(x)) * (y[at] - mean(y)), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

describe('ranks', () => {
  it('are correct by inspection, with equal values, signs and both zeros', () => {
    for (const values of [few(1), few(7), few(300), Float32Array.of(0, -0, 1e-40, -1e-40, -3e38, 3e38, 0)]) {
      expect([...centredRanks(values)]).toEqual(ranksBySight([...values]));
    }
  });
});

describe('a correlation', () => {
  const cells = Array.from({ length: 6 }, () => few(211));

  it('with a property that holds or does not is 2·AUC − 1, over all pairs', () => {
    const holds = Float32Array.from({ length: 211 }, () => Number(random.uniform() < 0.2));
    const [found] = runUninterrupted(correlate(cells.map(centredRanks), [weightsOf(holds, false)!]));
    for (const [cell, values] of cells.entries()) {
      const pairs = [...values.keys()]
        .filter((at) => holds[at] === 1)
        .flatMap((at) =>
          [...values.keys()]
            .filter((other) => holds[other] === 0)
            .map((other) => Math.sign(values[at] - values[other])),
        );
      expect(found[cell]).toBeCloseTo(pairs.reduce((sum, sign) => sum + sign, 0) / pairs.length, DIGITS);
    }
  });

  it("with numbers is Spearman's", () => {
    const numbers = few(211);
    const [found] = runUninterrupted(correlate(cells.map(centredRanks), [weightsOf(numbers, true)!]));
    for (const [cell, values] of cells.entries())
      expect(found[cell]).toBeCloseTo(pearson(ranksBySight([...values]), ranksBySight([...numbers])), DIGITS);
  });

  it('is 1 for rising, −1 for falling and 0 for constant values, at any scale', () => {
    const numbers = Float32Array.from({ length: 50 }, (_, at) => at);
    const [found] = runUninterrupted(
      correlate([numbers.map(Math.exp), numbers.map((value) => -value), numbers.map(() => 3)].map(centredRanks), [
        weightsOf(numbers, true)!,
      ]),
    );
    expect([...found].map((value) => Number(value.toFixed(DIGITS)))).toEqual([1, -1, 0]);
  });

  it('ignores unknown numbers, and does not exist for constant values', () => {
    const numbers = Float32Array.from({ length: 40 }, (_, at) => (at < 36 ? at : NaN));
    const [found] = runUninterrupted(
      correlate([centredRanks(Float32Array.from({ length: 40 }, (_, at) => at))], [weightsOf(numbers, true)!]),
    );
    expect(found[0]).toBeGreaterThan(0.8);
    for (const values of [new Float32Array(9), new Float32Array(9).fill(1)])
      expect(weightsOf(values, false)).toBe(null);
    for (const values of [new Float32Array(9).fill(2), new Float32Array(9).fill(NaN)])
      expect(weightsOf(values, true)).toBe(null);
  });
});
