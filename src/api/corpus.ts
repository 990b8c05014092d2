// A corpus as other programs read one: files or a text, encoded and split, with how it was read,
// which a run records.
import { writeBuiltin as writeBuiltinText } from '../corpus/builtin.ts';
import { type Corpus as ReadCorpus, type Source, type Tokens, Vocabulary, readCorpus } from '../corpus/read.ts';
import type { Unit, VocabularyData } from '../corpus/vocabulary.ts';
import { type ReadingOptions, readingNames } from '../options/run.ts';
import { areSources, isText } from './checks.ts';
import { given, readingOf } from './run-request.ts';
import {
  refuseUnknown,
  refuseUnless,
  refuseUnlessName,
  refuseUnlessStream,
  refuseUnlessSwitches,
  refuseWrong,
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

export interface FileOptions extends TextOptions {
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
  readonly stdin?: AsyncIterable<Uint8Array | string>;
}

export interface GivenTextOptions extends TextOptions {
  /** For messages. Default: `text`. */
  readonly name?: string;
  /** Another text to validate on, instead of a part of this one. */
  readonly validationText?: string | Uint8Array;
  /** Another text to test on, instead of a part of this one. */
  readonly testText?: string | Uint8Array;
}

const textNames = [
  'unit',
  'encoding',
  'keepLineEnds',
  'minCount',
  'validationFraction',
  'testFraction',
  'vocabulary',
  'known',
] as const;
const fileNames = [
  'include',
  'exclude',
  'skipInvalid',
  'validationFile',
  'testFile',
  'runFolder',
  'stdin',
  ...textNames,
] satisfies (keyof FileOptions)[];
const givenTextNames = ['name', 'validationText', 'testText', ...textNames] satisfies (keyof GivenTextOptions)[];

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
    refuseUnknown(options, fileNames);
    refuseUnless(areSources(sources), 'sources', sources, 'a file, a folder, a pattern, - or a list of them');
    const { validationFile = null, testFile = null, runFolder, stdin } = options;
    for (const [name, file] of Object.entries({ validationFile, testFile }))
      if (file !== null) refuseUnlessName(name, file, 'the name of a file');
    if (runFolder !== undefined) refuseUnlessName('runFolder', runFolder, 'the name of a folder');
    refuseUnlessStream(stdin);
    const heldOut = { validationFile, testFile };
    return Corpus.#encode([sources].flat(), heldOut, options, heldOut, { runFolder, stdin });
  }

  /**
   * @throws RnnError `corpus` if the text is empty, one single character, or no UTF-8; `usage` for
   * options that cannot be met
   */
  static async fromText(text: string | Uint8Array, options: GivenTextOptions = {}): Promise<Corpus> {
    refuseUnknown(options, givenTextNames);
    const { name = 'text', validationText, testText } = options;
    refuseUnless(isText(text), 'text', text, 'a string or bytes');
    refuseUnless(typeof name === 'string', 'name', name, 'a name for messages');
    for (const [option, given] of Object.entries({ validationText, testText }))
      refuseUnless(given === undefined || isText(given), option, given, 'a string or bytes');
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
    more: Pick<FileOptions, 'runFolder' | 'stdin'>,
  ): Promise<Corpus> {
    const [vocabulary, known] = [vocabularyOf(options, 'vocabulary'), vocabularyOf(options, 'known')];
    // A model that knows CR read its text with the line ends that it had.
    const hasCarriageReturns = vocabulary?.data.symbols.includes('\r') === true;
    const asked = {
      ...(hasCarriageReturns && { keepLineEnds: true }),
      ...given(options, readingNames),
      unit: options.unit ?? vocabulary?.unit ?? known?.unit,
    };
    const reading = { ...readingOf({ ...asked, ...(heldOut as typeof recorded) }), ...recorded };
    refuseWrong(reading);
    return new Corpus(await readCorpus({ sources, ...reading, ...heldOut, vocabulary, known, ...more }), reading);
  }
}

/**
 * A corpus has the symbols with what encodes them, a model has them alone. @throws RnnError `usage`
 * for a value that is neither
 */
function vocabularyOf(options: TextOptions, name: 'vocabulary' | 'known'): Vocabulary | undefined {
  const given = options[name];
  if (given === undefined || given instanceof Vocabulary) return given;
  const isVocabulary = typeof given === 'object' && given !== null && Array.isArray(given.symbols);
  refuseUnless(isVocabulary, name, given, 'the vocabulary of a corpus or a model');
  return new Vocabulary(given);
}

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
  refuseUnlessName('the corpus', name, 'the name of a built-in corpus');
  refuseUnlessName('the folder', folder, 'the name of a folder');
  refuseUnknown(options, ['force']);
  refuseUnlessSwitches(options);
  return writeBuiltinText(name, folder, options);
}
