// Reductions and the loss, in both builds of the kernels, compared with plain float64 loops at
// awkward sizes.
import { describe, expect, test } from 'vitest';
import { sweep, ulp } from './floats.ts';
import { EPSILON, open, worst } from './kernel-memory.ts';

describe.each(['portable', 'relaxed'] as const)('%s kernels', (variant) => {
  for (const count of [1, 7, 8, 9, 100, 1003]) {
    test(`reductions of ${count} elements`, async () => {
      const { kernels, matrix } = await open(variant);
      const x = matrix(1, count);
      const squares = x.values()[0]!.reduce((sum, value) => sum + value * value, 0);
      // Products of float32 are exact in float64, so only the order of at most 1003 additions
      // differs.
      expect(Math.abs(kernels.sumOfSquares(x.address, count) / squares - 1)).toBeLessThan(1e-13);

      for (const shards of [1, 2, 5]) {
        const stride = count + 3;
        const from = matrix(shards, count, stride);
        const to = matrix(1, count);
        const expected = Array.from({ length: count }, (_, i) => {
          let sum = from.at(0, i);
          for (let s = 1; s < shards; s++) sum = Math.fround(sum + from.at(s, i));
          return sum;
        });
        kernels.reduceShards(from.address, stride, shards, count, to.address);
        expect(to.values()[0]).toEqual(expected);
        kernels.reduceShards(from.address, stride, shards, count, from.address);
        expect(from.values()[0]).toEqual(expected);
        expect(to.guardsHold() && from.guardsHold()).toBe(true);
      }
    });
  }

  for (const [rows, columns] of [
    [1, 1],
    [3, 15],
    [2, 16],
    [5, 33],
    [4, 1031],
  ] as const) {
    test(`rowSums of (${rows}, ${columns}), with the same bits in both builds`, async () => {
      const sums = async (build: typeof variant): Promise<number[]> => {
        const { kernels, matrix } = await open(build);
        const x = matrix(rows, columns, columns + 3);
        const out = matrix(rows, 1, 2);
        kernels.rowSums(rows, columns, x.address, x.ld, out.address, out.ld);
        const plain = x.values();
        const error = worst(
          out.values(),
          (r) => plain[r]!.reduce((sum, each) => sum + each, 0),
          (r) => EPSILON * plain[r]!.reduce((sum, each) => sum + Math.abs(each), 0),
        );
        // Each element takes part in at most this many additions.
        expect(error).toBeLessThanOrEqual(columns / 16 + 20);
        expect(x.guardsHold() && out.guardsHold()).toBe(true);
        return out.bits();
      };
      expect(await sums(variant)).toEqual(await sums('portable'));
    });
  }

  test('sumOfSquares does not overflow and does not hide a NaN or an infinity', async () => {
    const { kernels, matrix } = await open(variant);
    for (const position of [0, 5, 8, 10]) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const x = matrix(1, 11);
        x.set(0, position, value);
        expect(kernels.sumOfSquares(x.address, 11)).toBe(Math.abs(value));
      }
    }
    const huge = matrix(1, 9, 9, () => 2 ** 100);
    expect(kernels.sumOfSquares(huge.address, 9)).toBe(9 * 2 ** 200);
  });

  /**
   * Each exponential is within 1 ulp, and so is their float64 sum. The logarithm of the sum is
   * within 2 roundings, relative to its size plus 1.
   */
  const LOSS_TOLERANCE = 4 * EPSILON;
  /**
   * The exponential (1 ulp = 2 roundings), scale, product and two differences: 7 roundings of a
   * number that is at most scale.
   */
  const GRADIENT_TOLERANCE = 8 * EPSILON;

  for (const [rows, columns] of [
    [1, 1],
    [3, 2],
    [4, 5],
    [7, 65],
    [2, 131],
  ] as const) {
    test(`softmaxCrossEntropy of (${rows}, ${columns})`, async () => {
      const { kernels, matrix, identifiers, random } = await open(variant);
      const scale = 0.037;
      for (const [inPlace, smoothing] of [
        [false, 0],
        [true, 0],
        [false, 0.3],
        [true, 0.1],
      ] as const) {
        for (const spread of [1, 30, 3000]) {
          const logits = matrix(rows, columns, columns + 3, () => spread * random());
          const plain = logits.values();
          const targets = plain.map((_, r) => (r % 3 === 2 ? -1 : (r * 7 + 1) % columns));
          let loss = 0;
          const magnitudes = plain.map((row, r) => {
            const maximum = Math.max(...row);
            const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x - maximum), 0)) + maximum;
            if (targets[r]! >= 0) loss += logSum - row[targets[r]!]!;
            return { logSum };
          });
          const targetsAddress = identifiers(targets);
          expect(
            Math.abs(
              kernels.softmaxCrossEntropy(rows, columns, logits.address, logits.ld, targetsAddress, 0, 0, 1, 0) - loss,
            ),
          ).toBeLessThanOrEqual(LOSS_TOLERANCE * (rows + loss));
          expect(logits.values()).toEqual(plain);
          const gradient = inPlace ? logits : matrix(rows, columns, columns + 1);
          const again = kernels.softmaxCrossEntropy(
            rows,
            columns,
            logits.address,
            logits.ld,
            targetsAddress,
            gradient.address,
            gradient.ld,
            scale,
            smoothing,
          );
          expect(Math.abs(again - loss)).toBeLessThanOrEqual(LOSS_TOLERANCE * (rows + loss));
          const error = worst(gradient.values(), (r, j) => {
            const target = targets[r]!;
            if (target < 0) return 0;
            return (
              (Math.exp(plain[r]![j]! - magnitudes[r]!.logSum) -
                (j === target ? 1 - smoothing : 0) -
                smoothing / columns) *
              scale
            );
          });
          expect(error).toBeLessThanOrEqual(GRADIENT_TOLERANCE * scale);
          expect(logits.guardsHold() && gradient.guardsHold()).toBe(true);
        }
      }
    });
  }

  test('softmaxCrossEntropy is finite for very unlikely targets, does not write denormals, and propagates NaN and infinity', async () => {
    const { kernels, matrix, identifiers } = await open(variant);
    const logits = matrix(1, 6, 6, (i) => [0, -1e30, -90, -63, Number.NEGATIVE_INFINITY, 0][i]!);
    const gradient = matrix(1, 6);
    const run = (target: number) =>
      kernels.softmaxCrossEntropy(1, 6, logits.address, 6, identifiers([target]), gradient.address, 6, 1, 0);
    expect(run(1)).toBeCloseTo(1e30, -24);
    expect(run(2)).toBeCloseTo(90 + Math.log(2), 5);
    expect(gradient.at(0, 1)).toBe(0);
    expect(gradient.at(0, 4)).toBe(0);
    expect((gradient.at(0, 3) * 2) / Math.exp(-63)).toBeCloseTo(1, 5);
    expect(gradient.at(0, 2)).toBe(-1);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (let position = 0; position < 6; position++) {
        const row = matrix(1, 6);
        row.set(0, position, bad);
        for (const target of [0, position]) {
          const loss = kernels.softmaxCrossEntropy(
            1,
            6,
            row.address,
            6,
            identifiers([target]),
            gradient.address,
            6,
            1,
            0,
          );
          expect(loss).toBeNaN();
          expect(gradient.values()[0]!.some(Number.isNaN)).toBe(true);
        }
      }
    }
    const ignored = matrix(2, 6, 6, () => Number.NaN);
    expect(
      kernels.softmaxCrossEntropy(2, 6, ignored.address, 6, identifiers([-1, -100]), ignored.address, 6, 1, 0),
    ).toBe(0);
    expect(ignored.values().flat()).toEqual(Array.from({ length: 12 }, () => 0));
  });

  test('the exponentials of softmaxCrossEntropy are within 2 ulp, and 0 below e^-64', async () => {
    const { kernels, matrix, identifiers } = await open(variant);
    const [logits, gradient, target] = [matrix(1, 2), matrix(1, 2), identifiers([0])];
    const gradientOf = (x: number): number => {
      logits.set(0, 0, 0);
      logits.set(0, 1, x);
      kernels.softmaxCrossEntropy(1, 2, logits.address, 2, target, gradient.address, 2, 1, 0);
      return gradient.at(0, 1);
    };
    const softmax = (x: number): number => Math.exp(x) / (1 + Math.exp(x));
    const { largest, failingValues: wrong } = sweep(
      (x) => (x <= 0 && x >= -64 ? Math.abs(gradientOf(x) - softmax(x)) / ulp(softmax(x)) : 0),
      (x) => !(x < -64) || gradientOf(x) === 0,
    );
    expect(wrong).toEqual([]);
    expect(largest).toBeGreaterThan(0.5);
    expect(largest).toBeLessThanOrEqual(2);
  });
});
