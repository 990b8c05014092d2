// A corpus from its sources to ids, split into text to train on and text to validate on. Knows nothing of models and batches.
//
// Bytes go straight into the encoder and never become a JavaScript string. Line ends are kept as they are: CRLF is two
// characters, because a model of a text should be able to write that text. A UTF-8 byte order mark at the start of a file is
// dropped, except with `--unit byte`, where every byte counts.
import { createHash, type Hash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { RnnError } from '../errors.ts';
import { Encoder } from './encoder.ts';
import { corpusName, fileError, findFiles, isText, nameOf, type Source, STDIN, type TextFile } from './sources.ts';
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

const CHUNK_BYTES = 2 ** 20;

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

/** Feeds files to an encoder and a hash. */
class Reader {
  readonly encoder: Encoder;
  readonly hash: Hash = createHash('sha256');
  files = 0;
  skipped = 0;
  readonly #unit: Unit;
  readonly #stdin: CorpusOptions['stdin'];
  readonly #runFolder: string | undefined;

  constructor(unit: Unit, { stdin, runFolder }: Pick<CorpusOptions, 'stdin' | 'runFolder'>) {
    this.encoder = new Encoder(unit);
    this.#unit = unit;
    this.#stdin = stdin;
    this.#runFolder = runFolder;
  }

  async read(source: Source, include: readonly string[], exclude: readonly string[], { onlyPlain = false } = {}): Promise<void> {
    if (isText(source)) return this.#readText(source.name, [Buffer.from(source.text)], true);
    const { files, hidden } = await findFiles(source, { include, exclude, runFolder: this.#runFolder });
    this.skipped += hidden;
    for (const file of files) {
      if (onlyPlain) await refuseUnlessPlain(file.path);
      await this.#readFile(file);
    }
  }

  #readFile({ path, named }: TextFile): Promise<void> {
    return this.#readText(nameOf(path), path === STDIN ? stdinChunks(this.#stdin) : fileChunks(path), named);
  }

  async #readText(name: string, chunks: AsyncIterable<Buffer> | Iterable<Buffer>, named: boolean): Promise<void> {
    let offset = 0;
    this.encoder.begin();
    for await (const chunk of chunks) {
      const binary = this.#unit === 'char' ? binarySign(chunk, offset) : null;
      if (binary !== null) {
        if (!named && offset === 0) {
          this.skipped++;
          return;
        }
        throw binaryFile(name, binary, named);
      }
      this.hash.update(chunk);
      const invalid = this.encoder.push(chunk);
      if (invalid >= 0) throw invalidText(name, invalid, 'is not UTF-8', named);
      offset += chunk.length;
    }
    const incomplete = this.encoder.end();
    if (incomplete >= 0) throw invalidText(name, incomplete, 'ends within a character', named);
    this.files++;
  }
}

async function refuseUnlessPlain(file: string): Promise<void> {
  if (file === STDIN) return;
  const status = await stat(file).catch((error: unknown) => {
    throw fileError(file, error);
  });
  if (status.isFile()) return;
  throw new RnnError('corpus', `the validation text ${file} is not a plain file, and only the checkpoint names it`, {
    hint: 'name it again by --val-file if it is to be read',
  });
}

/** The bytes of a file in one buffer, which is used again and again. Sizes are not asked for: those of pipes are unknown. */
async function* fileChunks(file: string): AsyncGenerator<Buffer> {
  const handle = await open(file).catch((error: unknown) => {
    throw fileError(file, error);
  });
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length).catch((error: unknown) => {
        throw fileError(file, error);
      });
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function* stdinChunks(stdin: AsyncIterable<Uint8Array | string> = process.stdin): AsyncGenerator<Buffer> {
  for await (const chunk of stdin)
    yield typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Why these bytes at `offset` of a file are no text, or null. Text may hold a few control characters; a third is too many. */
function binarySign(bytes: Buffer, offset: number): string | null {
  if (offset === 0 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)))
    return 'it starts as UTF-16 does';
  const nul = bytes.indexOf(0);
  if (nul >= 0) return `a NUL byte at byte ${offset + nul}`;
  if (offset > 0) return null;
  const head = bytes.subarray(0, 8192);
  const controls = head.reduce(
    (count, byte) => count + (byte === 0x7f || (byte < 0x20 && (byte < 0x07 || byte > 0x0d) && byte !== 0x1b) ? 1 : 0),
    0,
  );
  return controls * 3 > head.length ? 'most of it is control characters' : null;
}

function binaryFile(name: string, sign: string, named: boolean): RnnError {
  const convert = sign.includes('UTF-16') ? `iconv -f UTF-16 -t UTF-8 makes it UTF-8; or ` : '';
  return new RnnError('corpus', `${name} looks like a binary file: ${sign}`, {
    hint: `${convert}a model made by rnn train --unit byte reads any file${named ? '' : `, --exclude '${name}' leaves it out`}`,
  });
}

function invalidText(name: string, offset: number, what: string, named: boolean): RnnError {
  return new RnnError('corpus', `${name} ${what} at byte ${offset}`, {
    hint: `a model made by rnn train --unit byte reads any file; iconv -f LATIN1 -t UTF-8 converts it if it is Latin-1${named ? '' : `; --exclude leaves it out`}`,
  });
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
    throw new RnnError('usage', `--min-count must be a whole number from 1, not ${minCount}`);
  if (minCount > 1 && unit === 'byte' && vocabulary === undefined) {
    throw new RnnError('usage', '--min-count is for characters: with --unit byte all 256 bytes are symbols', {
      hint: 'leave one of the two out',
    });
  }
  if (!(validationFraction >= 0 && validationFraction < 1)) {
    throw new RnnError('usage', `--val-fraction must be at least 0 and less than 1, not ${validationFraction}`, {
      hint: '0.1 holds out the last tenth',
    });
  }
}

/** A text of one symbol over and over teaches nothing, and is most likely not what was meant. */
function checkVariety(train: Tokens, validation: Tokens, vocabulary: Vocabulary, { minCount }: CorpusOptions): void {
  const first = train[0] ?? validation[0];
  if ([train, validation].some((tokens) => tokens.some((id) => id !== first))) return;
  if (first === vocabulary.data.unknown) {
    throw new RnnError('corpus', `every character occurs fewer than ${minCount} times`, { hint: 'lower --min-count' });
  }
  throw new RnnError('corpus', `the corpus is one single character, ${JSON.stringify(vocabulary.decode([first]))}, over and over`, {
    hint: 'a model needs at least two different characters to tell apart',
  });
}
