// What reading a corpus takes, and how its progress is reported.
import type { Source } from './sources.ts';
import type { Unit, Vocabulary } from './vocabulary.ts';

/** How much of a text is read, for progress lines. */
export interface ReadingActivity {
  /** `encoding` gives the characters of a text that was read their ids. */
  readonly kind: 'reading' | 'encoding';
  /** Bytes that were read. */
  readonly done: number;
  /**
   * `done` when all is read; null if unknown: files are searched for, a pipe is read, or a text is
   * encoded.
   */
  readonly total: number | null;
  readonly files: { readonly done: number; readonly total: number };
}

/**
 * Is called as often as some of the work is done, the last time when all of it is. It must return
 * soon.
 */
export type ReadingListener = (activity: ReadingActivity) => void;

export interface CorpusOptions {
  /** Files, folders, patterns, `-` for standard input, and texts, read in this order. */
  readonly sources: readonly Source[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly unit: Unit;
  /**
   * Of the files, a label of the Encoding Standard; bytes have none. A byte order mark in a file
   * knows better.
   */
  readonly encoding: string;
  /**
   * Leave line ends as they are. Otherwise CR and CRLF are read as LF, and a newline is put between
   * files that lack their last. Bytes are always left as they are.
   */
  readonly keepLineEnds: boolean;
  /** Leave out the files that cannot be read as text. Otherwise they are an error. */
  readonly skipInvalid: boolean;
  /**
   * Characters seen fewer times than this become one unknown symbol; 1 keeps all, and there is no
   * such symbol.
   */
  readonly minCount: number;
  /** The part of the text to validate on, before the part to test on: in [0, 1). */
  readonly validationFraction: number;
  /** Text to validate on instead; then no part of `sources` is held out for it. */
  readonly validationFile: Source | null;
  /** The part of the text, at its end, to test on when training is over: in [0, 1). */
  readonly testFraction: number;
  /** Text to test on instead; then no part of `sources` is held out for it. */
  readonly testFile: Source | null;
  /**
   * Of folders and patterns, nothing in this folder is read: the files of a run are not text to
   * learn.
   */
  readonly runFolder?: string;
  /**
   * Of the validation text, read plain files alone, and no devices or pipes: a checkpoint names it,
   * not the user.
   */
  readonly plainValidation?: boolean;
  /** The same for the test text. */
  readonly plainTest?: boolean;
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
  /** Encode with this vocabulary instead of building one; its unit counts, not `unit`. */
  readonly vocabulary?: Vocabulary;
  /** Build a vocabulary that has all of this one's symbols, too. */
  readonly known?: Vocabulary;
  /** Is called with the progress of reading. */
  readonly onActivity?: ReadingListener | undefined;
  /**
   * The command that trains a model with more characters than `vocabulary` has: an imperative, for
   * a hint.
   */
  readonly toAddCharacters?: string;
}
