// A corpus as other programs read one: files or a text, encoded and split, with how it was read,
// which a run records.
import { writeBuiltin as writeBuiltinText } from '../corpus/builtin.ts';
import {
  type Corpus as ReadCorpus,
  type CorpusOptions,
  type Source,
  type Tokens,
  Vocabulary,
  readCorpus,
} from '../corpus/read.ts';
import type { Unit, VocabularyData } from '../corpus/vocabulary.ts';
import { type ReadingOptions, readingNames, readingOptions } from '../options/run.ts';
import { pick, kindsOf } from '../options/option.ts';
import { rule } from '../options/kind.ts';
import { type Listening, readingOf } from './run-request.ts';
import {
  fileName,
  folderName,
  force,
  listenerMember,
  refuseOther,
  refuseWrong,
  sourceNames,
  stream,
  textOrBytes,
} from './checks.ts';

/** How a text is read. The defaults are those of `rnn train`. */
export interface TextOptions {
  /** `char` (the default), or `byte` for files that are not UTF-8. */
  readonly unit?: Unit;
  /**
   * Of the files; a label of the Encoding Standard, such as `windows-1252`. Default `utf-8`. A byte
   * order mark in a file knows better.
   */
  readonly encoding?: string;
  /**
   * Read CR and CRLF as they are, and put no newline between files that lack their last. Default
   * false; true for bytes, and for a `vocabulary` that has CR.
   */
  readonly keepLineEnds?: boolean;
  /** Characters seen fewer times become one unknown symbol. Default 1: all are kept. */
  readonly minCount?: number;
  /**
   * The last part of the text that is not to be tested on, to validate on. Default 0.1; 0 for a
   * tiny text, and for one that is only to be scored.
   */
  readonly validationFraction?: number;
  /** The last part of the text, to test on when training is over. Default 0. */
  readonly testFraction?: number;
  /** Read with these symbols and no others, as a model that is to read the text has them. */
  readonly vocabulary?: VocabularyData | Vocabulary;
  /**
   * These symbols, and whatever else the text has: for a run that begins with the weights of a
   * model.
   */
  readonly known?: VocabularyData | Vocabulary;
}

export interface FileOptions extends TextOptions, Listening {
  /**
   * Leave out files that cannot be read as text; `notes` says which. Default false: they are an
   * error, which names them all.
   */
  readonly skipInvalid?: boolean;
  /** Of folders, only these files; globs. */
  readonly include?: readonly string[];
  /** Of folders and patterns, not these files; globs. */
  readonly exclude?: readonly string[];
  /** A file to validate on, instead of a part of the text. */
  readonly validationFile?: string;
  /** A file to test on, instead of a part of the text. */
  readonly testFile?: string;
  /** Of folders and patterns, nothing in this folder is read. */
  readonly runFolder?: string;
  /** What `-` stands for; the standard input of the process unless given. */
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
}

export interface GivenTextOptions extends TextOptions {
  /** For messages. Default: `text`. */
  readonly name?: string;
  /** Another text to validate on, instead of a part of this one. */
  readonly validationText?: string | Uint8Array;
  /** Another text to test on, instead of a part of this one. */
  readonly testText?: string | Uint8Array;
}

const { unit, encoding, keepLineEnds, minCount, validationFraction, testFraction, ...ofFiles } =
  kindsOf(readingOptions);
const vocabularyMember = rule(
  'the vocabulary of a corpus or a model',
  (given) =>
    given instanceof Vocabulary ||
    (typeof given === 'object' && given !== null && Array.isArray((given as VocabularyData).symbols)),
);
const textMembers = {
  unit,
  encoding,
  keepLineEnds,
  minCount,
  validationFraction,
  testFraction,
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
export const textName = rule('a name for messages', (given) => typeof given === 'string');
const givenTextMembers = { ...textMembers, name: textName, validationText: textOrBytes, testText: textOrBytes };

export class Corpus implements ReadCorpus {
  readonly vocabulary!: Vocabulary;
  readonly train!: Tokens;
  readonly validation!: Tokens;
  readonly test!: Tokens;
  readonly characters!: number;
  readonly digest!: string;
  readonly sourcesDigest!: string;
  readonly testDigest!: string;
  readonly files!: number;
  readonly skipped!: number;
  readonly notes!: readonly string[];
  readonly name!: string;
  /** How it was read, as a run on it records it. */
  readonly reading: ReadingOptions;

  /** @param reading how it was read */
  constructor(read: ReadCorpus, reading: ReadingOptions) {
    Object.assign(this, read);
    this.reading = reading;
  }

  /**
   * @param sources files, folders, glob patterns, `-` for standard input
   * @throws RnnError `corpus` if a source is missing, unreadable, binary or not UTF-8, or the text
   * is empty; `usage` for options that cannot be met
   */
  static async read(sources: string | readonly string[], options: FileOptions = {}): Promise<Corpus> {
    refuseWrong(options, fileMembers);
    refuseOther('sources', sources, sourceNames);
    const { validationFile = null, testFile = null, runFolder, stdin, listener } = options;
    const heldOut = { validationFile, testFile };
    return Corpus.#encode([sources].flat(), heldOut, options, heldOut, {
      runFolder,
      stdin,
      onActivity: listener?.activity,
    });
  }

  /**
   * @throws RnnError `corpus` if the text is empty, one single character, or no UTF-8; `usage` for
   * options that cannot be met
   */
  static async fromText(text: string | Uint8Array, options: GivenTextOptions = {}): Promise<Corpus> {
    refuseWrong(options, givenTextMembers);
    const { name = 'text', validationText, testText } = options;
    refuseOther('text', text, textOrBytes);
    const heldOut = {
      validationFile: validationText === undefined ? null : { name: 'the validation text', text: validationText },
      testFile: testText === undefined ? null : { name: 'the test text', text: testText },
    };
    const inNoFile = { validationFile: null, testFile: null };
    return Corpus.#encode([{ name, text }], heldOut, options, inNoFile, {});
  }

  /**
   * @param recorded the names of files that are held out, for a program that resumes a run on it
   */
  static async #encode(
    sources: readonly Source[],
    heldOut: { readonly validationFile: Source | null; readonly testFile: Source | null },
    options: TextOptions & Partial<ReadingOptions>,
    recorded: Pick<ReadingOptions, 'validationFile' | 'testFile'>,
    more: Pick<CorpusOptions, 'runFolder' | 'stdin' | 'onActivity'>,
  ): Promise<Corpus> {
    const [vocabulary, known] = [vocabularyOf(options, 'vocabulary'), vocabularyOf(options, 'known')];
    // A model that knows CR read its text with the line ends that it had.
    const hasCarriageReturns = vocabulary?.data.symbols.includes('\r') === true;
    const asked = {
      ...(hasCarriageReturns && { keepLineEnds: true }),
      ...pick(options, readingNames),
      unit: options.unit ?? vocabulary?.unit ?? known?.unit,
    };
    const reading = { ...readingOf({ ...asked, ...(heldOut as typeof recorded) }), ...recorded };
    return new Corpus(await readCorpus({ sources, ...reading, ...heldOut, vocabulary, known, ...more }), reading);
  }
}

/** A corpus has the symbols with what encodes them, a model has them alone. */
function vocabularyOf(options: TextOptions, name: 'vocabulary' | 'known'): Vocabulary | undefined {
  const given = options[name];
  return given === undefined || given instanceof Vocabulary ? given : new Vocabulary(given);
}

const corpusName = rule('the name of a built-in corpus', (given) => typeof given === 'string');

/**
 * Writes a built-in corpus to `folder`/`name`.txt, and gives that path.
 *
 * @param options `force` replaces another text in its place
 * @throws RnnError `usage` if there is no such corpus, or another text is in its place, `machine`
 * if the file cannot be written
 */
export async function writeBuiltin(
  name: string,
  folder = 'corpora',
  options: { force?: boolean } = {},
): Promise<string> {
  refuseOther('the corpus', name, corpusName);
  refuseOther('the folder', folder, folderName);
  refuseWrong(options, force);
  return writeBuiltinText(name, folder, options);
}
