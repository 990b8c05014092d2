// Converts a line to the tokens with which a model scores it. Characters that the model does not
// know are counted, skipped, replaced by the unknown token, or refused.
import type { Vocabulary } from '../corpus/vocabulary.ts';
import { checkpointError } from '../errors.ts';
import type { UnknownScoring } from '../options/choices.ts';
import { flagOf } from '../options/flags.ts';

/** A line of text. A byte-level model also reads bytes that are not UTF-8. */
export type LineText = string | Uint8Array;

/** How lines are converted. */
export interface LineOptions {
  /** Convert lines to lower case, as the text of the run. */
  readonly lowercase: boolean;
  /** In a line with this text, score only the characters after it. Null to score whole lines. */
  readonly learnAfter: string | null;
  readonly unknown: UnknownScoring;
}

/** A line in tokens. Its end token is scored too. */
export interface LineTokens {
  readonly ids: Uint32Array;
  /** The first scored token. Earlier tokens are only read. */
  readonly scoredFrom: number;
  /** Positions of unknown characters, for which the model does not have any token. */
  readonly unlisted: readonly number[];
  /** The number of characters that the model does not know. */
  readonly unknown: number;
  /** The text of some tokens, in whole characters, and the number of characters before it. */
  stretch(from: number, to: number): { readonly start: number; readonly text: string };
}

/** The text of a line. Bytes that are not UTF-8 become U+FFFD. */
export const textOfLine = (line: LineText): string => decodeLine(line).replace(/\r?\n?$/, '');

const decodeLine = (line: LineText): string =>
  typeof line === 'string' ? line : Buffer.from(line.buffer, line.byteOffset, line.length).toString();

/** The tokens of the characters of a line. */
interface ReadCharacters extends Pick<LineTokens, 'ids' | 'unlisted'> {
  /** The distinct unknown characters, and how many characters they are. */
  readonly missing: ReadonlySet<string>;
  readonly count: number;
  /** The text without unknown characters, if they are skipped. */
  readonly kept: string;
}

/** Converts lines to tokens of a model. */
export class LineEncoder {
  /** Id of the token that the model reads before a line and predicts after it. */
  readonly end: number;
  readonly #vocabulary: Vocabulary;
  readonly #options: LineOptions;
  readonly #delimiter: readonly number[];
  /** The model reads this token instead of a character without a token. */
  readonly #placeholder: number;
  /** The text of the run has CR, which then belongs to the line. */
  readonly #knowsReturns: boolean;

  /**
   * @throws RnnError `checkpoint` for a model that does not know how a line ends, `usage` if unknown
   * characters cannot be replaced because there is no unknown token
   */
  constructor(vocabulary: Vocabulary, options: LineOptions) {
    if (options.unknown === 'replace') vocabulary.encode('', 'replace');
    const { symbols } = vocabulary.data;
    const newline = symbols.indexOf(vocabulary.unit === 'byte' ? '0a' : '\n');
    this.end = vocabulary.end ?? newline;
    if (this.end < 0)
      throw checkpointError(
        'cannot score lines: the text of the model does not have a newline',
        `train on a text of several lines, or with ${flagOf('records')} line`,
      );
    this.#vocabulary = vocabulary;
    this.#options = options;
    const { learnAfter, lowercase } = options;
    const delimiter = lowercase ? learnAfter?.toLowerCase() : learnAfter;
    this.#delimiter = delimiter == null ? [] : [...vocabulary.encode(delimiter)];
    const mayReplace = (id: number): boolean => id >= 0 && id !== this.end && !this.#delimiter.includes(id);
    this.#placeholder = [symbols.indexOf(' '), ...symbols.keys()].find(mayReplace) ?? this.end;
    this.#knowsReturns = symbols.includes('\r');
  }

  /** @throws RnnError `corpus` for unknown characters, if they are an error */
  encode(line: LineText): LineTokens {
    if (this.#vocabulary.unit === 'byte') return this.#ofBytes(line);
    return this.#ofText(this.#knowsReturns ? decodeLine(line).replace(/\n$/, '') : textOfLine(line));
  }

  #ofBytes(line: LineText): LineTokens {
    const bytes = typeof line === 'string' ? Buffer.from(line.replace(/\n$/, '')) : line;
    const isInside = (at: number): boolean => (bytes[at] & 0xc0) === 0x80;
    return {
      ids: Uint32Array.from(bytes),
      scoredFrom: 0,
      unlisted: [],
      unknown: 0,
      stretch(from, to) {
        while (from > 0 && isInside(from)) from--;
        while (to < bytes.length && isInside(to)) to++;
        const start = bytes.subarray(0, from).filter((_, at) => !isInside(at)).length;
        return { start, text: textOfLine(bytes.subarray(from, to)) };
      },
    };
  }

  #ofText(given: string): LineTokens {
    const { lowercase, unknown } = this.#options;
    const text = lowercase ? given.toLowerCase() : given;
    const read = this.#read(text);
    if (read.missing.size === 0) return this.#tokens(given, text, read);
    // The model may know the line with composed or decomposed characters.
    const known = this.#vocabulary.inKnownForm(text);
    const readKnown = known === text ? read : this.#read(known);
    if (readKnown.missing.size === 0) return this.#tokens(given, known, readKnown);
    if (unknown === 'error')
      throw this.#vocabulary.unknownCharacters(read.missing, 'the line has characters that the model has never seen:');
    return this.#tokens(given, unknown === 'skip' ? read.kept : text, read);
  }

  #read(text: string): ReadCharacters {
    const { unknown } = this.#vocabulary.data;
    const ids = new Uint32Array(text.length);
    const unlisted: number[] = [];
    const missing = new Set<string>();
    let [length, count, kept] = [0, 0, ''];
    const skips = this.#options.unknown === 'skip';
    for (const character of text) {
      let id = this.#find(character);
      if (id < 0) {
        missing.add(character);
        count++;
        if (skips) continue;
        if (unknown === null) unlisted.push(length);
        id = unknown ?? this.#placeholder;
      }
      if (skips) kept += character;
      ids[length++] = id;
    }
    return { ids: ids.subarray(0, length), unlisted, missing, count, kept };
  }

  /** Id of a character, or −1. The end token is not a character of a line. */
  #find(character: string): number {
    const id = this.#vocabulary.find(character);
    return id === this.end || id === this.#vocabulary.data.unknown ? -1 : id;
  }

  /** @param text the characters of the tokens */
  #tokens(given: string, text: string, { ids, unlisted, count }: ReadCharacters): LineTokens {
    return {
      ids,
      scoredFrom: this.#scoredFrom(ids),
      unlisted,
      unknown: count,
      stretch(from, to) {
        const isGiven = given.length === ids.length;
        return { start: from, text: isGiven ? given.slice(from, to) : Array.from(text).slice(from, to).join('') };
      },
    };
  }

  /** The position after the first delimiter, or 0 without one. */
  #scoredFrom(ids: Uint32Array): number {
    const delimiter = this.#delimiter;
    if (delimiter.length === 0) return 0;
    for (let at = ids.indexOf(delimiter[0]); at >= 0; at = ids.indexOf(delimiter[0], at + 1))
      if (delimiter.every((id, index) => ids[at + index] === id)) return at + delimiter.length;
    return 0;
  }
}
