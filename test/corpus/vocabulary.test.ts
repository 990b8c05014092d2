import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteVocabulary, characterVocabulary, Vocabulary } from '../../src/corpus/vocabulary.ts';
import { failureOf } from './fixture.ts';

/** Strings of whole code points, from all planes. */
const anyText = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });

describe('a vocabulary of characters', () => {
  it('numbers characters in the order of their code points', () => {
    const vocabulary = characterVocabulary('b\u{1F600}a\u{FFFC}b', false);
    expect(vocabulary.data).toEqual({ unit: 'char', symbols: ['a', 'b', '\u{FFFC}', '\u{1F600}'], unknown: null });
    expect([...vocabulary.encode('ab\u{1F600}')]).toEqual([0, 1, 3]);
  });

  it('decodes every text that it has encoded', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const vocabulary = characterVocabulary(text, false);
        expect(vocabulary.decode(vocabulary.encode(text))).toBe(text);
        expect(vocabulary.encode(text)).toHaveLength([...text].length);
      }),
    );
  });

  it('names unknown characters and suggests substitutes', async () => {
    const vocabulary = characterVocabulary("ae'", false);
    const error = await failureOf(() => vocabulary.encode('a\u2019é\tA漢a漢'));
    expect(error.kind).toBe('corpus');
    expect(error.message).toBe('the model has never seen U+2019 ’, U+00E9 é, U+0009 (tab), U+0041 A, U+6F22 漢');
    expect(error.hint).toContain(
      "write ' for ’, e for é and a for A, fine-tune on text with these characters (--init-from), or",
    );
  });

  it('names only a few of many unknown characters', async () => {
    const error = await failureOf(() => characterVocabulary('a', false).encode('0123456789'));
    expect(error.message).toContain('U+0034 4 and 5 more');
    expect(error.hint).not.toContain('write');
  });

  it('suggests a letter without accent in the other case if nothing is nearer', async () => {
    expect((await failureOf(() => characterVocabulary('ae', false).encode('É'))).hint).toContain(
      'write e for É, fine-tune on text with this character (--init-from), or ',
    );
  });

  it('suggests a typographic apostrophe if the text was typeset', async () => {
    expect((await failureOf(() => characterVocabulary('a’', false).encode("a'a"))).hint).toContain("write ’ for '");
  });

  it('encodes any unknown character as the unknown token if there is one', () => {
    const vocabulary = characterVocabulary('ab', true);
    expect(vocabulary.data).toEqual({ unit: 'char', symbols: ['a', 'b', '\u{FFFD}'], unknown: 2 });
    expect([...vocabulary.encode('axb\u{FFFD}')]).toEqual([0, 2, 1, 2]);
    expect(vocabulary.decode([0, 2])).toBe('a\u{FFFD}');
  });

  it('skips or replaces unknown characters if asked, in the form of the text that has the fewest', async () => {
    const withUnknown = characterVocabulary('ab\n', true); // ids: \n a b U+FFFD
    const without = characterVocabulary('ab\n', false);
    for (const vocabulary of [withUnknown, without]) expect([...vocabulary.encode('axb', 'skip')]).toEqual([1, 2]);
    expect([...without.encode('xyz', 'skip')]).toEqual([]);
    expect([...withUnknown.encode('axb\r\n', 'replace')]).toEqual([1, 3, 2, 0]);
    expect([...without.encode('axb\r\n', 'skip')]).toEqual([1, 2, 0]);
    const error = await failureOf(() => without.encode('ab', 'replace'));
    expect(error).toMatchObject({
      kind: 'usage',
      message: 'cannot replace unknown characters: the model does not have an unknown token',
      hint: 'use --unknown skip, or train with --min-count 2',
    });
    for (const policy of ['error', 'skip', 'replace'] as const)
      expect([...byteVocabulary().encode('\u{E9}', policy)]).toEqual([0xc3, 0xa9]);
  });

  it('refuses an id outside the vocabulary', () => {
    expect(() => characterVocabulary('ab', false).decode([2])).toThrow('id 2 is outside the vocabulary of 2 tokens');
  });
});

describe('a vocabulary of bytes', () => {
  it('has all 256 bytes and decodes every text', () => {
    const vocabulary = byteVocabulary();
    expect(vocabulary.size).toBe(256);
    fc.assert(
      fc.property(anyText, (text) => {
        expect(vocabulary.decode(vocabulary.encode(text))).toBe(text);
      }),
    );
  });

  it('withholds a character until its last byte arrives', () => {
    const decoder = byteVocabulary().decoder();
    expect([0x61, 0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82].map((byte) => decoder.push(byte))).toEqual([
      'a',
      '',
      '',
      '',
      '😀',
      '',
      '',
    ]);
    expect(decoder.end()).toBe('\u{FFFD}');
  });

  it('shows invalid bytes as U+FFFD and continues', () => {
    expect(byteVocabulary().decode([0xff, 0x61, 0xc3, 0x62])).toBe('\u{FFFD}a\u{FFFD}b');
  });

  it('decodes any bytes one by one exactly like the platform', () => {
    // First, middle and last bytes of characters, and bytes that never occur in UTF-8.
    const byte = fc.constantFrom(
      0x00,
      0x61,
      0x7f,
      0x80,
      0xbf,
      0xc0,
      0xc3,
      0xe2,
      0x82,
      0xac,
      0xed,
      0xa0,
      0xf0,
      0x9f,
      0xf4,
      0x90,
      0xf5,
      0xff,
      0xef,
      0xbb,
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 30 }), (bytes) => {
        const [decoder, platform] = [byteVocabulary().decoder(), new TextDecoder('utf-8', { ignoreBOM: true })];
        for (const each of bytes)
          expect(decoder.push(each)).toBe(platform.decode(Uint8Array.of(each), { stream: true }));
        expect(decoder.end()).toBe(platform.decode());
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('keeps a byte order mark', () => {
    expect(byteVocabulary().decode([0xef, 0xbb, 0xbf, 0x61])).toBe('\u{FEFF}a');
  });
});

describe('a vocabulary from a checkpoint', () => {
  it('is the same after JSON', () => {
    for (const { data } of [characterVocabulary('héllo\0\n', true), byteVocabulary()]) {
      expect(new Vocabulary(JSON.parse(JSON.stringify(data)) as typeof data).data).toEqual(data);
    }
  });

  it.each([
    ['a symbol twice', { unit: 'char', symbols: ['a', 'a'], unknown: null }, 'a token occurs twice'],
    [
      'two characters in one symbol',
      { unit: 'char', symbols: ['a', 'bc'], unknown: null },
      '"bc" is not one character',
    ],
    ['an empty symbol', { unit: 'char', symbols: ['a', ''], unknown: null }, '"" is not one character'],
    ['no symbols', { unit: 'char', symbols: [], unknown: null }, 'it has no tokens'],
    [
      'an unknown symbol that is not there',
      { unit: 'char', symbols: ['a'], unknown: 1 },
      'its unknown token is 1: expected an id below 1',
    ],
    [
      'bytes that are missing',
      { unit: 'byte', symbols: ['00', '01'], unknown: null },
      'its bytes are not "00" to "ff"',
    ],
  ] as const)('is refused with %s', async (_, data, reason) => {
    const error = await failureOf(() => new Vocabulary(data));
    expect(error.message).toBe(`cannot use the vocabulary: ${reason}`);
  });
});
