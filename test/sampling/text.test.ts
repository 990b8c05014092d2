import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Vocabulary, byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { SymbolSampler } from '../../src/sampling/filters.ts';
import { Text } from '../../src/sampling/text.ts';

/** Draws these ids one after the other, taking what was written after each `every` of them. */
function drawn(vocabulary: Vocabulary, ids: readonly number[], stop: string | null, every = 1): string {
  const text = new Text(new SymbolSampler(vocabulary.size, { temperature: 0 }), vocabulary.decoder(), {
    seed: 1,
    length: ids.length,
    stop,
  });
  let all = '';
  for (const [i, id] of ids.entries()) {
    if (text.ended) break;
    const logits = new Float32Array(vocabulary.size);
    logits[id] = 1;
    expect(text.draw(logits)).toBe(id);
    if (i % every === 0) all += text.take();
  }
  expect(text.ended).toBe(true);
  return all + text.take();
}

describe('a text while it is drawn', () => {
  test('ends where its stop first ends, wherever the pieces of it were taken', () => {
    const vocabulary = characterVocabulary('ab\u{1F600}', false);
    const some = fc.array(fc.nat(2), { maxLength: 40 });
    fc.assert(
      fc.property(
        some,
        some.filter(({ length }) => length > 0 && length < 6),
        fc.integer({ min: 1, max: 7 }),
        (ids, stopIds, every) => {
          const [whole, stop] = [vocabulary.decode(ids), vocabulary.decode(stopIds)];
          const at = whole.indexOf(stop);
          expect(drawn(vocabulary, ids, stop, every)).toBe(at < 0 ? whole : whole.slice(0, at + stop.length));
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  test('of thousands of characters keeps them all until they are taken, those of two code units too', () => {
    const vocabulary = characterVocabulary('ab\u{1F600}', false);
    const ids = Array.from({ length: 5001 }, (_, i) => (i * i) % 3);
    expect(drawn(vocabulary, ids, null, 4000)).toBe(vocabulary.decode(ids));
  });

  test('of bytes ends with U+FFFD for a character that is cut off, unless it ended with its stop', () => {
    expect(drawn(byteVocabulary(), [0x61, 0xe2, 0x82], null)).toBe('a\u{FFFD}');
    expect(drawn(byteVocabulary(), [0x61, 0xe2, 0x61, 0xe2], '\u{FFFD}a')).toBe('a\u{FFFD}a');
  });

  test('that cannot go on gives what it has, and then says why', () => {
    const vocabulary = characterVocabulary('ab', false);
    const text = new Text(new SymbolSampler(2), vocabulary.decoder(), { seed: 1, length: 5, stop: null });
    text.draw(Float32Array.of(50, 0));
    text.draw(Float32Array.of(0, NaN));
    expect(text.ended).toBe(true);
    expect(text.take()).toBe('a');
    expect(() => text.take()).toThrow(expect.objectContaining({ kind: 'checkpoint' }) as Error);
  });
});
