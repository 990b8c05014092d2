// A corpus from its sources to ids, split into text to train on, to validate on and to test on.
// Knows nothing of models and batches, nor how files are read.
import { count, countOf } from '../count.ts';
import { type RnnError, corpusError, usageError } from '../errors.ts';
import type { Pieces } from '../pieces.ts';
import { runInTurns } from '../turns.ts';
import { describeCharacters } from './characters.ts';
import { encodingNamed } from '../options/choices.ts';
import { type Encoded, encodedInKnownForm } from './forms.ts';
import { type HeldOut, heldOutParts, partsOf, refuseTooShort } from './held-out.ts';
import { Reader } from './reader.ts';
import { byBytes, noteOnSkipped } from './refusals.ts';
import { corpusName, nameOf } from './sources.ts';
import type { CorpusOptions, ReadingActivity, ReadingListener } from './corpus-options.ts';

export type { CorpusOptions, ReadingActivity, ReadingListener };
import { isStandardInput } from './standard-input.ts';
import type { Tokens } from './store.ts';
import { byteVocabulary, characterVocabulary, type Unit, Vocabulary } from './vocabulary.ts';
import { flagOf } from '../options/flags.ts';

export { corpusName, findFiles, type GivenText, type Source } from './sources.ts';
export { listWarning } from './lists.ts';
export type { Tokens } from './store.ts';
export { Vocabulary } from './vocabulary.ts';

export interface Corpus {
  readonly vocabulary: Vocabulary;
  /** Three views of one buffer. */
  readonly train: Tokens;
  readonly validation: Tokens;
  /** Empty unless a part was held out for it. */
  readonly test: Tokens;
  /** Symbols in all three. */
  readonly characters: number;
  /**
   * SHA-256 of the text that was read, in order, without the test file, as UTF-8 or as its bytes,
   * in hex.
   */
  readonly digest: string;
  /** The same without the validation file. */
  readonly sourcesDigest: string;
  /** The same with the test file and without the validation file. */
  readonly testDigest: string;
  readonly files: number;
  /** Hidden and binary files in folders, passed over. */
  readonly skipped: number;
  /** For the user: how the text was read, where that may surprise. */
  readonly notes: readonly string[];
  /** For the name of a run: the base name of the first source; 'stdin' for `-`. */
  readonly name: string;
}

/**
 * Reads, encodes and splits a corpus: first the text to train on, then `validationFraction` of it,
 * then `testFraction`.
 * @throws RnnError `corpus` if a source is missing, unreadable, binary, not of its encoding, or the
 * text is empty or all one character
 * @throws RnnError `usage` if the options cannot be met by any text
 */
export async function readCorpus(options: CorpusOptions): Promise<Corpus> {
  const unit = options.vocabulary?.unit ?? options.unit;
  checkOptions(options, unit);
  const heldOut = heldOutParts(options);
  const reader = new Reader({ ...options, unit });
  // All are found before the first is read, so that a missing one is reported at once.
  const found = [await reader.find(options.sources)];
  for (const part of heldOut) found.push(await reader.find(part.sources, part));
  const ends = [await reader.readAll(found[0])];
  const hashOfSources = reader.hash.copy();
  ends.push(await reader.readAll(found[1]));
  const digest = reader.hash.digest('hex');
  reader.hash = hashOfSources.copy();
  ends.push(await reader.readAll(found[2]));
  reader.refuseInvalid();
  if (ends[0] === 0) throw nothingRead(options, reader);
  heldOut.forEach((part, index) =>
    refuseTooShort(part, ends[index + 1] - ends[index], options.vocabulary !== undefined),
  );
  const read = { encoder: reader.encoder, ends };
  const { vocabulary, encoded, notes } =
    unit === 'byte'
      ? { vocabulary: byteVocabulary(), encoded: read, notes: [] }
      : await runInTurns(reported(renumber(read, options, heldOut), reader, options.onActivity));
  const tokens = encoded.encoder.store.finish();
  const parts = partsOf(encoded.ends, heldOut);
  const [train, validation, test] = [parts.train, parts.validation, parts.test].map((part) => tokens.subarray(...part));
  if (options.vocabulary === undefined) checkVariety([train, validation, test], vocabulary, options);
  return {
    vocabulary,
    train,
    validation,
    test,
    characters: train.length + validation.length + test.length,
    digest,
    sourcesDigest: hashOfSources.digest('hex'),
    testDigest: reader.hash.digest('hex'),
    files: reader.read.length,
    skipped: reader.skipped,
    notes: [...notesOnReading(reader, options), ...notes],
    name: corpusName(options.sources[0]),
  };
}

function notesOnReading(
  { skipped, invalid, changedLineEnds: changed, joins }: Reader,
  { vocabulary }: CorpusOptions,
): string[] {
  // Line ends belong to the vocabulary: only a new model leaves the choice.
  const isNew = vocabulary === undefined;
  const files = changed.length === 1 ? `${changed[0]} has` : `${count(changed.length)} files have`;
  const notes = [
    skipped > 0 && `${countOf(skipped, 'hidden or binary file was', 'hidden or binary files were')} passed over`,
    invalid.length > 0 && noteOnSkipped(invalid),
    changed.length > 0 &&
      `${files} CRLF or CR line ends, which are read as LF${isNew ? `; use ${flagOf('keepLineEnds')} to keep them` : ''}`,
    joins > 0 &&
      `${countOf(joins, 'file does', 'files do')} not end with a newline: one is put before the next file${isNew ? `, unless ${flagOf('keepLineEnds')} is given` : ''}`,
  ];
  return notes.filter((note) => note !== false);
}

function nothingRead({ sources, vocabulary }: CorpusOptions, { read, invalid }: Reader): RnnError {
  const names = sources.map(nameOf).join(' ');
  const forNew = 'it takes three characters to train at all, and a hundred thousand to learn to spell';
  if (read.length > 0)
    return corpusError(
      `the corpus is empty: ${names}`,
      vocabulary === undefined ? forNew : 'name a file with text in it',
    );
  return corpusError(
    `${invalid.length > 0 ? 'none of the files can be read as text:' : 'there are only binary files in'} ${names}`,
    byBytes(vocabulary === undefined),
  );
}

/** The same computation, which reports after each piece of it that it continues. */
function* reported<Result>(
  pieces: Pieces<Result>,
  { read }: Reader,
  onActivity: ReadingListener = () => {},
): Pieces<Result> {
  const files = { done: read.length, total: read.length };
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
    onActivity({ kind: 'encoding', done: 0, total: null, files });
    yield;
  }
}

interface Numbered {
  readonly vocabulary: Vocabulary;
  readonly encoded: Encoded;
  readonly notes: readonly string[];
}

/** Gives all characters their ids in the vocabulary, which is the given one or that of the text. */
function* renumber(read: Encoded, options: CorpusOptions, heldOut: readonly HeldOut[]): Pieces<Numbered> {
  const { minCount, known, vocabulary: given } = options;
  const inKnownForm = given === undefined ? null : yield* encodedInKnownForm(read, given);
  const encoded = inKnownForm ?? read;
  const { store, codePoints } = encoded.encoder;
  const characters = codePoints.map((codePoint) => String.fromCodePoint(codePoint));
  const [sources] = encoded.ends;
  const [, train] = partsOf(encoded.ends, heldOut).train;
  const learnt = yield* store.count(characters.length, 0, train);
  const heldOutOfSources = yield* store.count(characters.length, train, sources);
  const others = yield* store.count(characters.length, sources, store.length);
  // Characters that are rare in the sources are folded, however often they occur in separate texts
  // to validate and to test on.
  const isFound = (id: number): boolean =>
    learnt[id] + heldOutOfSources[id] + (minCount === 1 ? others[id] : 0) >= minCount;
  const found = characters.filter((_, id) => isFound(id));
  const withUnknown = minCount > 1 || (known?.data.unknown ?? null) !== null;
  const vocabulary = given ?? characterVocabulary([...(known?.data.symbols ?? []), ...found], withUnknown);
  const ids = characters.map((character) => vocabulary.find(character));
  const missing = characters.filter((_, id) => ids[id] < 0 && learnt[id] + heldOutOfSources[id] + others[id] > 0);
  if (missing.length > 0)
    throw vocabulary.unknownCharacters(
      missing,
      'the text has characters that the model has never seen:',
      options.toAddCharacters,
    );
  const notes =
    inKnownForm === null ? [] : ['the text is read in the form of its characters and line ends that the model knows'];
  const before = new Set(known?.data.symbols);
  const unlearnt = characters.filter((character, id) => learnt[id] === 0 && isFound(id) && !before.has(character));
  if (given === undefined && unlearnt.length > 0)
    notes.push(
      `only the text to validate or test on has these characters, so the model does not learn them: ${describeCharacters(unlearnt)}`,
    );
  yield* store.remap(Uint32Array.from(ids), vocabulary.size);
  return { vocabulary, encoded, notes };
}

function checkOptions(
  { sources, minCount, validationFile, testFile, vocabulary, encoding }: CorpusOptions,
  unit: Unit,
): void {
  if (sources.length === 0) throw usageError('no corpus was given', 'name a file, a folder, or - for standard input');
  if ([...sources, validationFile, testFile].filter(isStandardInput).length > 1)
    throw usageError('standard input (-) can be read only once', 'put one of the texts into a file');
  if (encodingNamed(encoding) === null)
    throw usageError(
      `${flagOf('encoding')} is ${encoding}, expected the name of an encoding`,
      'such as utf-8, windows-1252, utf-16le, shift_jis or gb18030: the labels of the Encoding Standard',
    );
  if (minCount > 1 && unit === 'byte' && vocabulary === undefined)
    throw usageError(
      `${flagOf('minCount')} is for characters: with ${flagOf('unit')} byte all 256 bytes are symbols`,
      'leave one of the two out',
      { options: [flagOf('minCount'), flagOf('unit')] },
    );
}

/** A text of one character over and over teaches nothing, and is most likely a mistake. */
function checkVariety(parts: readonly Tokens[], vocabulary: Vocabulary, { minCount }: CorpusOptions): void {
  const [[first]] = parts.filter(({ length }) => length > 0);
  if (parts.some((tokens) => tokens.some((id) => id !== first))) return;
  if (first === vocabulary.data.unknown) {
    throw corpusError(`every character occurs fewer than ${minCount} times`, `lower ${flagOf('minCount')}`, {
      options: [flagOf('minCount')],
    });
  }
  throw corpusError(
    `the corpus is one single character, ${JSON.stringify(vocabulary.decode([first]))}, over and over`,
    'a model needs at least two different characters to tell apart',
  );
}
