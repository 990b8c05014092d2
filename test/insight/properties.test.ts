import { describe, expect, it, test } from 'vitest';
import { byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { propertiesOf } from '../../src/insight/properties.ts';

const valuesOf = (name: string, pieces: readonly string[]): number[] => [
  ...propertiesOf(pieces).find((property) => property.name === name)!.values,
];
/** A line of digits: the values after each character, · for 0 and ? for unknown. */
const marks = (name: string, text: string): string =>
  valuesOf(name, [...text])
    .map((value) => (Number.isNaN(value) ? '?' : value === 0 ? '·' : String(value)))
    .join('');

describe('properties of a text', () => {
  it.each([
    ['quotes', 'a "bc" d', '··111···'],
    ['quotes', 'a “bc” «d» e', '··111··11···'],
    ['quotes', 'a „bc“ „d” e', '··111··11···'],
    ['quotes', "'bc' don't 'n", '111··········'],
    ['quotes', String.raw`"b\"c" d`, '11111···'],
    ['quotes', '"b\n\nc" d', '11···111'],
    ['quotes', '// "a\nb', '·······'],
    ['quotes', '""', '1·'],
    ['comment', 'a // b\nc', '··1111··'],
    ['comment', 'a /* b\n*/ c', '··111111···'],
    ['comment', '"a // b" c', '··········'],
    ['comment', 'http://a # b\n#c', '·········111···'],
    ['comment', '<!-- a --> b', '111111111···'],
    ['brackets', 'a(b[c])d)', '·11111···'],
    ['bracket depth', 'a(b[c])d)', '·11221···'],
    ['bracket depth', '(a]b', '····'],
    ['bracket depth', '{(}a', '11··'],
    ['bracket depth', 'a)(b)', '··11·'],
    ['line position', 'ab\nc', '12·1'],
    ['line left', 'ab\nc\nd', '2121??'],
    ['indentation', '  a b\n\tc\nd', '12222·11··'],
    ['word', "ab, don't", '11··11111'],
    ['upper case', 'aBCd', '·11·'],
    ['after if', 'if (a)\nif', '··1111···'],
    ['after if', 'wif x', '·····'],
  ])('include %s of %j', (name, text, expected) => {
    expect(marks(name, text)).toBe(expected);
  });

  it('have a value for each code point', () => {
    expect(marks('line position', 'a😀b')).toBe('123');
    expect(marks('quotes', '"😀" b')).toBe('11···');
  });

  it('are the same for a byte-level model, and do not change within a character', () => {
    const text = 'Ä "é\nß" (x)\ny😀\n';
    const bytes = byteVocabulary();
    const decoder = bytes.decoder();
    const pieces = Array.from(bytes.encode(text), (id) => decoder.push(id));
    expect(pieces).toContain('');
    for (const { name, values } of propertiesOf(pieces)) {
      const complete = [...values].filter((_, at) => pieces[at] !== '');
      expect(complete, name).toEqual(valuesOf(name, [...text]));
    }
    expect(valuesOf('line position', pieces).slice(0, 3)).toEqual([0, 1, 2]);
  });
});

test('an unknown token counts as one character', () => {
  const vocabulary = characterVocabulary('ab', true);
  const decoder = vocabulary.decoder();
  expect(
    valuesOf(
      'line position',
      Array.from(vocabulary.encode('axb'), (id) => decoder.push(id)),
    ),
  ).toEqual([1, 2, 3]);
});
