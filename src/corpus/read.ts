// Reads a corpus from its sources, encodes it and splits it into training, validation and test
// part.
import { count, countOf } from '../count.ts';
import { type RnnError, corpusError, usageError } from '../errors.ts';
import type { SlicedWork } from '../sliced-work.ts';
import { runInSlices } from '../run-in-slices.ts';
import { describeCharacters } from './characters.ts';
import { encodingNamed } from '../options/choices.ts';
import { type EncodedText, encodeInKnownForm } from './forms.ts';
import { heldOutParts, partBounds, refuseTooShort } from './held-out.ts';
import { CorpusReader } from './reader.ts';
import { byteUnitHint, noteOnSkipped } from './refusals.ts';
import { corpusName, sourceName } from './sources.ts';
import type { CorpusOptions, ReadingActivity, ReadingListener } from './corpus-options.ts';

export type { CorpusOptions, ReadingActivity, ReadingListener };
import { isStandardInput } from './standard-input.ts';
import {
  type CorpusRecords,
  endTextOf,
  partsOfRecords,
  recordsNote,
  recordsOf,
  refuseFewRecords,
  refuseNoRecords,
} from './corpus-records.ts';
import { checkDivision, isDivided } from './record-options.ts';
import { RECORD_END, type Tokens } from './store.ts';
import { byteVocabulary, characterVocabulary, type Unit, Vocabulary } from './vocabulary.ts';
import { flagOf } from '../options/flags.ts';

export { corpusName, findFiles, type GivenText, type Source } from './sources.ts';
export { listHint, listWarning } from './lists.ts';
export type { Tokens } from './store.ts';
export { Vocabulary } from './vocabulary.ts';

/** A corpus that has been read, encoded and split. */
export interface Corpus {
  readonly vocabulary: Vocabulary;
  /** The three parts are views of one buffer. */
  readonly train: Tokens;
  readonly validation: Tokens;
  /** Empty unless a part is held out for it. */
  readonly test: Tokens;
  /** The number of tokens in all three parts. */
  readonly characters: number;
  /**
   * SHA-256 in hex of the text in the order in which it was read, without the test file. Of its
   * UTF-8 bytes, or of the original bytes of a byte-level corpus.
   */
  readonly digest: string;
  /** The same without the validation file. */
  readonly sourcesDigest: string;
  /** The same with the test file and without the validation file. */
  readonly testDigest: string;
  /** Null for a text that is not divided into records. */
  readonly records: CorpusRecords | null;
  readonly files: number;
  /** The number of hidden and binary files in folders that were skipped. */
  readonly skipped: number;
  /** Notes for the user about how the text was read, if this may be surprising. */
  readonly notes: readonly string[];
  /** Part of the name of a run: the base name of the first source, or 'stdin' for `-`. */
  readonly name: string;
}

/**
 * Reads, encodes and splits a corpus: first the text to train on, then `validationFraction` of it,
 * then `testFraction`.
 * @throws RnnError `corpus` if a source is missing, unreadable, binary or not in its encoding, or
 * if the text is empty or repeats a single character
 * @throws RnnError `usage` if no text can satisfy the options
 */
export async function readCorpus(options: CorpusOptions): Promise<Corpus> {
  const unit = options.vocabulary?.unit ?? options.unit;
  checkOptions(options, unit);
  const heldOut = heldOutParts(options);
  checkDivision(options, unit);
  const reader = new CorpusReader({ ...options, unit });
  // Finds all texts before it reads the first, so that a missing one is reported immediately.
  const found = [await reader.find(options.sources)];
  for (const part of heldOut) found.push(await reader.find(part.sources, part));
  const ends = [await reader.readAll(found[0])];
  const hashOfSources = reader.hash.copy();
  ends.push(await reader.readAll(found[1], 'validation'));
  const digest = reader.hash.digest('hex');
  reader.hash = hashOfSources.copy();
  ends.push(await reader.readAll(found[2], 'test'));
  reader.refuseInvalid();
  const { encoder, records } = reader;
  if (records !== null) {
    ends.splice(0, ends.length, ...records.finish());
    refuseFewRecords(records.facts(), options);
    for (const part of heldOut) refuseNoRecords(part, records.facts());
  }
  const isEmpty = records === null ? ends[0] === 0 : encoder.store.length === 1;
  if (isEmpty) throw nothingRead(options, reader);
  if (records === null)
    heldOut.forEach((part, index) =>
      refuseTooShort(part, ends[index + 1] - ends[index], options.vocabulary !== undefined),
    );
  const boundsOf = (all: readonly number[]) => (records === null ? partBounds(all, heldOut) : partsOfRecords(all));
  const read = { encoder, ends };
  const { vocabulary, encoded, notes } =
    unit === 'byte'
      ? { vocabulary: byteVocabulary(), encoded: read, notes: [] }
      : await runInSlices(
          reported(
            renumber(read, options, (ends) => boundsOf(ends).train[1]),
            reader,
            options.onActivity,
          ),
        );
  const tokens = encoded.encoder.store.finish();
  const parts = boundsOf(encoded.ends);
  const [train, validation, test] = [parts.train, parts.validation, parts.test].map((part) => tokens.subarray(...part));
  if (options.vocabulary === undefined) checkVariety([train, validation, test], vocabulary, options);
  return {
    vocabulary,
    train,
    validation,
    test,
    records: records === null ? null : recordsOf(records, vocabulary, options),
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
  { skipped, invalid, changedLineEnds: changed, joins, records, hasEnough }: CorpusReader,
  { vocabulary }: CorpusOptions,
): string[] {
  // Line endings belong to the vocabulary, so only a new model can choose.
  const isNew = vocabulary === undefined;
  const files = changed.length === 1 ? `${changed[0]} has` : `${count(changed.length)} files have`;
  const notes = [
    records !== null && !hasEnough && recordsNote(records.facts()),
    skipped > 0 && `skipped ${countOf(skipped, 'hidden or binary file', 'hidden or binary files')}`,
    invalid.length > 0 && noteOnSkipped(invalid),
    changed.length > 0 &&
      `${files} CRLF or CR line endings, which rnn reads as LF${isNew ? ` (use ${flagOf('keepLineEnds')} to keep them)` : ''}`,
    joins > 0 &&
      `${countOf(joins, 'file does', 'files do')} not end with a newline, so rnn adds one before the next file${isNew ? ` (use ${flagOf('keepLineEnds')} to prevent this)` : ''}`,
  ];
  return notes.filter((note) => note !== false);
}

function nothingRead({ sources, vocabulary }: CorpusOptions, { read, invalid }: CorpusReader): RnnError {
  const names = sources.map(sourceName).join(' ');
  const forNew = 'use at least three characters to train at all, and a hundred thousand to learn spelling';
  if (read.length > 0)
    return corpusError(
      `cannot read ${names}: the text is empty`,
      vocabulary === undefined ? forNew : 'name a file that contains text',
    );
  return corpusError(
    `cannot read ${names} as text: ${invalid.length > 0 ? 'no file is valid text' : 'all files are binary'}`,
    byteUnitHint(vocabulary === undefined),
  );
}

/** Runs the same computation and reports progress after each piece. */
function* reported<Result>(
  pieces: SlicedWork<Result>,
  { read }: CorpusReader,
  onActivity: ReadingListener = () => {},
): SlicedWork<Result> {
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
  readonly encoded: EncodedText;
  readonly notes: readonly string[];
}

/**
 * Replaces the provisional ids by ids of the given vocabulary, or of a new vocabulary of the text.
 */
function* renumber(
  read: EncodedText,
  options: CorpusOptions,
  trainOf: (ends: readonly number[]) => number,
): SlicedWork<Numbered> {
  const { minCount, known, vocabulary: given } = options;
  const areRecords = isDivided(options);
  // Only plain text is re-encoded: records end with tokens that have no other form.
  const inKnownForm = given === undefined || areRecords ? null : yield* encodeInKnownForm(read, given);
  const encoded = inKnownForm ?? read;
  const { store, codePoints } = encoded.encoder;
  const [sources] = areRecords ? [store.length] : encoded.ends;
  const train = trainOf(encoded.ends);
  const learnt = yield* store.count(codePoints.length, 0, train);
  const heldOutOfSources = yield* store.count(codePoints.length, train, sources);
  const others = yield* store.count(codePoints.length, sources, store.length);
  const occurs = (id: number): boolean => learnt[id] + heldOutOfSources[id] + others[id] > 0;
  const endText = endTextOf(options, (character) =>
    codePoints.some((each, id) => each !== RECORD_END && String.fromCodePoint(each) === character && occurs(id)),
  );
  const characters = codePoints.map((codePoint) =>
    codePoint === RECORD_END ? endText! : String.fromCodePoint(codePoint),
  );
  // Characters that are rare in the sources become unknown, even if they are frequent in separate
  // validation and test texts.
  const isFound = (id: number): boolean =>
    codePoints[id] === RECORD_END || learnt[id] + heldOutOfSources[id] + (minCount === 1 ? others[id] : 0) >= minCount;
  const found = characters.filter((_, id) => isFound(id));
  const withUnknown = minCount > 1 || (known?.data.unknown ?? null) !== null;
  const vocabulary = given ?? characterVocabulary([...(known?.data.symbols ?? []), ...found], withUnknown, endText);
  const unknown = vocabulary.data.unknown ?? -1;
  // A character with the text of the end token does not end a record.
  const ids = characters.map((character, id) =>
    areRecords && character === endText && codePoints[id] !== RECORD_END ? unknown : vocabulary.find(character),
  );
  const missing = characters.filter((_, id) => ids[id] < 0 && occurs(id));
  if (missing.length > 0)
    throw vocabulary.unknownCharacters(
      missing,
      'the text has characters that the model has never seen:',
      options.toAddCharacters,
    );
  const notes =
    inKnownForm === null
      ? []
      : ['rnn converted the characters and line endings of the text to the form that the model knows'];
  const before = new Set(known?.data.symbols);
  const unlearnt = characters.filter((character, id) => learnt[id] === 0 && isFound(id) && !before.has(character));
  if (given === undefined && unlearnt.length > 0)
    notes.push(
      `these characters occur only in the validation or test part, so the model cannot learn them: ${describeCharacters(unlearnt)}`,
    );
  yield* store.remap(Uint32Array.from(ids), vocabulary.size);
  return { vocabulary, encoded, notes };
}

function checkOptions(
  { sources, minCount, validationFile, testFile, vocabulary, encoding }: CorpusOptions,
  unit: Unit,
): void {
  if (sources.length === 0)
    throw usageError(
      'the corpus is missing: expected a text to read',
      'name a file, a folder, or - for standard input',
    );
  if ([...sources, validationFile, testFile].filter(isStandardInput).length > 1)
    throw usageError('cannot read standard input (-) twice', 'save one of the texts to a file');
  if (encodingNamed(encoding) === null)
    throw usageError(
      `${flagOf('encoding')} is ${encoding}: expected the name of an encoding`,
      'use a label of the Encoding Standard, such as utf-8, windows-1252, utf-16le, shift_jis or gb18030',
    );
  if (minCount > 1 && unit === 'byte' && vocabulary === undefined)
    throw usageError(
      `cannot use ${flagOf('minCount')} with ${flagOf('unit')} byte: all 256 bytes are always tokens`,
      'omit one of them',
      { options: [flagOf('minCount'), flagOf('unit')] },
    );
}

/** A text that repeats a single character teaches nothing and is probably a mistake. */
function checkVariety(parts: readonly Tokens[], vocabulary: Vocabulary, { minCount }: CorpusOptions): void {
  const [[first]] = parts.filter(({ length }) => length > 0);
  if (parts.some((tokens) => tokens.some((id) => id !== first))) return;
  if (first === vocabulary.data.unknown) {
    throw corpusError(
      `cannot train on the corpus: every character occurs fewer than ${minCount} times`,
      `lower ${flagOf('minCount')}`,
      {
        options: [flagOf('minCount')],
      },
    );
  }
  throw corpusError(
    `cannot train on the corpus: it repeats a single character, ${JSON.stringify(vocabulary.decode([first]))}`,
    'use a text with at least two different characters',
  );
}
