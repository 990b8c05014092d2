// The symbols a model knows, and text to ids and back. Knows nothing of files: counting the
// characters of a corpus is read.ts's.
import { type RnnError, inQuotes, corpusError, usageError } from '../errors.ts';
import { describeCharacters, substitutes } from './characters.ts';
import { knownForm } from './forms.ts';
import { flagOf } from '../options/flags.ts';

/** The level of a model: a symbol is a code point of the text, or a byte of it. */
export type Unit = 'char' | 'byte';

/**
 * A vocabulary as plain data, as it stands in checkpoints. The id of a symbol is its place in
 * `symbols`.
 */
export interface VocabularyData {
  readonly unit: Unit;
  /**
   * Characters in the order of their code points; for bytes always all 256 of them, as "00".."ff".
   */
  readonly symbols: readonly string[];
  /**
   * Id of the symbol that stands for every character not listed; its text is U+FFFD. null: there is
   * none.
   */
  readonly unknown: number | null;
}

/** The text of the unknown symbol. A literal U+FFFD in a corpus means the same. */
const REPLACEMENT = '\u{FFFD}';

/** Turns ids into text as they come. */
export interface Decoder {
  /** The text that this id completes: empty while a character of several bytes is incomplete. */
  push(id: number): string;
  /** The text that is left at the end: U+FFFD for an incomplete character. */
  end(): string;
}

export class Vocabulary {
  readonly data: VocabularyData;
  readonly unit: Unit;
  /** V, the number of symbols. */
  readonly size: number;
  readonly #ids = new Map<string, number>();

  /**
   * @throws RnnError `corpus` if the data contradict themselves, as those of an edited checkpoint
   * may
   */
  constructor(data: VocabularyData) {
    const symbols: unknown = data?.symbols;
    if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string'))
      throw corpusError(`not a vocabulary: its symbols are ${inQuotes(symbols)}, expected a list of texts`);
    data.symbols.forEach((symbol, id) => this.#ids.set(symbol, id));
    const wrong = contradiction(data, this.#ids.size);
    if (wrong !== null) throw corpusError(`not a vocabulary: ${wrong}`);
    this.data = data;
    this.unit = data.unit;
    this.size = data.symbols.length;
  }

  /**
   * Id of the symbol after which a text starts: a line feed if the vocabulary has one, else a
   * space; null if it has neither. A text starts with a zero state that reads it.
   */
  get startSymbol(): number | null {
    const candidates = this.unit === 'byte' ? ['0a'] : ['\n', ' '];
    return candidates.map((symbol) => this.#ids.get(symbol)).find((id) => id !== undefined) ?? null;
  }

  /** Id of a character: the unknown symbol's if it is not listed, −1 if there is no such symbol. */
  find(character: string): number {
    return this.#ids.get(character) ?? this.data.unknown ?? -1;
  }

  /**
   * Ids of a text, one a code point or one a UTF-8 byte; of the text in another form, if the
   * vocabulary knows it only so.
   * @throws RnnError `corpus` naming the characters that are not in the vocabulary, if it has no
   * symbol for unknown ones
   */
  encode(text: string): Int32Array {
    if (typeof text !== 'string') throw usageError(`text is ${inQuotes(text)}, expected a string`);
    if (this.unit === 'byte') return Int32Array.from(Buffer.from(text, 'utf8'));
    const known = this.inKnownForm(text);
    const ids = new Int32Array(known.length);
    const missing = new Set<string>();
    let length = 0;
    for (const character of known) {
      const id = this.find(character);
      if (id < 0) missing.add(character);
      ids[length++] = id;
    }
    if (missing.size > 0) throw this.unknownCharacters(missing, 'the model has never seen');
    return ids.slice(0, length);
  }

  /**
   * A text as this vocabulary has its characters: with other line ends, composed or decomposed, if
   * it knows them all only so.
   */
  inKnownForm(text: string): string {
    return this.unit === 'byte' ? text : knownForm(text, (character) => this.#ids.has(character));
  }

  decoder(): Decoder {
    const { symbols } = this.data;
    if (this.unit === 'char') {
      return { push: (id) => symbolAt(symbols, id), end: () => '' };
    }
    // ignoreBOM keeps a byte order mark: bytes of a text are all the text's own.
    const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
    return {
      push: (id) => utf8.decode(Uint8Array.of(byteOf(symbolAt(symbols, id))), { stream: true }),
      end: () => utf8.decode(),
    };
  }

  decode(ids: Iterable<number>): string {
    const decoder = this.decoder();
    let text = '';
    for (const id of ids) text += decoder.push(id);
    return text + decoder.end();
  }

  /**
   * The error for characters that `find` does not find, with characters to write in their place.
   *
   * @param toAdd the command that adds them, as an imperative
   */
  unknownCharacters(missing: Iterable<string>, what: string, toAdd?: string): RnnError {
    const characters = [...missing];
    const instead = substitutes(characters, (character) => this.#ids.has(character));
    const ways = [
      `${instead === '' ? '' : `${instead}; or `}train on text that has ${characters.length > 1 ? 'them' : 'it'}:`,
      `${flagOf('initFrom')} starts such a run from the weights of this one;`,
      `a model trained with ${flagOf('minCount')} 2 has a symbol for unknown characters`,
    ];
    return corpusError(`${what} ${describeCharacters(characters)}`, toAdd ?? ways.join(' '));
  }
}

/**
 * The vocabulary of a text with these characters; `withUnknown` adds the symbol for all other
 * characters.
 */
export function characterVocabulary(characters: Iterable<string>, withUnknown: boolean): Vocabulary {
  const distinct = new Set(characters);
  if (withUnknown) distinct.add(REPLACEMENT);
  const symbols = [...distinct].toSorted((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  return new Vocabulary({ unit: 'char', symbols, unknown: withUnknown ? symbols.indexOf(REPLACEMENT) : null });
}

/**
 * All 256 bytes, whichever of them occur: no prime can then be unknown, and text of any language
 * can be scored.
 */
export function byteVocabulary(): Vocabulary {
  return new Vocabulary({
    unit: 'byte',
    symbols: Array.from({ length: 256 }, (_, byte) => hexadecimal(byte)),
    unknown: null,
  });
}

function hexadecimal(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

const byteOf = (symbol: string): number => Number.parseInt(symbol, 16);

function symbolAt(symbols: readonly string[], id: number): string {
  const symbol = symbols[id];
  if (symbol === undefined) throw new RangeError(`id ${id} is outside the vocabulary of ${symbols.length} symbols`);
  return symbol;
}

/** What is wrong with the data, or null. */
function contradiction({ unit, symbols, unknown }: VocabularyData, distinct: number): string | null {
  if (distinct !== symbols.length) return 'a symbol occurs twice';
  if (unit === 'byte') {
    if (symbols.length !== 256 || symbols.some((symbol, byte) => symbol !== hexadecimal(byte)))
      return 'its bytes are not "00" to "ff"';
    return unknown === null ? null : 'bytes have no unknown symbol';
  }
  if (symbols.length === 0) return 'it has no symbols';
  const odd = symbols.find(
    (symbol) => symbol === '' || symbol.length !== String.fromCodePoint(symbol.codePointAt(0) ?? 0).length,
  );
  if (odd !== undefined)
    return `${JSON.stringify(odd.length > 20 ? `${odd.slice(0, 20)}…` : odd)} is not one character`;
  if (unknown !== null && symbols[unknown] === undefined)
    return `its unknown symbol ${unknown} is not one of its ${symbols.length}`;
  return null;
}
