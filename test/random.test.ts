import { describe, expect, test } from 'vitest';
import { Random, dropoutKeeps, hash32 } from '../src/random.ts';

const take = <Item>(count: number, make: () => Item): Item[] => Array.from({ length: count }, make);
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

describe('random numbers', () => {
  test('follow xoshiro128** 1.1 from a known state', () => {
    // The first outputs of the authors' C program (prng.di.unimi.it/xoshiro128starstar.c) from the
    // state 1, 2, 3, 4.
    const random = Random.restore([1, 2, 3, 4]);
    expect(take(5, () => random.uint32())).toEqual([11520, 0, 5927040, 70819200, 2031721883]);
  });

  test('are the same for the same seed, and differ for other seeds, also beyond 32 bits', () => {
    const draw = (seed: number): number[] => {
      const random = new Random(seed);
      return take(4, () => random.uint32());
    };
    expect(draw(42)).toEqual(draw(42));
    const seeds = [0, 1, 2, -1, 2 ** 31, 2 ** 32 + 1, 2 ** 52];
    expect(new Set(seeds.map((seed) => draw(seed).join())).size).toBe(seeds.length);
  });

  test('continue from a saved state without a difference', () => {
    const random = new Random(7);
    take(10, () => random.normal());
    const { state } = random;
    const ahead = take(10, () => random.uniform());
    expect(take(10, () => 0)).not.toEqual(ahead);
    const restored = Random.restore(state);
    expect(take(10, () => restored.uniform())).toEqual(ahead);
    expect(state).not.toEqual(random.state);
  });

  test('are uniform in [0, 1): mean, variance and every tenth as often as the next', () => {
    const random = new Random(1);
    const values = take(100_000, () => random.uniform());
    expect(Math.min(...values.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(values.every((x) => x < 1)).toBe(true);
    expect(mean(values)).toBeCloseTo(0.5, 2);
    expect(mean(values.map((x) => (x - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
    const tenths = new Array<number>(10).fill(0);
    for (const x of values) tenths[Math.floor(10 * x)]++;
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500); // five standard deviations
    expect(values.some((x) => (x * 2 ** 32) % 1 !== 0)).toBe(true); // more than 32 bits
  });

  test('are normal: mean 0, variance 1, kurtosis 3', () => {
    const random = new Random(2);
    const values = take(100_000, () => random.normal());
    expect(Math.abs(mean(values))).toBeLessThan(0.02);
    expect(Math.abs(mean(values.map((x) => x * x)) - 1)).toBeLessThan(0.03);
    expect(Math.abs(mean(values.map((x) => x ** 4)) - 3)).toBeLessThan(0.2);
  });
});

describe('dropout', () => {
  const kept = (key: number, site: number, rate: number): boolean[] =>
    Array.from({ length: 20_000 }, (_, index) => dropoutKeeps(key, site, index, rate));
  const share = (mask: readonly boolean[]): number => mask.filter(Boolean).length / mask.length;

  test('keeps a fraction of 1 − rate', () => {
    for (const rate of [0.1, 0.5, 0.9]) expect(Math.abs(share(kept(3, 0, rate)) - (1 - rate))).toBeLessThan(0.02);
    expect(share(kept(3, 0, 0))).toBe(1);
  });

  test('drops other elements with another key and at another site', () => {
    const mask = kept(3, 0, 0.5);
    for (const other of [kept(4, 0, 0.5), kept(3, 1, 0.5)]) {
      expect(Math.abs(share(mask.map((keeps, index) => keeps === other[index])) - 0.5)).toBeLessThan(0.02);
    }
  });

  test('hashes: a flipped bit of the input flips half of the bits of the result', () => {
    let flipped = 0;
    for (let x = 0; x < 100; x++)
      for (let bit = 0; bit < 32; bit++)
        flipped += ((hash32(x) ^ hash32(x ^ (1 << bit))) >>> 0).toString(2).replaceAll('0', '').length;
    expect(Math.abs(flipped / (100 * 32 * 32) - 0.5)).toBeLessThan(0.02);
  });
});
