// Detects lists whose order or duplicates make the validation loss misleading. Pure.
import { groupBy } from '../group.ts';
import { flagOf } from '../options/flags.ts';
import type { Tokens } from './store.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Facts about a list, which is a text whose lines have the same meaning in any order. */
export interface ListFacts {
  readonly isSorted: boolean;
  /** The fraction of lines that repeat an earlier line. 0 if it is below MIN_DUPLICATES. */
  readonly duplicateFraction: number;
}

/**
 * Only this many tokens at the beginning of a text are examined, which takes a fraction of a
 * second.
 */
const MAX_TOKENS = 1_000_000;
/** Fewer lines may be sorted by chance. */
const MIN_LINES = 50;
/** Longer lines are paragraphs or records, not the items of a list. */
const MAX_MEAN_LENGTH = 80;
/** Prose, verse and source code have more blank or indented lines. */
const MAX_BLANK_OR_INDENTED = 0.01;
/**
 * A line that makes up a larger fraction of the text separates or starts records of several lines.
 * The order of such lines matters.
 */
const MAX_FREQUENCY = 0.05;
/**
 * Repeated names of speakers and closing brackets are shorter than other lines. Repeated items are
 * as long as other items.
 */
const MIN_DUPLICATE_LENGTH_RATIO = 0.5;
const MIN_DUPLICATE_FRACTION = 0.05;
/** Less than 1, because lines may have been inserted into a sorted list later. */
const MIN_ASCENDING = 0.9;
/**
 * If two lines first differ in a digit, as in logs, they are ordered by time or number, and this
 * order is part of the text. This fraction of the pairs must first differ in other characters.
 */
const MIN_NON_DIGIT_FRACTION = 0.5;

/** @returns null if the text is not a list, or if the list is not sorted and has few duplicates */
export function listFactsOf(tokens: Tokens, vocabulary: Vocabulary): ListFacts | null {
  const lines = linesOf(tokens.subarray(0, MAX_TOKENS), vocabulary);
  if (!isList(lines)) return null;
  const isSorted = isSortedBy(lines, collationKey) || isSortedBy(lines, (line) => line);
  const duplicateFraction = duplicateFractionOf(lines);
  return isSorted || duplicateFraction >= MIN_DUPLICATE_FRACTION
    ? { isSorted, duplicateFraction: duplicateFraction >= MIN_DUPLICATE_FRACTION ? duplicateFraction : 0 }
    : null;
}

/** Returns a warning for a run that validates on the last part of this text, or null. */
export function listWarning(tokens: Tokens, vocabulary: Vocabulary): string | null {
  const facts = listFactsOf(tokens, vocabulary);
  if (facts === null) return null;
  const asLines = `${flagOf('records')} line`;
  return facts.isSorted
    ? `the lines are sorted, so the validation part differs from the training part: use ${asLines} to shuffle them`
    : `${Math.round(100 * facts.duplicateFraction)} % of the lines are duplicates, so the validation loss is too low: use ${asLines} to keep equal lines in one part`;
}

/** Prose and verse have more lines that end with punctuation, even between short lines. */
const MAX_PUNCTUATED = 0.1;
/** Longer lines are messages, rows of tables or wrapped prose. */
const MAX_MEAN_ITEM_LENGTH = 50;
/** Wrapped prose continues a sentence in most lines. */
const PUNCTUATION_AT_END = /[.,;:!?…—)}\]"'”’»>-]$/;

/** Returns a hint for a text whose lines look like the items of a list, or null. */
export function listHint(tokens: Tokens, vocabulary: Vocabulary): string | null {
  const lines = linesOf(tokens.subarray(0, MAX_TOKENS), vocabulary);
  if (!isList(lines) || meanLength(lines) > MAX_MEAN_ITEM_LENGTH) return null;
  const punctuated = lines.filter((line) => PUNCTUATION_AT_END.test(line.trimEnd())).length;
  if (punctuated > MAX_PUNCTUATED * lines.length) return null;
  return `the text looks like a list: add ${flagOf('records')} line to train on its lines`;
}

/** The lines of a text without the last, which may be incomplete. */
const linesOf = (tokens: Tokens, vocabulary: Vocabulary): string[] =>
  vocabulary.decode(tokens).split('\n').slice(0, -1);

const meanLength = (lines: readonly string[]): number =>
  lines.reduce((sum, line) => sum + line.length, 0) / lines.length;

function isList(lines: readonly string[]): boolean {
  if (lines.length < MIN_LINES || meanLength(lines) > MAX_MEAN_LENGTH) return false;
  return lines.filter((line) => line === '' || /^\s/.test(line)).length <= MAX_BLANK_OR_INDENTED * lines.length;
}

function isSortedBy(lines: readonly string[], keyOf: (line: string) => string): boolean {
  const keys = lines.map(keyOf);
  const pairs = keys.slice(1).flatMap((key, index) => (key === keys[index] ? [] : [{ before: keys[index], key }]));
  const ascending = pairs.filter(({ before, key }) => key > before).length;
  const nonDigitPairs = pairs.filter(({ before, key }) => !differInDigits(before, key)).length;
  return (
    pairs.length > MIN_LINES / 2 &&
    ascending >= MIN_ASCENDING * pairs.length &&
    nonDigitPairs >= MIN_NON_DIGIT_FRACTION * pairs.length
  );
}

/** Ignores case, accents, spaces and punctuation, as locales do when they sort. */
const collationKey = (line: string): string =>
  line
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]+/gu, '')
    .toLowerCase();

function differInDigits(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return /\d/.test(a[at] ?? '') || /\d/.test(b[at] ?? '');
}

/**
 * The fraction of lines that repeat an earlier line. 0 if the repeated lines are not items of a
 * list.
 */
function duplicateFractionOf(lines: readonly string[]): number {
  const groups = [...groupBy(lines, (line) => line).values()];
  const repeated = groups.flatMap((same) => same.slice(1));
  if (repeated.length === 0 || meanLength(repeated) < MIN_DUPLICATE_LENGTH_RATIO * meanLength(lines)) return 0;
  return groups.some((same) => same.length > MAX_FREQUENCY * lines.length) ? 0 : repeated.length / lines.length;
}
