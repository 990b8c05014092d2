// The records of a corpus that has been read.
import { count, countOf } from '../count.ts';
import { corpusError, inQuotes, usageError } from '../errors.ts';
import { flagOf } from '../options/flags.ts';
import type { CorpusOptions } from './corpus-options.ts';
import type { HeldOutPart } from './held-out.ts';
import { separatorOf } from './divide.ts';
import { separatorOfRecords } from './record-options.ts';
import type { RecordFacts, RecordSink } from './record-sink.ts';
import type { RecordLayout, StoredRecords } from './records.ts';
import { sourceName } from './sources.ts';
import type { Tokens } from './store.ts';
import type { Vocabulary } from './vocabulary.ts';

/** How a corpus is divided into records, and facts about them. */
export interface CorpusRecords extends RecordLayout {
  readonly facts: RecordFacts;
}

/** The records of a part of a corpus. Only training records are weighted. */
export const recordsIn = (records: RecordLayout, tokens: Tokens, isTraining: boolean): StoredRecords => ({
  ...records,
  tokens,
  weights: isTraining ? records.weights : [],
});

/**
 * Describes the records of a corpus in the ids of its vocabulary.
 *
 * @throws RnnError `usage` if the vocabulary belongs to a model that was not trained on records
 */
export function recordsOf(
  sink: RecordSink,
  vocabulary: Vocabulary,
  { learnAfter, lowercase }: Pick<CorpusOptions, 'learnAfter' | 'lowercase'>,
): CorpusRecords {
  if (vocabulary.end === null)
    throw usageError(
      `cannot read records: the model was not trained on records`,
      `omit ${flagOf('records')}, or train a model with it`,
    );
  const delimiter = lowercase ? learnAfter?.toLowerCase() : learnAfter;
  return {
    end: vocabulary.end,
    learnAfter: delimiter == null ? [] : [...vocabulary.encode(delimiter)],
    weights: sink.weights,
    facts: sink.facts(),
  };
}

/**
 * The text of the end token. A given or known vocabulary decides it. Otherwise it is the separator of
 * records, or the separator of files if the separator of records occurs within a record. Null for a
 * text without records.
 *
 * @param isInRecords whether a character occurs within a record, as a line feed does in CSV
 * @throws RnnError `usage` if the known vocabulary and this text cannot share an end token
 */
export function endTextOf(
  options: Pick<CorpusOptions, 'records' | 'column' | 'vocabulary' | 'known'>,
  isInRecords: (character: string) => boolean,
): string | null {
  const separator = separatorOfRecords(options);
  const { vocabulary = null, known = null } = options;
  const [given, start] = [vocabulary, known].map((each) => (each?.end == null ? null : each.data.symbols[each.end]));
  if (separator === null) {
    if (start !== null && [...start].length > 1)
      throw usageError(
        'cannot fine-tune a model of records on a text without records',
        `add ${flagOf('records')}, with the value from the training of the model`,
      );
    return null;
  }
  if (given !== null) return given;
  if (start === null) return isInRecords(separator) ? separatorOf('file') : separator;
  if (!isInRecords(start)) return start;
  throw usageError(
    `cannot fine-tune this model: its records end with ${inQuotes(start)}, which also occurs inside records of the text`,
    `omit ${flagOf('initFrom')}, or divide the text as in the training of the model`,
  );
}

/** The bounds of each part, which begins with the end token before its first record. */
export function partsOfRecords([train, validation, test]: readonly number[]) {
  const bounds = (start: number, end: number) => [end > start ? start - 1 : end, end] as const;
  return { train: [0, train], validation: bounds(train, validation), test: bounds(validation, test) } as const;
}

/**
 * @throws RnnError `corpus` if a new model would train on fewer than two records, or if no record
 * contains the text of `learnAfter`
 */
export function refuseFewRecords(
  { train, validation, test, withoutDelimiter }: RecordFacts,
  {
    records,
    column = [],
    learnAfter,
    vocabulary,
  }: Pick<CorpusOptions, 'records' | 'column' | 'learnAfter' | 'vocabulary'>,
): void {
  const all = train + validation + test;
  if (all === 0 && withoutDelimiter > 0)
    throw corpusError(
      `no record contains the text of ${flagOf('learnAfter')}: ${inQuotes(learnAfter)}`,
      `write a tab as '\\t', or omit ${flagOf('learnAfter')}`,
    );
  if (vocabulary !== undefined || all === 0 || train > 1) return;
  if (all > 1)
    throw corpusError(
      `the training part has ${train === 0 ? 'no records' : 'only one record'}: expected at least two`,
      `use more records, or hold out fewer with ${flagOf('validationFraction')}`,
    );
  throw corpusError(
    'the text has only one record: expected at least two',
    column.length > 0
      ? `use files with more rows, or omit ${flagOf('column')}`
      : `check that ${flagOf('records')} ${records ?? 'line'} divides the text, or omit ${flagOf('records')}`,
  );
}

/** @throws RnnError `corpus` for a separate validation or test text without records */
export function refuseNoRecords({ name, sources: [source] }: HeldOutPart, facts: RecordFacts): void {
  if (source === undefined || facts[name] > 0) return;
  const isUndelimited = facts.withoutDelimiter > 0;
  throw corpusError(
    `the ${name} text ${sourceName(source)} has no records${isUndelimited ? ` with the text of ${flagOf('learnAfter')}` : ''}`,
    `use ${flagOf(`${name}Fraction`)} to hold out a part of the corpus instead`,
  );
}

/**
 * The note that is printed after reading: how many records each part has, their lengths, and how many
 * were dropped.
 */
export function recordsNote({
  train,
  validation,
  test,
  duplicates,
  empty,
  withoutDelimiter,
  meanLength,
  maxLength,
}: RecordFacts): string {
  const parts = [
    `${count(train)} training`,
    validation > 0 && `${count(validation)} validation`,
    test > 0 && `${count(test)} test`,
  ].filter(Boolean);
  const dropped = [
    empty > 0 && countOf(empty, 'empty record', 'empty records'),
    withoutDelimiter > 0 &&
      `${countOf(withoutDelimiter, 'record', 'records')} without the text of ${flagOf('learnAfter')}`,
  ].filter(Boolean);
  const records = `${count(train + validation + test)} records (${parts.join(', ')}), ${count(duplicates)} of them duplicates`;
  const lengths = `mean length ${meanLength.toFixed(1)}, longest ${countOf(maxLength, 'character', 'characters')}`;
  return `${records}, ${lengths}${dropped.length === 0 ? '' : `. Dropped ${dropped.join(' and ')}`}`;
}
