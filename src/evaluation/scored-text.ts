// A text as people read it, character by character, with the loss of each. In a byte-level model a
// character may consist of several tokens.
import type { Tokens, Vocabulary } from '../corpus/read.ts';
import type { Surprisal } from './surprisal.ts';

/** A character of the text. */
export interface ScoredCharacter {
  readonly text: string;
  /** Position of the token that completes it. */
  readonly lastTokenIndex: number;
  /** How many of its tokens were scored. The first token of the text is only read. */
  readonly scoredTokens: number;
  /** The sum over its scored tokens. */
  readonly nats: number;
}

/** Yields the characters of a text whose surprisal was recorded. */
export function* scoredCharactersOf(
  tokens: Tokens,
  vocabulary: Vocabulary,
  { nats }: Surprisal,
): Generator<ScoredCharacter> {
  const decoder = vocabulary.decoder();
  let scoredTokens = 0;
  let sum = 0;
  for (let lastTokenIndex = 0; lastTokenIndex <= nats.length; lastTokenIndex++) {
    let text = decoder.push(tokens[lastTokenIndex]);
    if (lastTokenIndex === tokens.length - 1) text += decoder.end();
    if (lastTokenIndex > 0) {
      sum += nats[lastTokenIndex - 1];
      scoredTokens++;
    }
    if (text === '') continue;
    yield { text, lastTokenIndex, scoredTokens, nats: sum };
    scoredTokens = 0;
    sum = 0;
  }
}

/** The text of each token. A byte that is not ASCII is written like \xc3. */
export function tokenTexts({ data: { unit, symbols } }: Vocabulary): readonly string[] {
  return unit === 'char'
    ? symbols
    : symbols.map((hex, byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${hex}`));
}

/**
 * A token, readable on one line: \n, \r, \t, \\, a space as ␣, and U+00AD for any other character
 * that is invisible alone.
 */
export function printableToken(symbol: string): string {
  const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', ' ': '␣' };
  if (Object.hasOwn(named, symbol)) return named[symbol];
  // The end token of records may be several line endings.
  if (/^\p{C}./su.test(symbol)) return [...symbol].map(printableToken).join('');
  // Control, format, combining, private, surrogate and unassigned characters, and separators, are
  // invisible alone.
  if (/^[\p{C}\p{M}\p{Z}]/u.test(symbol))
    return `U+${symbol.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  return symbol;
}
