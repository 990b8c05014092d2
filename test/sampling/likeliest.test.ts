import { expect, test } from 'vitest';
import { Random } from '../../src/random.ts';
import { likeliestTokens } from '../../src/sampling/likeliest.ts';

test('the likeliest tokens are the first of all tokens in descending order, and the lower of equal ids comes first', () => {
  const random = new Random(1);
  for (const V of [1, 2, 9, 100]) {
    // Few values, so that many are equal.
    const logits = Float32Array.from({ length: V }, () => Math.floor(8 * random.uniform()));
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    const sorted = Array.from(logits.keys()).toSorted((a, b) => logits[b] - logits[a] || a - b);
    for (const count of [0, 1, 3, 8, V, Infinity]) {
      const found = likeliestTokens(logits, count);
      expect(found.map(({ id }) => id)).toEqual(sorted.slice(0, count));
      for (const { id, nats, probability } of found) {
        expect(nats).toBeCloseTo(total - logits[id], 9);
        expect(probability).toBeCloseTo(Math.exp(-nats), 9);
      }
    }
  }
  expect(() => likeliestTokens(Float32Array.of(0, NaN), 1)).toThrow('NaN');
});
