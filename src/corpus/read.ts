// A corpus from its sources to ids, split into text to train on and text to validate on. Knows nothing of models and batches, nor how
// files are read.
import { RnnError } from '../errors.ts';
import type { Encoder } from './encoder.ts';
import { Reader } from './reader.ts';
import { corpusName, nameOf, type Source, STDIN } from './sources.ts';
import type { Tokens } from './store.ts';
import { byteVocabulary, characterVocabulary, type Unit, Vocabulary } from './vocabulary.ts';

export { corpusName, findFiles, type GivenText, type Source } from './sources.ts';
export type { Tokens } from './store.ts';
export { Vocabulary } from './vocabulary.ts';

export interface CorpusOptions {
  /** Files, folders, patterns, `-` for standard input, and texts, read in this order. */
  readonly sources: readonly Source[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly unit: Unit;
  /** Characters seen fewer times than this become one unknown symbol; 1 keeps all, and there is no such symbol. */
  readonly minCount: number;
  /** The part of the text, at its end, that is not trained on: in [0, 1). */
  readonly validationFraction: number;
  /** Text to validate on instead; then everything in `sources` is trained on. */
  readonly validationFile: Source | null;
  /** Of folders and patterns, nothing in this folder is read: what a run writes is no text to learn. */
  readonly runFolder?: string;
  /** Of the validation text, read plain files alone, and no devices or pipes: a checkpoint names it, not the user. */
  readonly plainValidation?: boolean;
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
  /** Encode with this vocabulary instead of building one; its unit counts, not `unit`. */
  readonly vocabulary?: Vocabulary;
  /** Build a vocabulary that has all of this one's symbols, too. */
  readonly known?: Vocabulary;
}

export interface Corpus {
  readonly vocabulary: Vocabulary;
  /** Two views of one buffer. */
  readonly train: Tokens;
  readonly validation: Tokens;
  /** Symbols in both. */
  readonly characters: number;
  /** SHA-256 of the bytes read, in order, in hex. */
  readonly digest: string;
  /** The same without the validation file. */
  readonly sourcesDigest: string;
  readonly files: number;
  /** Hidden and binary files in folders, passed over. */
  readonly skipped: number;
  /** For the name of a run: the base name of the first source; 'stdin' for `-`. */
  readonly name: string;
}

/**
 * Reads, encodes and splits a corpus: the last `validationFraction` is validation, cut at floor(length × (1 − fraction)),
 * as nanoGPT does.
 * @throws RnnError `corpus` if a source is missing, unreadable, binary, not UTF-8, or the text is empty or all one character
 * @throws RnnError `usage` if the options cannot be met by any text
 */
export async function readCorpus(options: CorpusOptions): Promise<Corpus> {
  const unit = options.vocabulary?.unit ?? options.unit;
  checkOptions(options, unit);
  const reader = new Reader(unit, options);
  for (const source of options.sources) await reader.read(source, options.include, options.exclude);
  const { store } = reader.encoder;
  const trainable = store.length;
  if (trainable === 0) throw nothingRead(options.sources, reader);
  const sourcesDigest = reader.hash.copy().digest('hex');
  if (options.validationFile !== null) {
    await reader.read(options.validationFile, options.include, options.exclude, { onlyPlain: options.plainValidation === true });
    if (store.length === trainable)
      throw new RnnError('corpus', `the validation text ${nameOf(options.validationFile)} is empty`, {
        hint: '--val-fraction holds out a part of the corpus instead',
      });
  }
  const vocabulary = unit === 'byte' ? byteVocabulary() : renumber(reader.encoder, trainable, options);
  const cut = options.validationFile === null ? Math.floor(store.length * (1 - options.validationFraction)) : trainable;
  const { before: train, after: validation } = store.finish(cut);
  if (options.vocabulary === undefined) checkVariety(train, validation, vocabulary, options);
  return {
    vocabulary,
    train,
    validation,
    characters: train.length + validation.length,
    digest: reader.hash.digest('hex'),
    sourcesDigest,
    files: reader.files,
    skipped: reader.skipped,
    name: corpusName(options.sources[0]),
  };
}

function nothingRead(sources: readonly Source[], reader: Reader): RnnError {
  if (reader.files === 0) {
    return new RnnError('corpus', `there are only binary files in ${sources.map(nameOf).join(' ')}`, {
      hint: 'a model made by rnn train --unit byte reads bytes, whatever they mean',
    });
  }
  return new RnnError('corpus', `the corpus is empty: ${sources.map(nameOf).join(' ')}`, {
    hint: 'it takes three characters to train at all, and a hundred thousand to learn to spell',
  });
}

/** Gives all characters their ids in the vocabulary, which is the given one or that of the first `trainable` characters. */
function renumber({ store, codePoints }: Encoder, trainable: number, options: CorpusOptions): Vocabulary {
  const characters = codePoints.map((codePoint) => String.fromCodePoint(codePoint));
  const trained = store.count(characters.length, 0, trainable);
  const validated = store.count(characters.length, trainable, store.length);
  const found = characters.filter((_, id) => trained[id] >= options.minCount);
  const vocabulary =
    options.vocabulary ??
    characterVocabulary(
      [...(options.known?.data.symbols ?? []), ...found],
      options.minCount > 1 || (options.known?.data.unknown ?? null) !== null,
    );

  const table = new Uint32Array(characters.length);
  const missing: string[] = [];
  characters.forEach((character, provisional) => {
    const id = vocabulary.find(character);
    if (id >= 0) table[provisional] = id;
    else if (trained[provisional] + validated[provisional] > 0) missing.push(character);
  });
  if (missing.length > 0) {
    const what =
      options.vocabulary === undefined && options.validationFile !== null
        ? `${nameOf(options.validationFile)} has characters that the corpus has not:`
        : 'the text has characters that the model has never seen:';
    throw vocabulary.unknownCharacters(missing, what);
  }
  store.remap(table, vocabulary.size);
  return vocabulary;
}

function checkOptions({ sources, minCount, validationFraction, validationFile, vocabulary }: CorpusOptions, unit: Unit): void {
  if (sources.length === 0) throw new RnnError('usage', 'no corpus was given', { hint: 'name a file, a folder, or - for standard input' });
  if ([...sources, validationFile].filter((source) => source === STDIN).length > 1) {
    throw new RnnError('usage', 'standard input (-) can be read only once', { hint: 'put one of the texts into a file' });
  }
  if (!Number.isInteger(minCount) || minCount < 1)
    throw new RnnError('usage', `--min-count must be a whole number from 1, not ${minCount}`, { options: ['--min-count'] });
  if (minCount > 1 && unit === 'byte' && vocabulary === undefined) {
    throw new RnnError('usage', '--min-count is for characters: with --unit byte all 256 bytes are symbols', {
      hint: 'leave one of the two out',
      options: ['--min-count', '--unit'],
    });
  }
  if (!(validationFraction >= 0 && validationFraction < 1)) {
    throw new RnnError('usage', `--val-fraction must be at least 0 and less than 1, not ${validationFraction}`, {
      hint: '0.1 holds out the last tenth',
      options: ['--val-fraction'],
    });
  }
}

/** A text of one symbol over and over teaches nothing, and is most likely not what was meant. */
function checkVariety(train: Tokens, validation: Tokens, vocabulary: Vocabulary, { minCount }: CorpusOptions): void {
  const first = train[0] ?? validation[0];
  if ([train, validation].some((tokens) => tokens.some((id) => id !== first))) return;
  if (first === vocabulary.data.unknown) {
    throw new RnnError('corpus', `every character occurs fewer than ${minCount} times`, {
      hint: 'lower --min-count',
      options: ['--min-count'],
    });
  }
  throw new RnnError('corpus', `the corpus is one single character, ${JSON.stringify(vocabulary.decode([first]))}, over and over`, {
    hint: 'a model needs at least two different characters to tell apart',
  });
}
