// Batches of records for training and evaluation: each row of a window reads one record, from a
// zero state.
import { hash32 } from '../random.ts';
import {
  type BatchSource,
  type StreamPosition,
  type TrainingWindow,
  type WindowSizes,
  checkPosition,
  positionAfter,
  windowKey,
} from './batches.ts';
import { type EvaluationWindow, NO_TARGET } from './evaluation-windows.ts';
import { permutationOf } from './permutation.ts';
import {
  SortedRecords,
  type StoredRecords,
  chooseLengths,
  forEachRecord,
  learntFrom,
  windowCount,
  windowSteps,
} from './records.ts';

/** Separates the random order of records from the random order of groups. */
const RECORDS = 0x4ec0;
const GROUPS = 0x6409;

/** The dimensions of the windows of records. */
export interface RecordWindowSizes {
  /** N, the records of a window. */
  readonly batchSize: number;
  /** The time steps that a window may have, ascending. */
  readonly lengths: readonly number[];
}

/**
 * Groups of N records of similar length. A group takes one window if its longest record fits.
 * Otherwise it takes several, which carry the state. Shorter records of a group are padded with
 * targets that are not scored.
 */
class RecordGroups {
  readonly records: SortedRecords;
  readonly count: number;
  readonly #stored: StoredRecords;
  readonly #sizes: RecordWindowSizes;

  constructor(stored: StoredRecords, sizes: RecordWindowSizes) {
    this.#stored = stored;
    this.#sizes = sizes;
    this.records = new SortedRecords(stored, sizes.lengths);
    this.count = Math.ceil(this.records.count / sizes.batchSize);
  }

  /** The number of windows of a group. */
  windowsOf(group: number): number {
    return windowCount(this.#stepsOf(group), this.#sizes.lengths);
  }

  /** The time steps of a window of a group. */
  stepsOf(group: number, window: number): number {
    return windowSteps(this.#stepsOf(group), window, this.#sizes.lengths);
  }

  /** @param placeOf where the record is that is read at each place */
  windowOf(group: number, window: number, placeOf: (place: number) => number): EvaluationWindow {
    const N = this.#sizes.batchSize;
    const T = this.stepsOf(group, window);
    const read = window * this.#sizes.lengths.at(-1)!;
    const inputs = new Int32Array(T * N).fill(this.#stored.end);
    const targets = new Int32Array(T * N).fill(NO_TARGET);
    const starts = new Array<number>(N).fill(0);
    const [first, last] = this.#placesOf(group);
    let scored = 0;
    for (let n = 0; n < last - first; n++) {
      const start = this.records.startAt(placeOf(first + n));
      starts[n] = start + read - 1;
      scored += this.#fillRow({ inputs, targets }, { n, N, T }, start, read);
    }
    return { inputs, targets, reset: window === 0, scored, starts };
  }

  /**
   * Writes the time steps of a record from `read` on.
   *
   * @returns the number of targets that are scored
   */
  #fillRow(
    { inputs, targets }: Pick<EvaluationWindow, 'inputs' | 'targets'>,
    { n, N, T }: { readonly n: number; readonly N: number; readonly T: number },
    start: number,
    read: number,
  ): number {
    const { tokens, end } = this.#stored;
    // A shorter record of the group may have ended in an earlier window.
    if (tokens.subarray(start, start + read).includes(end)) return 0;
    const firstLearnt = learntFrom(this.#stored, start);
    let scored = 0;
    for (let t = 0; t < T; t++) {
      const at = start + read + t;
      inputs[t * N + n] = tokens[at - 1];
      if (at >= firstLearnt) {
        targets[t * N + n] = tokens[at];
        scored++;
      }
      if (tokens[at] === end) break;
    }
    return scored;
  }

  /** The time steps of all windows of a group, enough for its longest record. */
  #stepsOf(group: number): number {
    return this.records.stepsAt(this.#placesOf(group)[1] - 1);
  }

  /** From the first to after the last place. The group of the shortest records may be incomplete. */
  #placesOf(group: number): readonly [number, number] {
    const N = this.#sizes.batchSize;
    const last = this.records.count - (this.count - 1 - group) * N;
    return [Math.max(0, last - N), last];
  }
}

const inOrder = (index: number): number => index;

/**
 * Records in a new order in each epoch: records of similar length are shuffled among each other,
 * and so are the groups. The number of windows is the same in each epoch, and the order follows
 * from the seed and the epoch, so two numbers are a position.
 */
export class RecordBatches implements BatchSource {
  readonly windowsPerEpoch: number;
  /** The mean number of targets that a window scores. */
  readonly meanScored: number;
  readonly #groups: RecordGroups;
  readonly #seed: number;
  #epoch = 0;
  #window = 0;
  #groupAt = inOrder;
  #placeOf = inOrder;
  /** The number of windows up to the end of each group, in the order of the epoch. */
  readonly #ends: Uint32Array;

  constructor(stored: StoredRecords, { seed, ...sizes }: RecordWindowSizes & { readonly seed: number }) {
    this.#groups = new RecordGroups(stored, sizes);
    this.#seed = seed;
    this.#ends = new Uint32Array(this.#groups.count);
    this.#shuffle(0);
    this.windowsPerEpoch = this.#ends.at(-1) ?? 0;
    this.meanScored = this.#groups.records.scored / this.windowsPerEpoch;
  }

  get position(): StreamPosition {
    return { epoch: this.#epoch, window: this.#window };
  }

  seek({ epoch, window }: StreamPosition): void {
    checkPosition({ epoch, window }, this.windowsPerEpoch);
    if (epoch !== this.#epoch) this.#shuffle(epoch);
    this.#epoch = epoch;
    this.#window = window;
  }

  get nextSteps(): number {
    return this.#groups.stepsOf(...this.#next());
  }

  next(): TrainingWindow {
    const key = windowKey(this.#seed, this.position, this.windowsPerEpoch);
    const window = this.#groups.windowOf(...this.#next(), this.#placeOf);
    this.seek(positionAfter(this.position, this.windowsPerEpoch));
    return { ...window, key };
  }

  /** The group of the next window, and the index of the window in its group. */
  #next(): readonly [number, number] {
    let [low, high] = [0, this.#ends.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle] > this.#window) high = middle;
      else low = middle + 1;
    }
    return [this.#groupAt(low), this.#window - (low === 0 ? 0 : this.#ends[low - 1])];
  }

  #shuffle(epoch: number): void {
    const key = hash32(hash32(this.#seed) + epoch);
    this.#groupAt = permutationOf(this.#groups.count, key ^ GROUPS);
    this.#placeOf = this.#groups.records.shuffleOf(key ^ RECORDS);
    let windows = 0;
    for (let index = 0; index < this.#ends.length; index++)
      this.#ends[index] = windows += this.#groups.windowsOf(this.#groupAt(index));
  }
}

/**
 * Yields windows that score each record once, from short to long records, or a sample of them.
 *
 * @param characters targets to score, approximately. By default all
 */
export function* recordWindows(
  stored: StoredRecords,
  sizes: RecordWindowSizes,
  characters = Infinity,
): Generator<EvaluationWindow> {
  const groups = new RecordGroups(stored, sizes);
  const fraction = Math.min(1, characters / groups.records.scored);
  const scored = Math.max(1, Math.round(fraction * groups.count));
  for (let index = 0; index < scored; index++) {
    const group = Math.floor(((index + 0.5) * groups.count) / scored);
    for (let window = 0; window < groups.windowsOf(group); window++) yield groups.windowOf(group, window, inOrder);
  }
}

/** Bounds of the default batch size. */
const RECORDS_PER_WINDOW = { min: 8, max: 256 };
/** The default batch size gives an epoch at least this many windows, if the list is long enough. */
const WINDOWS_PER_EPOCH = 50;
/** The default batch size gives a window about this many tokens. */
const TOKENS_PER_WINDOW = 1024;
/** The default time steps of the longest window. A longer record takes several windows. */
const MAX_STEPS = 64;

/**
 * Returns sizes that fit records. The longest window has the time steps of the longest record, up
 * to a limit. The batch size is a power of two.
 *
 * @param wanted the sizes that the user gave
 * @param given which of them the user gave
 */
export function fitRecords(
  stored: StoredRecords,
  wanted: WindowSizes,
  given: Readonly<Record<keyof WindowSizes, boolean>>,
): WindowSizes {
  let [longest, tokens, count] = [0, 0, 0];
  forEachRecord(stored, (_, steps, weight) => {
    longest = Math.max(longest, steps);
    tokens += steps * weight;
    count += weight;
  });
  const sequenceLength = Math.min(longest, given.sequenceLength ? wanted.sequenceLength : MAX_STEPS);
  const perWindow = Math.min(tokens / count, sequenceLength);
  const fitting = powerOfTwo(TOKENS_PER_WINDOW / perWindow);
  const batchSize = given.batchSize
    ? wanted.batchSize
    : Math.max(
        RECORDS_PER_WINDOW.min,
        Math.min(RECORDS_PER_WINDOW.max, fitting, powerOfTwo(count / WINDOWS_PER_EPOCH)),
      );
  return { batchSize: Math.min(batchSize, count), sequenceLength };
}

const powerOfTwo = (number: number): number => 2 ** Math.round(Math.log2(number));

/** The number of windows of an epoch of records. */
export function windowsOfRecords(stored: StoredRecords, { batchSize, sequenceLength }: WindowSizes): number {
  return new RecordBatches(stored, { batchSize, lengths: chooseLengths(stored, sequenceLength), seed: 0 })
    .windowsPerEpoch;
}
