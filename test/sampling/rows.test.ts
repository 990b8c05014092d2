// Texts of different lengths and prompts that share the rows of a batch.
import { describe, expect, test } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import { SymbolSampler } from '../../src/sampling/filters.ts';
import { Random } from '../../src/random.ts';
import { RepetitionDetector } from '../../src/sampling/repeats.ts';
import { type OneText, type SampledTextsRequest, openSampler } from '../../src/sampling/sample.ts';
import { cyclic, recording, untrained } from './fixture.ts';

const letters = characterVocabulary('abcdefghijklmnopqrstuvwxyz \n', false).data;
const plain = { prime: '', length: 40, stop: null, options: {} } as const;

/** The texts, and how each ended. */
async function sampled(
  checkpoint: Parameters<typeof openSampler>[0],
  request: Partial<SampledTextsRequest> & { readonly texts: readonly OneText[] },
  device = openReference(),
) {
  const sampler = await openSampler(checkpoint, device, { texts: request.texts.length, length: 40 });
  const all: { text: string; isCut: boolean; tokens: number; logProbability: number | null }[] = [];
  for (const pieces of sampler.texts({ ...plain, ...request })) {
    let text = '';
    for await (const piece of pieces) text += piece;
    all.push({ text, ...pieces.outcome });
  }
  await sampler.close();
  return all;
}

describe('a row whose text has ended', () => {
  test('continues with the next text, so that few steps are needed', async () => {
    const { device, steps } = recording(openReference());
    // Greedy texts that end at z: from each letter, a different number of steps.
    const primes = [...'yxwvutsrqponmlkjihgfedcba', ...'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'];
    const texts = primes.map((prime, seed) => ({ seed, prime }));
    const all = await sampled(cyclic(letters, 9), { texts, stop: 'z', options: { temperature: 0 } }, device);
    expect(all.map(({ text }) => text.length)).toEqual(primes.map((prime) => 122 - prime.charCodeAt(0)));
    const work = all.reduce((sum, { text }) => sum + text.length, 0);
    expect(steps.length).toBeLessThan((2 * work) / steps[0].ids.length);
  });

  test('leaves no trace in the next text, with prompts of different lengths', async () => {
    const checkpoint = untrained(letters, (_, data) => data.forEach((value, i) => void (data[i] = 4 * value)), {
      hidden: 24,
      layers: 2,
    });
    const texts = Array.from({ length: 90 }, (_, i) => ({
      seed: i,
      prime: i % 3 === 0 ? '' : 'the quick\nfox'.slice(0, 1 + (i % 13)),
    }));
    const together = await sampled(checkpoint, { texts, stop: ['q', 'zz'] }, await openCpu());
    const alone = await Promise.all(
      texts.map(async (text) => (await sampled(checkpoint, { texts: [text], stop: ['q', 'zz'] }, await openCpu()))[0]),
    );
    expect(together).toEqual(alone);
    expect(new Set(together.map(({ text }) => text)).size).toBeGreaterThan(60);
  });
});

describe('the outcome of a text', () => {
  test('says whether it was cut, and gives its log-probability without sampling options', async () => {
    const checkpoint = cyclic(letters, 5);
    const p = Math.exp(5) / (Math.exp(5) + letters.symbols.length - 1);
    const texts = [{ seed: 1, prime: 'a' }];
    const request = { texts, length: 6, isScored: true, options: { temperature: 0 } };
    const [cut] = await sampled(checkpoint, request);
    expect(cut).toMatchObject({ text: 'bcdefg', isCut: true, tokens: 6 });
    expect(cut.logProbability).toBeCloseTo(6 * Math.log(p), 4);
    const [stopped] = await sampled(checkpoint, { ...request, stop: 'd' });
    expect(stopped).toMatchObject({ text: 'bcd', isCut: false, tokens: 3 });
  });

  test('has no log-probability unless it is requested', async () => {
    const [text] = await sampled(cyclic(letters, 5), { texts: [{ seed: 1 }], length: 3 });
    expect(text.logProbability).toBe(null);
  });
});

describe('repetition', () => {
  test('of a passage is refused with noRepeat, where greedy sampling would repeat it for ever', async () => {
    const request = { texts: [{ seed: 1, prime: 'a' }], length: 200, options: { temperature: 0 } };
    const [{ text: repeating }] = await sampled(cyclic(letters, 5), request);
    expect(repeating.slice(0, 28)).toBe(repeating.slice(28, 56));
    const [{ text }] = await sampled(cyclic(letters, 5), { ...request, noRepeat: 4 });
    const passages = Array.from({ length: text.length - 3 }, (_, at) => text.slice(at, at + 4));
    expect(new Set(passages).size).toBe(passages.length);
  });

  test('at the end of a text is detected, and ordinary text is not one', () => {
    const detect = (text: string): string | null => {
      const detector = new RepetitionDetector();
      for (const piece of text.match(/.{1,7}/gsu)!) detector.push(piece);
      return detector.repeated;
    };
    expect(detect(`Once there was ${'and the sea '.repeat(60)}`)).toHaveLength('and the sea '.length);
    expect(detect(`Once there was a king.${'\n'.repeat(400)}`)).toBe('\n');
    expect(detect('the cat sat on the mat. '.repeat(2))).toBe(null);
    expect(detect(Array.from({ length: 300 }, (_, i) => `${i * 7919} `).join(''))).toBe(null);
  });
});

test('a temperature of two numbers changes from the first to the last token', () => {
  const logits = Float32Array.of(0, 1, 2);
  const counts = (fraction: number): number[] => {
    const sampler = new SymbolSampler(3, { temperature: [0, 1] });
    const random = new Random(1);
    const times = [0, 0, 0];
    for (let i = 0; i < 3000; i++) times[sampler.draw(logits, random, fraction)]++;
    return times;
  };
  expect(counts(0)).toEqual([0, 0, 3000]);
  expect(counts(1)[0]).toBeGreaterThan(150);
  expect(counts(0.5)[0]).toBeGreaterThan(10);
  expect(counts(0.5)[0]).toBeLessThan(counts(1)[0]);
});

test('excluded tokens are not drawn, unless no other is left', () => {
  const sampler = new SymbolSampler(3, { temperature: 0 });
  const logits = Float32Array.of(0, 1, 2);
  expect(sampler.draw(logits, new Random(1), 0, [2, 2])).toBe(1);
  expect(sampler.draw(logits, new Random(1), 0, [0, 1, 2])).toBe(2);
  expect(sampler.draw(logits, new Random(1))).toBe(2);
});
