import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Vocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { SymbolSampler } from '../../src/sampling/filters.ts';
import { SampledText } from '../../src/sampling/text.ts';

/** Samples these ids one after another, and takes the text after every `every` of them. */
function drawn(
  vocabulary: Vocabulary,
  ids: readonly number[],
  stops: readonly string[],
  { every = 1, keepStop = true } = {},
): string {
  const text = new SampledText(new SymbolSampler(vocabulary.size, { temperature: 0 }), vocabulary.data.symbols, {
    seed: 1,
    length: ids.length,
    stops,
    keepStop,
  });
  let all = '';
  for (const [i, id] of ids.entries()) {
    if (text.isEnded) break;
    const logits = new Float32Array(vocabulary.size);
    logits[id] = 1;
    expect(text.sampleToken(logits)).toBe(id);
    if (i % every === 0) all += text.takeText();
  }
  expect(text.isEnded).toBe(true);
  return all + text.takeText();
}

describe('a text while it is sampled', () => {
  test('ends at the first end of one of its stops, wherever its pieces are taken, with the stop or without it', () => {
    const vocabulary = characterVocabulary('ab\u{1F600}', false);
    const some = fc.array(fc.nat(2), { maxLength: 40 });
    const stop = fc.array(fc.nat(2), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        some,
        fc.array(stop, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (ids, stopIds, every, keepStop) => {
          const whole = vocabulary.decode(ids);
          const stops = stopIds.map((each) => vocabulary.decode(each));
          const ends = stops.flatMap((each) => (whole.includes(each) ? [whole.indexOf(each) + each.length] : []));
          const end = ends.length === 0 ? whole.length : Math.min(...ends);
          const longest = Math.max(
            0,
            ...stops.filter((each) => ends.length > 0 && whole.slice(0, end).endsWith(each)).map((each) => each.length),
          );
          expect(drawn(vocabulary, ids, stops, { every, keepStop })).toBe(
            whole.slice(0, keepStop ? end : end - longest),
          );
        },
      ),
      { seed: 1, numRuns: 1000 },
    );
  });

  test('of thousands of characters keeps them all until they are taken, even characters of two code units', () => {
    const vocabulary = characterVocabulary('ab\u{1F600}', false);
    const ids = Array.from({ length: 5001 }, (_, i) => (i * i) % 3);
    expect(drawn(vocabulary, ids, [], { every: 4000 })).toBe(vocabulary.decode(ids));
  });

  test('that cannot continue returns its text so far, and then throws the reason', () => {
    const vocabulary = characterVocabulary('ab', false);
    const text = new SampledText(new SymbolSampler(2), vocabulary.data.symbols, {
      seed: 1,
      length: 5,
      stops: [],
      keepStop: true,
    });
    text.sampleToken(Float32Array.of(50, 0));
    text.sampleToken(Float32Array.of(0, NaN));
    expect(text.isEnded).toBe(true);
    expect(text.takeText()).toBe('a');
    expect(() => text.takeText()).toThrow(expect.objectContaining({ kind: 'checkpoint' }) as Error);
  });
});
