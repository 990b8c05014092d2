import { describe, expect, it } from 'vitest';
import { byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { LineEncoder, type LineOptions } from '../../src/evaluation/line-tokens.ts';

const plain: LineOptions = { lowercase: false, learnAfter: null, unknown: 'count' };
const vocabulary = characterVocabulary('abce é\n', false);
const withUnknown = characterVocabulary('abce \n', true);
const records = characterVocabulary('abce \t', false, '\n');

const read = (encoder: LineEncoder, line: string | Uint8Array, of = vocabulary) => {
  const { ids, unlisted, unknown, scoredFrom } = encoder.encode(line);
  return { text: of.decode(ids), unlisted, unknown, scoredFrom };
};

describe('a line in tokens', () => {
  it('has the characters of the line, without its line ending', () => {
    const encoder = new LineEncoder(vocabulary, plain);
    for (const line of ['abc', 'abc\n', 'abc\r\n', Buffer.from('abc')])
      expect(read(encoder, line)).toEqual({ text: 'abc', unlisted: [], unknown: 0, scoredFrom: 0 });
    expect(encoder.end).toBe(vocabulary.find('\n'));
  });

  it('has composed characters if the model knows only these', () => {
    expect(read(new LineEncoder(vocabulary, plain), 'ce\u0301a').text).toBe('céa');
  });

  it.each([
    ['count', 'a b', [1]],
    ['skip', 'ab', []],
  ] as const)('with an unknown character: %s', (unknown, text, unlisted) => {
    const expected = { text, unlisted, unknown: 1, scoredFrom: 0 };
    expect(read(new LineEncoder(vocabulary, { ...plain, unknown }), 'aXb')).toEqual(expected);
  });

  it.each(['count', 'replace'] as const)('has the unknown token where the model has one: %s', (unknown) => {
    const encoder = new LineEncoder(withUnknown, { ...plain, unknown });
    const expected = { text: 'a\u{FFFD}b', unlisted: [], unknown: 1, scoredFrom: 0 };
    expect(read(encoder, 'aXb', withUnknown)).toEqual(expected);
  });

  it('cannot replace characters without an unknown token', () => {
    expect(() => new LineEncoder(vocabulary, { ...plain, unknown: 'replace' })).toThrow(
      'cannot replace unknown characters: the model does not have an unknown token',
    );
  });

  it('refuses unknown characters if they are an error', () => {
    const encoder = new LineEncoder(vocabulary, { ...plain, unknown: 'error' });
    expect(() => encoder.encode('aXb')).toThrow('the line has characters that the model has never seen: U+0058 X');
  });

  it('never has the end token, which would divide it', () => {
    const encoder = new LineEncoder(vocabulary, plain);
    expect(read(encoder, 'a\nb')).toMatchObject({ text: 'a b', unlisted: [1], unknown: 1 });
    const separated = characterVocabulary('abc', false, ';');
    expect(read(new LineEncoder(separated, plain), 'a;b', separated)).toMatchObject({ text: 'aab', unlisted: [1] });
  });

  it('is scored after the delimiter of a pair, if it has one', () => {
    const encoder = new LineEncoder(records, { ...plain, learnAfter: '\t' });
    expect(read(encoder, 'ab\tc\te', records).scoredFrom).toBe(3);
    expect(read(encoder, 'abc', records).scoredFrom).toBe(0);
  });

  it('is in lower case if the text of the run was', () => {
    expect(read(new LineEncoder(vocabulary, { ...plain, lowercase: true }), 'ABC').text).toBe('abc');
  });

  it('needs a model that knows how a line ends', () => {
    const endless = characterVocabulary('abc ', false);
    expect(() => new LineEncoder(endless, plain)).toThrow('the text of the model does not have a newline');
  });
});

describe('a stretch of a line', () => {
  it('has the characters of the given line where they correspond', () => {
    const lower = new LineEncoder(vocabulary, { ...plain, lowercase: true });
    expect(lower.encode('ABcab').stretch(1, 3)).toEqual({ start: 1, text: 'Bc' });
    const skipping = new LineEncoder(vocabulary, { ...plain, unknown: 'skip' });
    expect(skipping.encode('aXbc').stretch(1, 4)).toEqual({ start: 1, text: 'bc' });
  });

  it('has whole characters for a byte-level model', () => {
    const line = new LineEncoder(byteVocabulary(), plain).encode('aéé€b');
    expect(line.ids).toHaveLength(9);
    expect(line.stretch(2, 4)).toEqual({ start: 1, text: 'éé' });
    expect(line.stretch(6, 10)).toEqual({ start: 3, text: '€b' });
  });
});
