// The options for reading a corpus, and the form in which it reports progress.
import type { Source } from './sources.ts';
import type { Unit, Vocabulary } from './vocabulary.ts';

/** The progress of reading a text, for progress lines. */
export interface ReadingActivity {
  /** `encoding` means that the text has been read and its characters are being converted to ids. */
  readonly kind: 'reading' | 'encoding';
  /** Bytes read so far. */
  readonly done: number;
  /**
   * The final value of `done`. Null if unknown: while rnn searches for files, reads a pipe or
   * encodes.
   */
  readonly total: number | null;
  readonly files: { readonly done: number; readonly total: number };
}

/** Called after each piece of work, the last time when all work is done. Must return quickly. */
export type ReadingListener = (activity: ReadingActivity) => void;

/** The corpus to read, and how to decode, encode and split it. */
export interface CorpusOptions {
  /** Files, folders, patterns, `-` for standard input, and texts, read in this order. */
  readonly sources: readonly Source[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly unit: Unit;
  /**
   * The encoding of the files, as a label of the Encoding Standard. A byte order mark overrides it.
   * Byte-level models ignore it.
   */
  readonly encoding: string;
  /**
   * Keep line endings unchanged. Otherwise CR and CRLF are read as LF, and files that do not end
   * with a newline get one before the next file. Byte-level models always keep them.
   */
  readonly keepLineEnds: boolean;
  /** Skip files that cannot be read as text. Otherwise they are an error. */
  readonly skipInvalid: boolean;
  /**
   * Characters that occur fewer times than this become the unknown token. With 1 there is no such
   * token.
   */
  readonly minCount: number;
  /** How the text is divided into records. Null for a text that is read from beginning to end. */
  readonly records: string | null;
  /** Read only these columns of tables, a record for each row. Empty for whole files. */
  readonly column: readonly string[];
  /** The model learns only the part of each record after this text. Null for whole records. */
  readonly learnAfter: string | null;
  /** `FILE=N`: the records of this file are read N times in each epoch. */
  readonly weights: readonly string[];
  readonly lowercase: boolean;
  /** The fraction of the text to validate on, before the part to test on: in [0, 1). */
  readonly validationFraction: number;
  /** A separate text to validate on. If given, no part of `sources` is held out for validation. */
  readonly validationFile: Source | null;
  /** The fraction at the end of the text to test on after training: in [0, 1). */
  readonly testFraction: number;
  /** A separate text to test on. If given, no part of `sources` is held out for the test. */
  readonly testFile: Source | null;
  /**
   * Files in this folder are not read from folders and patterns: the files of a run are not
   * training text.
   */
  readonly runFolder?: string;
  /**
   * Read the validation text only if it is a plain file, not a device or a pipe: a checkpoint names
   * it, not the user.
   */
  readonly plainValidation?: boolean;
  /** The same for the test text. */
  readonly plainTest?: boolean;
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
  /** Encode with this vocabulary instead of building one. Its unit takes precedence over `unit`. */
  readonly vocabulary?: Vocabulary;
  /** Build a vocabulary that also has all tokens of this one. */
  readonly known?: Vocabulary;
  /**
   * Stop reading when the text has at least this many characters. The rest is not read, checked or
   * counted.
   */
  readonly neededCharacters?: number | undefined;
  /** Called with the progress of reading. */
  readonly onActivity?: ReadingListener | undefined;
  /**
   * A command that trains a model with more characters than `vocabulary` has, as an imperative for
   * a hint.
   */
  readonly toAddCharacters?: string;
}
