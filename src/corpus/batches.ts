// Batches of a text for training, and sizes that fit the length of the text.
import { count, countOf } from '../count.ts';
import { type RnnError, corpusError } from '../errors.ts';
import { hash32 } from '../random.ts';
import { type WindowStarts, type WindowDraws, countWindows, windowStartsOf } from './window-starts.ts';
import type { Tokens } from './store.ts';
import { asTyped, flagOf } from '../options/flags.ts';

/**
 * N windows of T + 1 tokens each, time first: time step t of batch row n is at index t·N + n. T
 * varies between windows if lengths are random.
 */
export interface Window {
  readonly inputs: Int32Array; // (T·N)
  /** The token that follows each input. */
  readonly targets: Int32Array; // (T·N)
  /** All batch rows start over: the caller must zero the carried state. */
  readonly reset: boolean;
  /** The number of targets that are scored. */
  readonly scored: number;
}

export interface TrainingWindow extends Window {
  /**
   * Depends only on the seed and the position in the text. Dropout masks are derived from it, so a
   * resumed run uses the same masks.
   */
  readonly key: number;
}

/**
 * Separates the random numbers of resets from the random numbers of dropout, which use the same
 * key.
 */
const RESETS = 0x7e5e7;
/**
 * A batch row starts at most this many tokens early to reach a start token, because it reads these
 * tokens twice.
 */
const MAX_STEPS_BACK = 256;
const NOTHING_DRAWN: WindowDraws = { seed: 0, offset: false, length: false, reset: 0, isSymmetric: false };

/** Identifies the next window. Plain data. */
export interface StreamPosition {
  readonly epoch: number;
  readonly window: number;
}

/** @throws RangeError if an epoch has no such window */
export function checkPosition({ epoch, window }: StreamPosition, windowsPerEpoch: number): void {
  if (Number.isSafeInteger(epoch) && epoch >= 0 && Number.isInteger(window) && window >= 0 && window < windowsPerEpoch)
    return;
  throw new RangeError(`window is ${window} in epoch ${epoch}: expected 0 to ${windowsPerEpoch - 1}`);
}

/** The position of the window after this one. */
export const positionAfter = ({ epoch, window }: StreamPosition, windowsPerEpoch: number): StreamPosition =>
  window + 1 === windowsPerEpoch ? { epoch: epoch + 1, window: 0 } : { epoch, window: window + 1 };

/** The key of a window, from which its dropout masks are derived. */
export const windowKey = (seed: number, { epoch, window }: StreamPosition, windowsPerEpoch: number): number =>
  hash32(hash32(seed) + epoch * windowsPerEpoch + window);

/** Supplies the windows of a text, epoch after epoch. */
export interface BatchSource {
  readonly windowsPerEpoch: number;
  /** Identifies the next window. */
  readonly position: StreamPosition;
  /**
   * Continues from an earlier position of the same text and sizes.
   *
   * @throws RangeError if an epoch has no such window
   */
  seek(position: StreamPosition): void;
  /** The number of time steps of the next window. */
  readonly nextSteps: number;
  next(): TrainingWindow;
}

/**
 * N parallel sequences of one text, one for each batch row, so that state carries over from window
 * to window. The sequence of row n starts at n·⌊(length − 1)/N⌋. The end of each sequence after its
 * last whole window, fewer than T tokens, is not used. With a random offset the same number of
 * tokens is unused, and some of them are before the first window.
 *
 * If there is a start token, a row that starts from a zero state first moves back to the last start
 * token, at most MAX_STEPS_BACK tokens away. This way the model learns that a zero state followed
 * by the start token is the start of a text.
 */
export class Streams implements BatchSource {
  readonly windowsPerEpoch: number;
  readonly #tokens: Tokens;
  readonly #batchSize: number;
  readonly #sequenceLength: number;
  readonly #stride: number;
  readonly #draws: WindowDraws;
  readonly #startSymbol: number | null;
  #epoch = 0;
  #window = 0;
  /** The window boundaries of the current epoch. */
  #windowStarts: WindowStarts;

  /**
   * @param startSymbol null if rows may start at any token
   * @throws RangeError if no window fits. `fitSizes` refuses such sizes with a message for users
   */
  constructor(
    tokens: Tokens,
    batchSize: number,
    sequenceLength: number,
    draws: WindowDraws = NOTHING_DRAWN,
    startSymbol: number | null = null,
  ) {
    this.#tokens = tokens;
    this.#batchSize = batchSize;
    this.#sequenceLength = sequenceLength;
    this.#stride = Math.floor((tokens.length - 1) / batchSize);
    this.#draws = draws;
    this.#startSymbol = startSymbol;
    this.windowsPerEpoch = countWindows(this.#stride, sequenceLength, draws);
    if (!(this.windowsPerEpoch >= 1)) {
      throw new RangeError(
        `${tokens.length} tokens are too few for ${batchSize} batch rows of ${sequenceLength} time steps`,
      );
    }
    this.#windowStarts = windowStartsOf(0, this.#stride, sequenceLength, draws);
  }

  get position(): StreamPosition {
    return { epoch: this.#epoch, window: this.#window };
  }

  /** Continues from an earlier position in the same text, with the same sizes. */
  seek({ epoch, window }: StreamPosition): void {
    checkPosition({ epoch, window }, this.windowsPerEpoch);
    if (epoch !== this.#epoch)
      this.#windowStarts = windowStartsOf(epoch, this.#stride, this.#sequenceLength, this.#draws);
    this.#epoch = epoch;
    this.#window = window;
  }

  /** The number of time steps of the next window. */
  get nextSteps(): number {
    return this.#windowStarts(this.#window + 1) - this.#windowStarts(this.#window);
  }

  /**
   * Returns the next window. The first window of an epoch follows the last window of the epoch
   * before.
   */
  next(): TrainingWindow {
    const N = this.#batchSize;
    const T = this.nextSteps;
    const first = this.#windowStarts(this.#window);
    const lastReset = this.#windowStarts(this.#lastReset());
    const inputs = new Int32Array(T * N);
    const targets = new Int32Array(T * N);
    for (let n = 0; n < N; n++) {
      const start = n * this.#stride + first - this.#stepsBack(n * this.#stride + lastReset);
      for (let t = 0; t < T; t++) {
        inputs[t * N + n] = this.#tokens[start + t];
        targets[t * N + n] = this.#tokens[start + t + 1];
      }
    }
    const [reset, key] = [this.#isReset(this.#window), this.#key(this.#window)];
    const window = { inputs, targets, reset, key, scored: T * N };
    this.seek(positionAfter(this.position, this.windowsPerEpoch));
    return window;
  }

  #key(window: number): number {
    return windowKey(this.#draws.seed, { epoch: this.#epoch, window }, this.windowsPerEpoch);
  }

  #isReset(window: number): boolean {
    return window === 0 || hash32(this.#key(window) ^ RESETS) < this.#draws.reset * 2 ** 32;
  }

  /** The last window that started from a zero state. */
  #lastReset(): number {
    let window = this.#draws.reset === 0 ? 0 : this.#window;
    while (!this.#isReset(window)) window--;
    return window;
  }

  /** How many tokens before `place` a stream starts if its state is zero there. */
  #stepsBack(place: number): number {
    if (this.#startSymbol === null) return 0;
    for (let back = 0; back <= Math.min(place, MAX_STEPS_BACK); back++)
      if (this.#tokens[place - back] === this.#startSymbol) return back;
    return 0;
  }
}

/** The dimensions of a batch. */
export interface WindowSizes {
  /** N, the number of batch rows. */
  readonly batchSize: number;
  /** T, the time steps of a window. */
  readonly sequenceLength: number;
}

/**
 * An epoch should have at least this many windows. With a single window, every window starts from a
 * zero state.
 */
const DESIRED_WINDOWS = 4;
/** Neither size shrinks below this value while the other one is larger. */
const MIN_COMFORTABLE_SIZE = 8;

/**
 * Returns sizes that fit a text of `trainLength` tokens: the wanted sizes, made smaller for a short
 * text unless the user gave them. N shrinks first, down to 8, then T, down to 8, then both.
 * @throws RnnError `corpus` if the text is too short for any sizes, or for the given sizes (the
 * hint then names sizes that fit)
 */
export function fitSizes(
  trainLength: number,
  sizes: WindowSizes,
  given: Readonly<Record<keyof WindowSizes, boolean>>,
): WindowSizes {
  const targets = trainLength - 1;
  if (trainLength < 3) {
    throw corpusError(
      `the text to train on has ${countOf(trainLength, 'character', 'characters')}: expected at least 3`,
      `use a longer text, or lower ${flagOf('validationFraction')}`,
    );
  }
  let { batchSize: N, sequenceLength: T } = sizes;
  const budget = Math.floor(targets / DESIRED_WINDOWS); // tokens in a window, over all batch rows
  const shrinkN = (minRows: number) => {
    if (!given.batchSize) N = Math.min(N, Math.max(minRows, Math.floor(budget / T)));
  };
  const shrinkT = (minSteps: number) => {
    if (!given.sequenceLength) T = Math.min(T, Math.max(minSteps, Math.floor(budget / N)));
  };
  shrinkN(MIN_COMFORTABLE_SIZE);
  shrinkT(MIN_COMFORTABLE_SIZE);
  shrinkN(1);
  // The shortest texts get fewer windows.
  if (!given.sequenceLength && N * T > targets) T = Math.max(1, Math.floor(targets / N));
  if (!given.batchSize && N * T > targets) N = Math.max(1, Math.floor(targets / T));
  if (N * T > targets) throw tooShortError(trainLength, sizes, given);
  // If T has shrunk anyway, choose a T that divides the sequences, so that hardly any token is
  // left over.
  const steps = Math.floor(targets / N);
  const windows = Math.min(DESIRED_WINDOWS, Math.floor(steps / T));
  if (T < sizes.sequenceLength) T = Math.min(sizes.sequenceLength, Math.floor(steps / windows));
  return { batchSize: N, sequenceLength: T };
}

function tooShortError(
  trainLength: number,
  sizes: WindowSizes,
  given: Readonly<Record<keyof WindowSizes, boolean>>,
): RnnError {
  const flags = asTyped({
    batchSize: given.batchSize ? sizes.batchSize : null,
    sequenceLength: given.sequenceLength ? sizes.sequenceLength : null,
  });
  const minCharacters = (given.batchSize ? sizes.batchSize : 1) * (given.sequenceLength ? sizes.sequenceLength : 1) + 1;
  const fitting = fitSizes(trainLength, sizes, { batchSize: false, sequenceLength: false });
  return corpusError(
    `the text to train on has ${count(trainLength)} characters: expected at least ${count(minCharacters)} for ${flags.join(' with ')}`,
    `use ${asTyped(fitting).join(' ')}, or omit these flags to let rnn choose sizes that fit`,
    { options: [flagOf('batchSize'), flagOf('sequenceLength')] },
  );
}
