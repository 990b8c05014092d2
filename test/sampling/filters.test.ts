import { describe, expect, it } from 'vitest';

import { RnnError } from '../../src/errors.ts';
import { Random } from '../../src/random.ts';
import { type SamplingOptions, SymbolSampler, validateSamplingOptions } from '../../src/sampling/filters.ts';

const draws = 20_000;
/**
 * Standard errors of a frequency. A correct sampler exceeds them in one of 15,000 comparisons. The
 * seeds are fixed, so the test always passes or always fails.
 */
const standardErrors = 4;

/** One sample, by a new sampler. */
function drawSymbol(logits: Float32Array | Float64Array, options: SamplingOptions, random: Random): number {
  return new SymbolSampler(logits.length, options).draw(logits, random);
}

/** Options with one temperature for the whole text. */
type FixedOptions = SamplingOptions & { readonly temperature?: number };

/**
 * The distribution that the options describe, by sorting: a reference implementation of the
 * sampler.
 */
function exactProbabilities(
  logits: readonly number[],
  {
    temperature = 1,
    topK = logits.length,
    topP = 1,
    minP = 0,
    never = [],
  }: SamplingOptions & { readonly temperature?: number },
): number[] {
  const largest = Math.max(...logits.filter((_, id) => !never.includes(id)));
  let symbols = logits.map((logit, id) => ({
    id,
    p: never.includes(id) ? 0 : Math.exp((logit - largest) / temperature),
  }));
  symbols = symbols
    .filter(({ p }) => p > 0 && p >= minP)
    .toSorted((a, b) => b.p - a.p || a.id - b.id)
    .slice(0, topK);
  const total = symbols.reduce((sum, { p }) => sum + p, 0);
  let mass = 0;
  symbols = symbols.filter(({ p }) => {
    const isKept = mass < topP * total;
    mass += p;
    return isKept;
  });
  const kept = symbols.reduce((sum, { p }) => sum + p, 0);
  const probabilities = logits.map(() => 0);
  for (const { id, p } of symbols) probabilities[id] = p / kept;
  return probabilities;
}

/**
 * The tokens that were sampled too often or too rarely, in words. Empty if the sampler is correct.
 */
function deviations(logits: readonly number[], options: FixedOptions, seed: number): string[] {
  const sampler = new SymbolSampler(logits.length, options);
  const random = new Random(seed);
  const values = Float64Array.from(logits);
  const counts = logits.map(() => 0);
  for (let i = 0; i < draws; i++) counts[sampler.draw(values, random)]++;
  return exactProbabilities(logits, options).flatMap((p, id) => {
    const tolerance = p === 0 ? 0 : standardErrors * Math.sqrt((p * (1 - p)) / draws) + 1e-12;
    return Math.abs(counts[id] / draws - p) <= tolerance
      ? []
      : [`symbol ${id} of probability ${p} was drawn ${counts[id]} times`];
  });
}

const normalLogits = (length: number, seed: number) => {
  const random = new Random(seed);
  return Array.from({ length }, () => 2 * random.normal());
};
const settings: FixedOptions[] = [
  {},
  { temperature: 0.5 },
  { temperature: 3 },
  { topK: 3 },
  { topP: 0.8 },
  { minP: 0.1 },
  { temperature: 1.5, topK: 5, topP: 0.7 },
  { temperature: 0.8, topK: 6, topP: 0.95, minP: 0.05 },
  { never: [0, 4], topP: 0.9 },
];

describe('sampling a token', () => {
  it.each(settings)('has the frequencies of the distribution with %j', (options) => {
    expect(deviations([1.2, 0.3, -1, 2.5, 1.9, -3, 0.1], options, 1)).toEqual([]);
    expect(deviations(normalLogits(65, 2), options, 3)).toEqual([]);
  });

  it('samples the same tokens with the same seed, and uses one random number for each', () => {
    const logits = Float32Array.from(normalLogits(65, 4));
    for (const options of settings) {
      const sampler = new SymbolSampler(65, options);
      const [one, other, bare] = [new Random(5), new Random(5), new Random(5)];
      for (let i = 0; i < 50; i++) {
        expect(sampler.draw(logits, one)).toBe(drawSymbol(logits, options, other));
        bare.uniform();
      }
      expect(one.state).toEqual(bare.state);
    }
  });

  it('takes the most likely token at temperature 0, the first of equals, without a random number', () => {
    const random = new Random(6);
    const before = random.state;
    expect(drawSymbol(Float64Array.of(1, 3, 2, 3), { temperature: 0 }, random)).toBe(1);
    expect(drawSymbol(Float64Array.of(1, 3, 2, 3), { temperature: 0, never: [1] }, random)).toBe(3);
    expect(random.state).toEqual(before);
  });

  it('takes the most likely token with --top-k 1, a tiny --top-p, --min-p 1 or a tiny temperature', () => {
    const random = new Random(7);
    const logits = Float64Array.from([0, 4, 1, 3.9]);
    for (const options of [
      { topK: 1 },
      { topP: 1e-12 },
      { topP: Number.MIN_VALUE },
      { minP: 1 },
      { temperature: 1e-320 },
    ]) {
      for (let i = 0; i < 200; i++) expect(drawSymbol(logits, options, random)).toBe(1);
    }
  });

  it('keeps exactly k of equally likely tokens, the k lowest ids', () => {
    expect(deviations([0, 0, 0, 0, 0], { topK: 2 }, 8)).toEqual([]);
    expect(deviations([-1, 2, 2, 2, 2, 2], { topK: 3 }, 9)).toEqual([]);
    expect(deviations([1, 1, 1, 1], { topP: 0.5 }, 10)).toEqual([]);
    expect(deviations([1, 1, 1, 0], { minP: 1 }, 11)).toEqual([]);
  });

  it('samples as without filters if the filters keep everything', () => {
    const logits = Float64Array.from(normalLogits(65, 12));
    for (let seed = 0; seed < 200; seed++) {
      expect(drawSymbol(logits, { topK: 65, topP: 1, minP: 0 }, new Random(seed))).toBe(
        drawSymbol(logits, {}, new Random(seed)),
      );
    }
    expect(() => drawSymbol(logits, { topK: 1_000_000 }, new Random(1))).not.toThrow();
  });

  it('applies top-p to the probability that top-k and min-p left', () => {
    // The first three become 0.5, 0.3 and 0.2, of which two make 0.7. Of all nine, more than three
    // would be needed.
    const logits = [0.25, 0.15, 0.1, 0.09, 0.09, 0.09, 0.09, 0.09, 0.05].map(Math.log);
    expect(exactProbabilities(logits, { topK: 3, topP: 0.7 }).filter((p) => p > 0)).toHaveLength(2);
    expect(deviations(logits, { topK: 3, topP: 0.7 }, 13)).toEqual([]);
    expect(deviations(logits, { minP: 0.39, topP: 0.7 }, 14)).toEqual([]);
  });

  it('works with logits near the largest numbers', () => {
    const huge = Number.MAX_VALUE;
    const random = new Random(15);
    for (const options of settings.slice(0, 8)) {
      expect(drawSymbol(Float64Array.of(-huge, huge, 0), options, random)).toBe(1);
      expect([1, 2]).toContain(drawSymbol(Float64Array.of(-huge, huge, huge), options, random));
    }
    expect(deviations([1e300, 1e300, -1e300], {}, 16)).toEqual([]);
    expect(deviations([-5000, -5001, -5002], { topP: 0.9 }, 17)).toEqual([]);
  });

  it('agrees with the definition on a vocabulary of 10,000 tokens', () => {
    const logits = normalLogits(10_000, 18);
    const values = Float64Array.from(logits);
    for (const options of [{ topK: 40 }, { topP: 0.3, temperature: 0.4 }, { topK: 500, topP: 0.5, minP: 0.02 }]) {
      const exact = exactProbabilities(logits, options);
      const sampler = new SymbolSampler(10_000, options);
      const random = new Random(19);
      const drawn = Array.from({ length: 300 }, () => sampler.draw(values, random));
      expect(drawn.filter((id) => exact[id] === 0)).toEqual([]);
      expect(exact.map((p, id) => ({ p, id })).filter(({ p, id }) => p > 0.05 && !drawn.includes(id))).toEqual([]);
    }
  });

  it.each([NaN, Infinity, -Infinity])('reports a bad checkpoint for a logit of %s, at any temperature', (bad) => {
    for (const temperature of [0, 1]) {
      const attempt = () => drawSymbol(Float32Array.of(1, bad, 2), { temperature }, new Random(20));
      expect(attempt).toThrow(
        expect.objectContaining({ kind: 'checkpoint', message: expect.stringContaining(`token 1 is ${bad}`) }),
      );
    }
  });

  it('does not change the logits', () => {
    const logits = Float32Array.from(normalLogits(65, 21));
    const copy = logits.slice();
    drawSymbol(logits, { temperature: 0.5, topK: 5, topP: 0.5, minP: 0.1 }, new Random(22));
    expect(logits).toEqual(copy);
  });
});

describe('sampling options', () => {
  it.each([
    [{ temperature: -1 }, '--temp is -1: expected a number of at least 0'],
    [{ temperature: NaN }, '--temp is NaN'],
    [{ temperature: Infinity }, '--temp is Infinity'],
    [{ topK: 0 }, '--top-k is 0: expected a whole number of at least 1'],
    [{ topK: 2.5 }, '--top-k is 2.5'],
    [{ topP: 0 }, '--top-p is 0: expected a number above 0 and at most 1'],
    [{ topP: 1.1 }, '--top-p is 1.1'],
    [{ minP: -0.1 }, '--min-p is -0.1: expected a number from 0 to 1'],
    [{ minP: 2 }, '--min-p is 2'],
  ] as const)('refuses %j, naming the flag, the value and the allowed values', (options, message) => {
    expect(() => validateSamplingOptions(options)).toThrow(RnnError);
    expect(() => validateSamplingOptions(options)).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining(message), hint: expect.any(String) }),
    );
    expect(() => new SymbolSampler(10, options)).toThrow(message);
  });

  it('accepts the ends of each range', () => {
    for (const options of [{}, { temperature: 0 }, { topK: 1 }, { topP: 1 }, { topP: 1e-9 }, { minP: 0 }, { minP: 1 }])
      expect(() => validateSamplingOptions(options)).not.toThrow();
  });

  it('refuses a vocabulary without a token to sample', () => {
    expect(() => new SymbolSampler(2, { never: [0, 1] })).toThrow('no token that may be sampled');
  });
});
