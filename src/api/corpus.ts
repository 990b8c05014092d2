// A corpus for other programs: files or a text, encoded and split, together with the reading
// options, which a run records.
import { writeBuiltin as writeBuiltinText } from '../corpus/builtin.ts';
import {
  type Corpus as ReadCorpus,
  type CorpusOptions,
  type Source,
  type Tokens,
  Vocabulary,
  readCorpus,
} from '../corpus/read.ts';
import type { CorpusRecords } from '../corpus/corpus-records.ts';
import type { Unit, VocabularyData } from '../corpus/vocabulary.ts';
import { type ReadingOptions, readingNames, readingOptions } from '../options/run.ts';
import { pick, kindsOf } from '../options/option.ts';
import { rule } from '../options/kind.ts';
import { type ListenerOption, readingOptionsOf } from './run-request.ts';
import {
  fileName,
  folderName,
  forceMember,
  listenerMember,
  refuseOther,
  refuseWrong,
  sourceNames,
  stream,
  textOrBytes,
  withUnit,
} from './checks.ts';

/** How a text is read and split. The defaults are the same as in `rnn train`. */
export interface TextOptions {
  /** `char` (the default), or `byte` for files that are not UTF-8. */
  readonly level?: Unit;
  /** The earlier name of `level`. */
  readonly unit?: Unit;
  /**
   * The encoding of the files, a label of the Encoding Standard such as `windows-1252`. Default
   * `utf-8`. A byte order mark in a file takes precedence.
   */
  readonly encoding?: string;
  /**
   * Keep CR and CRLF, and add no newline between files that do not end with one. Default false, but
   * true for bytes and for a `vocabulary` that contains CR.
   */
  readonly keepLineEnds?: boolean;
  /**
   * Characters that occur less often become one unknown token. Default 1, which keeps all
   * characters.
   */
  readonly minCount?: number;
  /**
   * The fraction of the text for validation, taken from its end, before the test part. Default 0.1,
   * but 0 for a tiny text and for a text that is only scored.
   */
  readonly validationFraction?: number;
  /** The fraction at the end of the text for the test after training. Default 0. */
  readonly testFraction?: number;
  /**
   * Divide the text into records: 'line', 'paragraph', 'file', or at this separator. Records are
   * shuffled, split and scored one by one. Default: one text, from beginning to end.
   */
  readonly records?: string | null;
  /** Read these columns of CSV, TSV or JSON Lines, a record for each row, joined by a tab. */
  readonly column?: readonly string[];
  /** Learn and score only the part of each record after this text. */
  readonly learnAfter?: string | null;
  /** Convert the text to lower case. Default false. */
  readonly lowercase?: boolean;
  /** Use exactly this vocabulary, such as the vocabulary of the model that will read the text. */
  readonly vocabulary?: VocabularyData | Vocabulary;
  /**
   * Extend this vocabulary by the characters of the text, for a run that starts from the weights of
   * a model.
   */
  readonly known?: VocabularyData | Vocabulary;
}

/** How files are read. */
export interface FileOptions extends TextOptions, ListenerOption {
  /**
   * Skip files that cannot be read as text. `notes` names them. Default false: such files are an
   * error, which names all of them.
   */
  readonly skipInvalid?: boolean;
  /** Read only these files of folders. Globs. */
  readonly include?: readonly string[];
  /** Skip these files of folders and patterns. Globs. */
  readonly exclude?: readonly string[];
  /** `FILE=N`: read the records of this file N times in each epoch. */
  readonly weights?: readonly string[];
  /** Validate on this file instead of a part of the text. */
  readonly validationFile?: string;
  /** Test on this file instead of a part of the text. */
  readonly testFile?: string;
  /** Files in this folder are not read by folders and patterns. */
  readonly runFolder?: string;
  /** The input that `-` stands for. Default: the standard input of the process. */
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
}

/** How a text in memory is read. */
export interface InMemoryTextOptions extends TextOptions {
  /** The name of the text in messages. Default `text`. */
  readonly name?: string;
  /** Validate on this text instead of a part of `text`. */
  readonly validationText?: string | Uint8Array;
  /** Test on this text instead of a part of `text`. */
  readonly testText?: string | Uint8Array;
}

const kinds = kindsOf(readingOptions);
const { unit, encoding, keepLineEnds, minCount, validationFraction, testFraction, ...others } = kinds;
const { records, column, learnAfter, lowercase, ...ofFiles } = others;
const vocabularyMember = rule(
  'the vocabulary of a corpus or a model',
  (given) =>
    given instanceof Vocabulary ||
    (typeof given === 'object' && given !== null && Array.isArray((given as VocabularyData).symbols)),
);
const textMembers = {
  level: unit,
  unit,
  encoding,
  keepLineEnds,
  minCount,
  validationFraction,
  testFraction,
  records,
  column,
  learnAfter,
  lowercase,
  vocabulary: vocabularyMember,
  known: vocabularyMember,
};
const fileMembers = {
  ...textMembers,
  ...ofFiles,
  validationFile: fileName,
  testFile: fileName,
  runFolder: folderName,
  stdin: stream,
  listener: listenerMember,
};
/** The name of a text that has no file, for messages and checkpoints. */
export const textName = rule('a name for messages', (given) => typeof given === 'string');
const givenTextMembers = { ...textMembers, name: textName, validationText: textOrBytes, testText: textOrBytes };

/** A text as token ids, split into a training, a validation and a test part. */
export class Corpus implements ReadCorpus {
  readonly vocabulary!: Vocabulary;
  readonly train!: Tokens;
  readonly validation!: Tokens;
  readonly test!: Tokens;
  /** How the text is divided into records. Null for a text that is not. */
  readonly records!: CorpusRecords | null;
  readonly characters!: number;
  readonly digest!: string;
  readonly sourcesDigest!: string;
  readonly testDigest!: string;
  readonly files!: number;
  readonly skipped!: number;
  readonly notes!: readonly string[];
  readonly name!: string;
  /** The reading options, as a run on this corpus records them. */
  readonly reading: ReadingOptions;

  /** @param reading the reading options */
  constructor(read: ReadCorpus, reading: ReadingOptions) {
    Object.assign(this, read);
    this.reading = reading;
  }

  /**
   * Reads files.
   *
   * @param sources files, folders, glob patterns, or `-` for standard input
   * @throws RnnError `corpus` if a source is missing, unreadable, binary or not UTF-8, or if the
   * text is empty; `usage` for options that cannot be met
   */
  static async read(sources: string | readonly string[], options: FileOptions = {}): Promise<Corpus> {
    refuseWrong(options, fileMembers);
    refuseOther('sources', sources, sourceNames);
    const textOptions = withUnit(options);
    const { validationFile = null, testFile = null, runFolder, stdin, listener } = options;
    const heldOut = { validationFile, testFile };
    return Corpus.#encode([sources].flat(), heldOut, textOptions, heldOut, {
      runFolder,
      stdin,
      onActivity: listener?.activity,
    });
  }

  /**
   * Encodes a text in memory.
   *
   * @throws RnnError `corpus` if the text is empty, has only one distinct character, or is not
   * valid UTF-8; `usage` for options that cannot be met
   */
  static async fromText(text: string | Uint8Array, options: InMemoryTextOptions = {}): Promise<Corpus> {
    refuseWrong(options, givenTextMembers);
    const { name = 'text', validationText, testText } = options;
    refuseOther('text', text, textOrBytes);
    const heldOut = {
      validationFile: validationText === undefined ? null : { name: 'the validation text', text: validationText },
      testFile: testText === undefined ? null : { name: 'the test text', text: testText },
    };
    const inNoFile = { validationFile: null, testFile: null };
    return Corpus.#encode([{ name, text }], heldOut, withUnit(options), inNoFile, {});
  }

  /**
   * @param recorded the names of the held-out files, for a program that resumes a run on this
   * corpus
   */
  static async #encode(
    sources: readonly Source[],
    heldOut: { readonly validationFile: Source | null; readonly testFile: Source | null },
    options: TextOptions & Partial<ReadingOptions>,
    recorded: Pick<ReadingOptions, 'validationFile' | 'testFile'>,
    more: Pick<CorpusOptions, 'runFolder' | 'stdin' | 'onActivity'>,
  ): Promise<Corpus> {
    const [vocabulary, known] = [vocabularyOf(options, 'vocabulary'), vocabularyOf(options, 'known')];
    // A model whose vocabulary contains CR read its text with the original line endings.
    const hasCarriageReturns = vocabulary?.data.symbols.includes('\r') === true;
    const readingRequest = {
      ...(hasCarriageReturns && { keepLineEnds: true }),
      ...pick(options, readingNames),
      unit: options.unit ?? vocabulary?.unit ?? known?.unit,
    };
    const reading = { ...readingOptionsOf({ ...readingRequest, ...(heldOut as typeof recorded) }), ...recorded };
    return new Corpus(await readCorpus({ sources, ...reading, ...heldOut, vocabulary, known, ...more }), reading);
  }
}

/** A vocabulary given as an object, which can encode, or as the data of a model. */
function vocabularyOf(options: TextOptions, name: 'vocabulary' | 'known'): Vocabulary | undefined {
  const given = options[name];
  return given === undefined || given instanceof Vocabulary ? given : new Vocabulary(given);
}

const corpusName = rule('the name of a built-in corpus', (given) => typeof given === 'string');

/**
 * Writes a built-in corpus to `folder`/`name`.txt and returns that path.
 *
 * @param options `force` replaces a different file at that path
 * @throws RnnError `usage` if there is no such corpus or a different file is at that path,
 * `machine` if the file cannot be written
 */
export async function writeBuiltin(
  name: string,
  folder = 'corpora',
  options: { force?: boolean } = {},
): Promise<string> {
  refuseOther('the corpus', name, corpusName);
  refuseOther('the folder', folder, folderName);
  refuseWrong(options, forceMember);
  return writeBuiltinText(name, folder, options);
}
