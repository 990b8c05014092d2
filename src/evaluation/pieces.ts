// A text as people read it, piece by piece, with what each cost: a symbol is a character, or a
// byte, of which a character may have several.
import type { Tokens, Vocabulary } from '../corpus/read.ts';
import type { Surprise } from './surprise.ts';

/** A character of the text. */
export interface Piece {
  readonly text: string;
  /** Where the symbol is in the text that completes it. */
  readonly at: number;
  /**
   * How many of its symbols, up to that one, were scored: all but the first of the text, which is
   * only read.
   */
  readonly scored: number;
  /** Of all that were scored. */
  readonly nats: number;
}

/** As far as there is room in the record of what they cost. */
export function* piecesOf(tokens: Tokens, vocabulary: Vocabulary, { nats }: Surprise): Generator<Piece> {
  const decoder = vocabulary.decoder();
  let scored = 0;
  let sum = 0;
  for (let at = 0; at <= nats.length; at++) {
    let text = decoder.push(tokens[at]);
    if (at === tokens.length - 1) text += decoder.end();
    if (at > 0) {
      sum += nats[at - 1];
      scored++;
    }
    if (text === '') continue;
    yield { text, at, scored, nats: sum };
    scored = 0;
    sum = 0;
  }
}

/** How each symbol is written: a byte that is not an ASCII character as \xc3. */
export function symbolTexts({ data: { unit, symbols } }: Vocabulary): readonly string[] {
  return unit === 'char'
    ? symbols
    : symbols.map((hex, byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${hex}`));
}

/** A symbol, readable on one line: \n, \t, U+00AD, and a space as ␣. */
export function symbolName(symbol: string): string {
  const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', ' ': '␣' };
  if (Object.hasOwn(named, symbol)) return named[symbol];
  // Control, format, combining, private, surrogate and unassigned characters, and separators, show
  // nothing by themselves.
  if (/^[\p{C}\p{M}\p{Z}]/u.test(symbol))
    return `U+${symbol.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  return symbol;
}
