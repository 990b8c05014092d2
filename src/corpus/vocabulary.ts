// The tokens that a model knows, and the conversion from text to ids and back. read.ts counts the
// characters of a corpus.
import { type RnnError, inQuotes, corpusError, usageError } from '../errors.ts';
import { describeCharacters, substitutes } from './characters.ts';
import { inKnownForm, nearestKnownForm } from './forms.ts';
import type { Unit, UnknownPolicy } from '../options/choices.ts';
import { flagOf } from '../options/flags.ts';

export type { Unit };

/**
 * A vocabulary as plain data, as checkpoints store it. The id of a token is its index in `symbols`.
 */
export interface VocabularyData {
  readonly unit: Unit;
  /**
   * Characters in the order of their code points. For bytes, always all 256 of them, as "00".."ff".
   */
  readonly symbols: readonly string[];
  /**
   * Id of the unknown token, which replaces every character that is not listed. Its text is U+FFFD.
   * Null if there is no such token.
   */
  readonly unknown: number | null;
  /**
   * Id of the end token, which ends each record. Its text separates records. Null or missing if the
   * model was not trained on records.
   */
  readonly end?: number | null;
}

/** The text to write between two records. Null if the model was not trained on records. */
export function separatorIn({ symbols, end = null }: VocabularyData): string | null {
  if (end === null) return null;
  return symbols[end].includes('\n') ? symbols[end] : `\n${symbols[end]}\n`;
}

/** The text of the unknown token. A literal U+FFFD in a corpus means the same. */
const REPLACEMENT = '\u{FFFD}';

/** Turns ids into text one by one. */
export interface TokenDecoder {
  /**
   * Returns the text that this id completes. Empty while a character of several bytes is
   * incomplete.
   */
  push(id: number): string;
  /** Returns the rest of the text: U+FFFD for an incomplete character. */
  end(): string;
}

/** Converts text to ids and back. */
export class Vocabulary {
  readonly data: VocabularyData;
  readonly unit: Unit;
  /** V, the number of tokens. */
  readonly size: number;
  readonly #ids = new Map<string, number>();

  /** @throws RnnError `corpus` if the data are inconsistent, as in an edited checkpoint */
  constructor(data: VocabularyData) {
    const symbols: unknown = data?.symbols;
    if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string'))
      throw corpusError(`the symbols of the vocabulary are ${inQuotes(symbols)}: expected a list of strings`);
    data.symbols.forEach((symbol, id) => this.#ids.set(symbol, id));
    const wrong = contradiction(data, this.#ids.size);
    if (wrong !== null) throw corpusError(`cannot use the vocabulary: ${wrong}`);
    this.data = data;
    this.unit = data.unit;
    this.size = data.symbols.length;
  }

  /**
   * Id of the token after which a text starts: a line feed if the vocabulary has one, otherwise a
   * space. Null if it has neither. At the start of a text, the model reads this token from a zero
   * state. A model of records reads the end token.
   */
  get startSymbol(): number | null {
    if (this.end !== null) return this.end;
    const candidates = this.unit === 'byte' ? ['0a'] : ['\n', ' '];
    return candidates.map((symbol) => this.#ids.get(symbol)).find((id) => id !== undefined) ?? null;
  }

  /** Id of the token that ends a record. Null if the model was not trained on records. */
  get end(): number | null {
    return this.data.end ?? null;
  }

  /**
   * Id of a character. If it is not listed, the id of the unknown token, or −1 if there is no such
   * token.
   */
  find(character: string): number {
    return this.#ids.get(character) ?? this.data.unknown ?? -1;
  }

  /**
   * Converts a text to ids, one for each code point or UTF-8 byte. If the vocabulary knows the text
   * only in another form, converts that form.
   *
   * @param policy `error` refuses unknown characters unless there is an unknown token. `skip` omits
   * them, `replace` reads the unknown token
   * @throws RnnError `corpus` that names the characters that are not in the vocabulary, `usage` if
   * they cannot be replaced because there is no unknown token
   */
  encode(text: string, policy: UnknownPolicy = 'error'): Int32Array {
    if (typeof text !== 'string') throw usageError(`text is ${inQuotes(text)}: expected a string`);
    if (this.unit === 'byte') return Int32Array.from(new TextEncoder().encode(text));
    if (policy === 'replace' && this.data.unknown === null) throw noUnknownToken();
    const isKnown = (character: string): boolean => this.#ids.has(character);
    const known = policy === 'error' ? this.inKnownForm(text) : nearestKnownForm(text, isKnown);
    const ids = new Int32Array(known.length);
    const missing = new Set<string>();
    let length = 0;
    for (const character of known) {
      if (policy === 'skip' && !isKnown(character)) continue;
      const id = this.find(character);
      if (id < 0) missing.add(character);
      ids[length++] = id;
    }
    if (missing.size > 0) throw this.unknownCharacters(missing, 'the model has never seen');
    return ids.slice(0, length);
  }

  /**
   * Converts a text to the form that this vocabulary knows: with other line endings, composed or
   * decomposed. Returns it unchanged if the vocabulary knows all its characters, or no such form.
   */
  inKnownForm(text: string): string {
    return this.unit === 'byte' ? text : inKnownForm(text, (character) => this.#ids.has(character));
  }

  /** A decoder for one text. */
  decoder(): TokenDecoder {
    const { symbols } = this.data;
    if (this.unit === 'char') {
      return { push: (id) => symbolAt(symbols, id), end: () => '' };
    }
    // ignoreBOM keeps a byte order mark, because all bytes belong to the text.
    const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
    return {
      push: (id) => utf8.decode(Uint8Array.of(byteOf(symbolAt(symbols, id))), { stream: true }),
      end: () => utf8.decode(),
    };
  }

  /** @throws RangeError for an id outside the vocabulary */
  decode(ids: Iterable<number>): string {
    const decoder = this.decoder();
    let text = '';
    for (const id of ids) text += decoder.push(id);
    return text + decoder.end();
  }

  /**
   * The error for characters that `find` does not find. The hint suggests characters to write
   * instead.
   *
   * @param toAdd a command that trains a model with these characters, as an imperative
   */
  unknownCharacters(missing: Iterable<string>, what: string, toAdd?: string): RnnError {
    const characters = [...missing];
    const instead = substitutes(characters, (character) => this.#ids.has(character));
    const ways = [
      ...(instead === '' ? [] : [instead]),
      `fine-tune on text with ${characters.length > 1 ? 'these characters' : 'this character'} (${flagOf('initFrom')})`,
      `or train with ${flagOf('minCount')} 2 to get a token for unknown characters`,
    ];
    return corpusError(`${what} ${describeCharacters(characters)}`, toAdd ?? ways.join(', '));
  }
}

/**
 * The vocabulary of a text with these characters. `withUnknown` adds the unknown token for all
 * other characters.
 *
 * @param separator the text of the end token. Null for a text that is not divided into records
 */
export function characterVocabulary(
  characters: Iterable<string>,
  withUnknown: boolean,
  separator: string | null = null,
): Vocabulary {
  const distinct = new Set(characters);
  if (withUnknown) distinct.add(REPLACEMENT);
  if (separator !== null) distinct.add(separator);
  const symbols = [...distinct].toSorted((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  return new Vocabulary({
    unit: 'char',
    symbols,
    unknown: withUnknown ? symbols.indexOf(REPLACEMENT) : null,
    ...(separator !== null && { end: symbols.indexOf(separator) }),
  });
}

/**
 * A vocabulary of all 256 bytes, even if some do not occur. So no prompt has unknown bytes, and the
 * model can score text in any language.
 */
export function byteVocabulary(): Vocabulary {
  return new Vocabulary({
    unit: 'byte',
    symbols: Array.from({ length: 256 }, (_, byte) => hexadecimal(byte)),
    unknown: null,
  });
}

const noUnknownToken = (): RnnError =>
  usageError(
    'cannot replace unknown characters: the model does not have an unknown token',
    `use ${flagOf('unknown')} skip, or train with ${flagOf('minCount')} 2`,
    { options: [flagOf('unknown')] },
  );

function hexadecimal(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

const byteOf = (symbol: string): number => Number.parseInt(symbol, 16);

function symbolAt(symbols: readonly string[], id: number): string {
  const symbol = symbols[id];
  if (symbol === undefined) throw new RangeError(`id ${id} is outside the vocabulary of ${symbols.length} tokens`);
  return symbol;
}

/** Describes an inconsistency in the data, or returns null. */
function contradiction({ unit, symbols, unknown, end = null }: VocabularyData, distinct: number): string | null {
  if (distinct !== symbols.length) return 'a token occurs twice';
  if (unit === 'byte') {
    if (symbols.length !== 256 || symbols.some((symbol, byte) => symbol !== hexadecimal(byte)))
      return 'its bytes are not "00" to "ff"';
    return unknown === null ? null : 'a byte vocabulary cannot have an unknown token';
  }
  if (symbols.length === 0) return 'it has no tokens';
  if (end !== null && symbols[end] === undefined)
    return `its end token is ${end}: expected an id below ${symbols.length}`;
  const odd = symbols.find(
    (symbol, id) =>
      symbol === '' || (id !== end && symbol.length !== String.fromCodePoint(symbol.codePointAt(0) ?? 0).length),
  );
  if (odd !== undefined)
    return `${JSON.stringify(odd.length > 20 ? `${odd.slice(0, 20)}…` : odd)} is not one character`;
  if (unknown !== null && symbols[unknown] === undefined)
    return `its unknown token is ${unknown}: expected an id below ${symbols.length}`;
  return null;
}
