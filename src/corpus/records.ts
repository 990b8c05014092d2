// The records of a text, sorted by the number of time steps that they need.
import { hash32 } from '../random.ts';
import { permutationOf } from './permutation.ts';
import type { Tokens } from './store.ts';

/** How tokens are divided into records. */
export interface RecordLayout {
  /** Id of the end token, which ends each record. */
  readonly end: number;
  /**
   * The model learns only the tokens of a record after the first occurrence of these. Empty if it
   * learns all.
   */
  readonly learnAfter: readonly number[];
  /** From which token on records count several times. */
  readonly weights: readonly RecordWeight[];
}

/** Tokens that are divided into records: an end token, and then records with one end token each. */
export interface StoredRecords extends RecordLayout {
  readonly tokens: Tokens;
}

/** Records from this token on are read `weight` times in an epoch. */
export interface RecordWeight {
  readonly from: number;
  readonly weight: number;
}

/** Records of one class are read in windows of the same lengths. */
interface Class {
  /** Time steps of the windows together. */
  readonly steps: number;
  /** The number of records of shorter classes. */
  readonly first: number;
}

/**
 * Records in the order of their classes. A record of k tokens and its end token takes k + 1 time
 * steps: the model reads the end token and then the record, and predicts the record and then the
 * end token.
 */
export class SortedRecords {
  /** Records of an epoch. A record of weight 3 counts three times. */
  readonly count: number;
  /** Targets of an epoch that are scored. */
  readonly scored: number;
  readonly #starts: Uint32Array;
  readonly #classes: readonly Class[];

  /** @param lengths the time steps that windows may have, ascending */
  constructor(stored: StoredRecords, lengths: readonly number[]) {
    const sizes = new Map<number, number>();
    let scored = 0;
    forEachRecord(stored, (start, steps, weight) => {
      const key = stepsOfWindows(steps, lengths);
      sizes.set(key, (sizes.get(key) ?? 0) + weight);
      scored += weight * (start + steps - learntFrom(stored, start));
    });
    this.scored = scored;
    const classes: Class[] = [];
    let first = 0;
    for (const steps of [...sizes.keys()].toSorted((a, b) => a - b)) {
      classes.push({ steps, first });
      first += sizes.get(steps)!;
    }
    this.#classes = classes;
    this.count = first;
    this.#starts = new Uint32Array(this.count);
    const next = new Map(classes.map((each) => [each.steps, each.first]));
    forEachRecord(stored, (start, steps, weight) => {
      const key = stepsOfWindows(steps, lengths);
      const place = next.get(key)!;
      this.#starts.fill(start, place, place + weight);
      next.set(key, place + weight);
    });
  }

  /** Where the record at a place starts in the tokens. */
  startAt(place: number): number {
    return this.#starts[place];
  }

  /** Time steps of the windows in which the record at a place is read. */
  stepsAt(place: number): number {
    return this.#classAt(place).steps;
  }

  /** Returns the places in an order that stays within classes. */
  shuffleOf(key: number): (place: number) => number {
    const permutations = new Map<Class, (index: number) => number>();
    return (place) => {
      const found = this.#classAt(place);
      let permutation = permutations.get(found);
      if (permutation === undefined) {
        const end = this.#classes[this.#classes.indexOf(found) + 1]?.first ?? this.count;
        permutation = permutationOf(end - found.first, hash32(key + found.steps));
        permutations.set(found, permutation);
      }
      return found.first + permutation(place - found.first);
    };
  }

  #classAt(place: number): Class {
    let [low, high] = [0, this.#classes.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#classes[middle].first <= place) low = middle;
      else high = middle - 1;
    }
    return this.#classes[low];
  }
}

/** Calls with the start of each record, its time steps and its weight. */
export function forEachRecord(
  { tokens, end, weights }: StoredRecords,
  visit: (start: number, steps: number, weight: number) => void,
): void {
  let start = 1;
  let [next, weight] = [0, 1];
  for (let at = tokens.indexOf(end, start); at >= 0; at = tokens.indexOf(end, start)) {
    while (next < weights.length && weights[next].from <= start) ({ weight } = weights[next++]);
    visit(start, at + 1 - start, weight);
    start = at + 1;
  }
}

/** The number of records, whatever their weights. */
export function countRecords(stored: StoredRecords): number {
  let records = 0;
  forEachRecord(stored, () => records++);
  return records;
}

/** The first token of a record that is learnt: the token after the first `learnAfter`. */
export function learntFrom({ tokens, end, learnAfter }: StoredRecords, start: number): number {
  if (learnAfter.length === 0) return start;
  for (let at = start; ; at++) {
    let matched = 0;
    while (matched < learnAfter.length && tokens[at + matched] === learnAfter[matched]) matched++;
    if (matched === learnAfter.length) return at + matched;
    if (tokens[at] === end) return at + 1;
  }
}

/** Time steps of the windows in which a record is read, all together. */
function stepsOfWindows(steps: number, lengths: readonly number[]): number {
  const longest = lengths.at(-1)!;
  const rest = steps % longest;
  return steps - rest + (rest === 0 ? 0 : lengths.find((length) => length >= rest)!);
}

/** The number of windows that have these time steps together. */
export function windowCount(steps: number, lengths: readonly number[]): number {
  return Math.ceil(steps / lengths.at(-1)!);
}

/** The time steps of one of these windows: all but the last have the greatest length. */
export function windowSteps(steps: number, window: number, lengths: readonly number[]): number {
  const longest = lengths.at(-1)!;
  return Math.min(longest, steps - window * longest);
}

/** More lengths take longer to compile than they save. */
const MAX_LENGTHS = 5;

/**
 * Chooses window lengths for records. The longest window has the length of the longest record, but
 * at most `max`. Shorter windows minimise the padding.
 *
 * @param max the longest window
 */
export function chooseLengths(stored: StoredRecords, max: number): readonly number[] {
  const counts = new Float64Array(max + 1);
  forEachRecord(stored, (_, steps) => {
    if (steps >= max) counts[max] += Math.floor(steps / max);
    if (steps % max !== 0) counts[steps % max]++;
  });
  const longest = counts.findLastIndex((count) => count > 0);
  // cost[k][length]: steps of all windows up to `length`, with k lengths of which it is the longest
  const before = new Float64Array(longest + 1);
  for (let length = 1; length <= longest; length++) before[length] = before[length - 1] + counts[length];
  let cost = before.map((count, length) => count * length);
  const choices: Int32Array[] = [];
  for (let k = 1; k < MAX_LENGTHS; k++) {
    const better = Float64Array.from(cost);
    const choice = new Int32Array(longest + 1);
    for (let length = 2; length <= longest; length++)
      for (let shorter = 1; shorter < length; shorter++) {
        const total = cost[shorter] + (before[length] - before[shorter]) * length;
        if (total < better[length]) [better[length], choice[length]] = [total, shorter];
      }
    choices.push(choice);
    cost = better;
  }
  const lengths = [longest];
  for (const choice of choices.toReversed()) if (choice[lengths[0]] > 0) lengths.unshift(choice[lengths[0]]);
  return lengths;
}
