// Whether a text is a list whose order or duplicates make the loss of its validation part
// misleading. Pure.
import { groupBy } from '../group.ts';
import { shellWord } from '../shell-word.ts';
import type { Tokens } from './store.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Facts about a list: lines that mean the same in any order. */
export interface ListFacts {
  readonly isSorted: boolean;
  /** Fraction of the lines that occurred before. */
  readonly duplicates: number;
}

/** Tokens at the beginning of a text: looking at them takes a fraction of a second. */
const MAX_LOOKED_AT = 1_000_000;
/** Fewer lines may be sorted by chance, and say little about the loss. */
const MIN_LINES = 50;
/** Longer lines are paragraphs or records, not the items of a list. */
const MAX_MEAN_LENGTH = 80;
/** Prose, verse and source code have more blank or indented lines. */
const MAX_BLANK_OR_INDENTED = 0.01;
/**
 * A line that is more frequent separates or opens records of several lines, whose order matters.
 */
const MAX_FREQUENCY = 0.05;
/**
 * Names of speakers and closing brackets, which repeat, are shorter than other lines; items that
 * repeat are as long as others.
 */
const MIN_DUPLICATE_LENGTH = 0.5;
const MIN_DUPLICATES = 0.05;
/** A sorted list into which some lines were put later. */
const MIN_ASCENDING = 0.9;
/**
 * Where two lines differ first in digits, their order is one of time or number, as in logs, and
 * belongs to the text. This fraction of the pairs must differ first in something else.
 */
const MIN_BY_LETTERS = 0.5;

/** @returns null if the text is not a list, or a list with nothing to say about */
export function listFactsOf(tokens: Tokens, vocabulary: Vocabulary): ListFacts | null {
  const lines = linesOf(tokens.subarray(0, MAX_LOOKED_AT), vocabulary);
  if (!isList(lines)) return null;
  const isSorted = isSortedBy(lines, collated) || isSortedBy(lines, (line) => line);
  const duplicates = duplicatesIn(lines);
  return isSorted || duplicates >= MIN_DUPLICATES
    ? { isSorted, duplicates: duplicates >= MIN_DUPLICATES ? duplicates : 0 }
    : null;
}

/**
 * A warning for a run that validates on the last part of this text; null if there is nothing to
 * warn of.
 *
 * @param file the one that the text is from
 */
export function listWarning(tokens: Tokens, vocabulary: Vocabulary, file = 'list.txt'): string | null {
  const facts = listFactsOf(tokens, vocabulary);
  if (facts === null) return null;
  const command = `sort -u ${shellWord(file)} | shuf > shuffled.txt`;
  return facts.isSorted
    ? `the lines are sorted, so the validation part differs from the training part: shuffle them first (${command})`
    : `${Math.round(100 * facts.duplicates)} % of the lines are duplicates, so the validation loss is too low: remove them first (${command})`;
}

/** The lines of a text but the last, which may be cut off. */
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
  const byLetters = pairs.filter(({ before, key }) => !differInDigits(before, key)).length;
  return (
    pairs.length > MIN_LINES / 2 &&
    ascending >= MIN_ASCENDING * pairs.length &&
    byLetters >= MIN_BY_LETTERS * pairs.length
  );
}

/** As locales sort: upper and lower case, accents, spaces and punctuation do not count. */
const collated = (line: string): string =>
  line
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]+/gu, '')
    .toLowerCase();

function differInDigits(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return /\d/.test(a[at] ?? '') || /\d/.test(b[at] ?? '');
}

/** Fraction of the lines that occurred before; 0 if the repeated lines are not items of a list. */
function duplicatesIn(lines: readonly string[]): number {
  const groups = [...groupBy(lines, (line) => line).values()];
  const repeated = groups.flatMap((same) => same.slice(1));
  if (repeated.length === 0 || meanLength(repeated) < MIN_DUPLICATE_LENGTH * meanLength(lines)) return 0;
  return groups.some((same) => same.length > MAX_FREQUENCY * lines.length) ? 0 : repeated.length / lines.length;
}
