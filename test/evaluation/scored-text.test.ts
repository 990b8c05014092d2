import { describe, expect, it } from 'vitest';
import { byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { scoredCharactersOf, printableToken } from '../../src/evaluation/scored-text.ts';
import { SurprisalRecord } from '../../src/evaluation/surprisal.ts';

/** Pieces of bytes with losses of 1, 2, 4 … nats, after the first byte. */
function pieces(bytes: Iterable<number>, most = Infinity) {
  const tokens = Uint8Array.from(bytes);
  const surprisal = new SurprisalRecord(Math.min(most, tokens.length - 1), 256);
  surprisal.nats.set(surprisal.nats.map((_, at) => 2 ** at));
  return [...scoredCharactersOf(tokens, byteVocabulary(), surprisal)];
}

describe('the characters of a text', () => {
  it('in bytes have the loss of all their bytes, including a first character of several bytes', () => {
    expect(pieces(Buffer.from('éaü'))).toEqual([
      { text: 'é', lastTokenIndex: 1, scoredTokens: 1, nats: 1 },
      { text: 'a', lastTokenIndex: 2, scoredTokens: 1, nats: 2 },
      { text: 'ü', lastTokenIndex: 4, scoredTokens: 2, nats: 4 + 8 },
    ]);
  });

  it('include a character that the end of the text truncates, but not one that the end of the record truncates', () => {
    const fox = Buffer.from('a🦊');
    expect(pieces(fox.subarray(0, 4)).at(-1)).toEqual({
      text: '\uFFFD',
      lastTokenIndex: 3,
      scoredTokens: 3,
      nats: 1 + 2 + 4,
    });
    expect(pieces(fox, 3)).toEqual([{ text: 'a', lastTokenIndex: 0, scoredTokens: 0, nats: 0 }]);
  });

  it('in a character-level model are its tokens', () => {
    const [vocabulary, tokens] = [characterVocabulary('ab', false), Uint8Array.of(1, 0)];
    const surprisal = new SurprisalRecord(1, 2);
    surprisal.nats[0] = 3;
    expect([...scoredCharactersOf(tokens, vocabulary, surprisal)]).toEqual([
      { text: 'b', lastTokenIndex: 0, scoredTokens: 0, nats: 0 },
      { text: 'a', lastTokenIndex: 1, scoredTokens: 1, nats: 3 },
    ]);
  });
});

it('tokens of a vocabulary are readable', () => {
  expect(['\n', ' ', 'é', '\u00A0', '\u0301', '\u001B', '\\', '😀', '\n\u001E\n'].map(printableToken)).toEqual([
    '\\n',
    '␣',
    'é',
    'U+00A0',
    'U+0301',
    'U+001B',
    '\\\\',
    '😀',
    '\\nU+001E\\n',
  ]);
});
