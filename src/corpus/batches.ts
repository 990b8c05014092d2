// Windows of a text for training, and the sizes that fit a text. Knows symbols only as numbers.
import { count, countOf } from '../count.ts';
import { type RnnError, corpusError } from '../errors.ts';
import { hash32 } from '../random.ts';
import { type Cut, type Draws, countWindows, cutOf } from './cuts.ts';
import type { Tokens } from './store.ts';
import { asTyped, flagOf } from '../options/flags.ts';

/**
 * N windows of T+1 symbols, T being that of the window where lengths are drawn, side by side, time
 * first: row t of stream n is at t·N + n.
 */
export interface Window {
  readonly inputs: Int32Array; // (T·N)
  /** The token after each input. */
  readonly targets: Int32Array; // (T·N)
  /** The streams start over: carried state must be zeroed. */
  readonly reset: boolean;
}

interface TrainingWindow extends Window {
  /**
   * Follows from the seed and the place in the text alone: for dropout masks, which are then the
   * same in a run that is resumed.
   */
  readonly key: number;
}

/** Separates the random numbers of resets from those of dropout, which follow from the same key. */
const RESETS = 0x7e5e7;
/**
 * Further away, the start of the text is not worth the symbols between, which the stream reads
 * twice.
 */
const MAX_STEPS_BACK = 256;
const NOTHING_DRAWN: Draws = { seed: 0, offset: false, length: false, reset: 0, isSymmetric: false };

/** Which window comes next. Plain data. */
export interface StreamPosition {
  readonly epoch: number;
  readonly window: number;
}

/**
 * N contiguous streams of one text, read in parallel, so that state is carried from window to
 * window. Stream n starts at n·⌊(length − 1)/N⌋. The end of each stream after its last whole
 * window, fewer than T tokens, is not used. If the place of the first window is drawn, the unused
 * tokens are as many, and some of them are before it.
 *
 * Given a start symbol, a stream that starts from a zero state first goes back to the last start
 * symbol, at most MAX_STEPS_BACK away, and continues from there. So the model learns a zero state
 * followed by the start symbol as the start of a text.
 */
export class Streams {
  readonly windowsPerEpoch: number;
  readonly #tokens: Tokens;
  readonly #batchSize: number;
  readonly #sequenceLength: number;
  readonly #stride: number;
  readonly #draws: Draws;
  readonly #startSymbol: number | null;
  #epoch = 0;
  #window = 0;
  /** How the epoch is cut. */
  #cut: Cut;

  /**
   * @param startSymbol null for streams that start anywhere
   * @throws RangeError if not even one window fits; `fitSizes` refuses such sizes with a message
   * for users
   */
  constructor(
    tokens: Tokens,
    batchSize: number,
    sequenceLength: number,
    draws: Draws = NOTHING_DRAWN,
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
        `${tokens.length} symbols hold no window of ${sequenceLength} steps in ${batchSize} streams`,
      );
    }
    this.#cut = cutOf(0, this.#stride, sequenceLength, draws);
  }

  get position(): StreamPosition {
    return { epoch: this.#epoch, window: this.#window };
  }

  /** Continues from a position taken earlier from streams of the same text and sizes. */
  seek({ epoch, window }: StreamPosition): void {
    if (
      !Number.isSafeInteger(epoch) ||
      epoch < 0 ||
      !Number.isInteger(window) ||
      window < 0 ||
      window >= this.windowsPerEpoch
    ) {
      throw new RangeError(`no window ${window} of epoch ${epoch}: an epoch has ${this.windowsPerEpoch}`);
    }
    if (epoch !== this.#epoch) this.#cut = cutOf(epoch, this.#stride, this.#sequenceLength, this.#draws);
    this.#epoch = epoch;
    this.#window = window;
  }

  /** How many steps the next window has. */
  get nextSteps(): number {
    return this.#cut(this.#window + 1) - this.#cut(this.#window);
  }

  /** The next window; after the last of an epoch comes the first of the next one. */
  next(): TrainingWindow {
    const N = this.#batchSize;
    const T = this.nextSteps;
    const first = this.#cut(this.#window);
    const lastReset = this.#cut(this.#lastReset());
    const inputs = new Int32Array(T * N);
    const targets = new Int32Array(T * N);
    for (let n = 0; n < N; n++) {
      const start = n * this.#stride + first - this.#stepsBack(n * this.#stride + lastReset);
      for (let t = 0; t < T; t++) {
        inputs[t * N + n] = this.#tokens[start + t];
        targets[t * N + n] = this.#tokens[start + t + 1];
      }
    }
    const window = { inputs, targets, reset: this.#isReset(this.#window), key: this.#key(this.#window) };
    const isLast = this.#window + 1 === this.windowsPerEpoch;
    this.seek(isLast ? { epoch: this.#epoch + 1, window: 0 } : { epoch: this.#epoch, window: this.#window + 1 });
    return window;
  }

  #key(window: number): number {
    return hash32(hash32(this.#draws.seed) + this.#epoch * this.windowsPerEpoch + window);
  }

  #isReset(window: number): boolean {
    return window === 0 || hash32(this.#key(window) ^ RESETS) < this.#draws.reset * 2 ** 32;
  }

  /** The window at which the streams last started from a zero state. */
  #lastReset(): number {
    let window = this.#draws.reset === 0 ? 0 : this.#window;
    while (!this.#isReset(window)) window--;
    return window;
  }

  /** How many symbols before this place a stream starts that starts from a zero state there. */
  #stepsBack(place: number): number {
    if (this.#startSymbol === null) return 0;
    for (let back = 0; back <= Math.min(place, MAX_STEPS_BACK); back++)
      if (this.#tokens[place - back] === this.#startSymbol) return back;
    return 0;
  }
}

export interface Sizes {
  /** N, streams side by side. */
  readonly batchSize: number;
  /** T, steps in a window. */
  readonly sequenceLength: number;
}

/**
 * An epoch should have at least this many windows where sizes can be chosen: state is then carried,
 * not always zero.
 */
const WINDOWS_WANTED = 4;
/** Neither size is made smaller than this while the other is larger. */
const SMALL = 8;

/**
 * Sizes that fit a text of `trainLength` tokens: the wanted sizes, made smaller for a short text
 * unless the user gave them. First fewer streams, down to 8, then fewer steps, down to 8, then
 * fewer of both.
 * @throws RnnError `corpus` if the text is too short for the sizes that were given, saying which
 * would fit, or for any
 */
export function fitSizes(trainLength: number, wanted: Sizes, given: Readonly<Record<keyof Sizes, boolean>>): Sizes {
  const targets = trainLength - 1;
  if (trainLength < 3) {
    throw corpusError(
      `the text is too short to train on: ${countOf(trainLength, 'character', 'characters')}`,
      `it takes at least three; what ${flagOf('validationFraction')} holds out does not count`,
    );
  }
  let { batchSize: N, sequenceLength: T } = wanted;
  const budget = Math.floor(targets / WINDOWS_WANTED); // symbols in a window, over all streams
  const shrinkN = (least: number) => {
    if (!given.batchSize) N = Math.min(N, Math.max(least, Math.floor(budget / T)));
  };
  const shrinkT = (least: number) => {
    if (!given.sequenceLength) T = Math.min(T, Math.max(least, Math.floor(budget / N)));
  };
  shrinkN(SMALL);
  shrinkT(SMALL);
  shrinkN(1);
  // For the tiniest texts fewer windows must do.
  if (!given.sequenceLength && N * T > targets) T = Math.max(1, Math.floor(targets / N));
  if (!given.batchSize && N * T > targets) N = Math.max(1, Math.floor(targets / T));
  if (N * T > targets) throw tooShort(trainLength, wanted, given);
  // A T that was made smaller anyway is made to divide the streams, so that hardly any symbol is
  // left over.
  const steps = Math.floor(targets / N);
  const windows = Math.min(WINDOWS_WANTED, Math.floor(steps / T));
  if (T < wanted.sequenceLength) T = Math.min(wanted.sequenceLength, Math.floor(steps / windows));
  return { batchSize: N, sequenceLength: T };
}

function tooShort(trainLength: number, wanted: Sizes, given: Readonly<Record<keyof Sizes, boolean>>): RnnError {
  const flags = asTyped({
    batchSize: given.batchSize ? wanted.batchSize : null,
    sequenceLength: given.sequenceLength ? wanted.sequenceLength : null,
  });
  const least = (given.batchSize ? wanted.batchSize : 1) * (given.sequenceLength ? wanted.sequenceLength : 1) + 1;
  const fitting = fitSizes(trainLength, wanted, { batchSize: false, sequenceLength: false });
  return corpusError(
    `the text to train on has ${count(trainLength)} characters; ${flags.join(' with ')} needs at least ${count(least)}`,
    `${asTyped(fitting).join(' ')} would fit; without these flags sizes are chosen to fit`,
    { options: [flagOf('batchSize'), flagOf('sequenceLength')] },
  );
}
