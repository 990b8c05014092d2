import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenEncoder } from '../../src/corpus/store.ts';
import { FileDecoder } from '../../src/corpus/encoding.ts';
import { isEverything } from '../everything.ts';

/**
 * Decodes bytes in chunks that end at `cuts`, to the text, or to the offset of the first byte that
 * is not UTF-8.
 */
function decoded(bytes: Uint8Array, cuts: readonly number[] = []): string | number {
  const decoder = new FileDecoder('utf-8');
  const encoder = new TokenEncoder();
  const ends = [...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
  for (const [index, end] of [...ends, null].entries()) {
    const chunk = end === null ? undefined : bytes.subarray(ends[index - 1] ?? 0, end);
    const { text, invalid } = decoder.push(chunk);
    if (invalid !== null) return invalid.offset;
    encoder.push(text);
  }
  return Array.from(encoder.store.finish(), (id) => String.fromCodePoint(encoder.codePoints[id])).join('');
}

/** The same by the decoder of the platform. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

describe('decoding UTF-8', () => {
  it('gives the same text for all divisions into chunks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.array(fc.nat(120)), (text, cuts) => {
        expect(decoded(Buffer.from(`a${text}`), cuts)).toBe(`a${text}`);
      }),
      { numRuns: 100 },
    );
  });

  it('accepts exactly the bytes that the platform accepts, for all divisions into chunks', () => {
    // Bytes near the edges of the table in the standard, so that many sequences are almost valid.
    const edges = [
      0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
      0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    const bytes = fc
      .array(fc.constantFrom(...edges), { minLength: 1, maxLength: 6 })
      .map((values) => Uint8Array.from(values));
    let accepted = 0;
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(6)), (sequence, cuts) => {
        const result = decoded(sequence, cuts);
        expect(typeof result === 'string').toBe(isUtf8(sequence));
        if (typeof result === 'string') accepted++;
        const validPart = typeof result === 'string' ? sequence : sequence.subarray(0, result);
        expect(isUtf8(validPart)).toBe(true);
      }),
      { numRuns: isEverything ? 1000 : 300, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(isEverything ? 20 : 5);
  });

  it('accepts every code point', () => {
    const everything: number[] = [];
    for (let codePoint = 0; codePoint < 0x110000; codePoint++)
      if (codePoint < 0xd800 || codePoint > 0xdfff) everything.push(codePoint);
    const pieces: string[] = [];
    for (let i = 0; i < everything.length; i += 4096)
      pieces.push(String.fromCodePoint(...everything.slice(i, i + 4096)));
    const text = pieces.join('');
    expect(decoded(Buffer.from(text)) === text).toBe(true);
  });

  it.each([
    ['an overlong slash', [0x61, 0xc0, 0xaf], 1],
    ['an overlong form of three bytes', [0x61, 0xe0, 0x80, 0xaf], 1],
    ['an overlong form of four bytes', [0x61, 0xf0, 0x80, 0x80, 0xaf], 1],
    ['a surrogate', [0x61, 0x62, 0xed, 0xa0, 0x80], 2],
    ['a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], 0],
    ['a continuation byte alone', [0x61, 0x80], 1],
    ['a character that breaks off before another', [0x61, 0xe2, 0x82, 0x61], 1],
    ['a character that breaks off at the end', [0x61, 0x62, 0xf0, 0x9f, 0x98], 2],
  ])('finds %s at its first byte, for all divisions into chunks', (_, bytes, offset) => {
    for (let cut = 0; cut <= bytes.length; cut++) expect(decoded(Uint8Array.from(bytes), [cut])).toBe(offset);
  });

  it('gives each character one id', () => {
    const encoder = new TokenEncoder();
    encoder.push('😀é😀😁é😁😀');
    expect(encoder.codePoints.slice(128)).toEqual([0x1f600, 0xe9, 0x1f601]);
    expect([...encoder.store.finish()]).toEqual([128, 129, 128, 130, 129, 130, 128]);
  });

  it('counts offsets through a long text', () => {
    const before = 'é'.repeat(50_000) + 'x'.repeat(100_000);
    expect(decoded(Buffer.concat([Buffer.from(before), Buffer.of(0xff)]), [33_333, 70_001])).toBe(200_000);
  });
});
