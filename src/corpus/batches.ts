// Windows of a text for training, and the sizes that fit a text. Knows symbols only as numbers.
import { RnnError } from '../errors.ts';
import { hash32 } from '../random.ts';
import { type Cut, type Draws, countWindows, cutOf } from './cuts.ts';
import type { Tokens } from './store.ts';

/**
 * N windows of T+1 symbols, T being that of the window where lengths are drawn, side by side, time first: row t of stream n is at t·N + n.
 */
export interface Window {
  readonly inputs: Int32Array; // (T·N)
  /** What follows each input. */
  readonly targets: Int32Array; // (T·N)
  /** The streams start over: carried state must be zeroed. */
  readonly reset: boolean;
}

interface TrainingWindow extends Window {
  /** Follows from the seed and the place in the text alone: for dropout masks, which are then the same in a run that is resumed. */
  readonly key: number;
}

/** Separates the random numbers of resets from those of dropout, which follow from the same key. */
const RESETS = 0x7e5e7;
/** Further away, the start of the text is not worth the symbols between, which the stream reads twice. */
const MAX_STEPS_BACK = 256;
const NOTHING_DRAWN: Draws = { seed: 0, offset: false, length: false, reset: 0, isSymmetric: false };

/** Which window comes next. Plain data. */
export interface StreamPosition {
  readonly epoch: number;
  readonly window: number;
}

/**
 * N contiguous streams of one text, read in parallel, so that state can be carried from window to window: stream n starts at
 * n·⌊(length − 1)/N⌋. What is left at the end of each stream after its last whole window, fewer than T symbols, is not used; where
 * the place of the first window is drawn, what is left is as much, and is in part before it.
 *
 * Given a start symbol, a stream that starts from a zero state first goes back to the last start symbol, at most MAX_STEPS_BACK away, and
 * continues from there. So a zero state followed by the start symbol is what the model knows as the start of a text.
 */
export class Streams {
  readonly windowsPerEpoch: number;
  readonly #tokens: Tokens;
  readonly #batchSize: number;
  readonly #sequenceLength: number;
  readonly #stride: number;
  readonly #draws: Draws;
  readonly #startSymbol: number | null;
  #cut: { readonly epoch: number; readonly cut: Cut };
  #epoch = 0;
  #window = 0;
  /** How many symbols each stream (N) is behind its cut at a window. */
  #behind: { readonly epoch: number; readonly window: number; readonly stepsBack: Int32Array } | null = null;

  /**
   * @param startSymbol null for streams that start anywhere
   * @throws RangeError if not even one window fits; `fitSizes` refuses such sizes with a message for users
   */
  constructor(tokens: Tokens, batchSize: number, sequenceLength: number, draws: Draws = NOTHING_DRAWN, startSymbol: number | null = null) {
    this.#tokens = tokens;
    this.#batchSize = batchSize;
    this.#sequenceLength = sequenceLength;
    this.#stride = Math.floor((tokens.length - 1) / batchSize);
    this.#draws = draws;
    this.#startSymbol = startSymbol;
    this.windowsPerEpoch = countWindows(this.#stride, sequenceLength, draws);
    if (!(this.windowsPerEpoch >= 1)) {
      throw new RangeError(`${tokens.length} symbols hold no window of ${sequenceLength} steps in ${batchSize} streams`);
    }
    this.#cut = { epoch: 0, cut: cutOf(0, this.#stride, sequenceLength, draws) };
  }

  get position(): StreamPosition {
    return { epoch: this.#epoch, window: this.#window };
  }

  /** Goes on from a position taken earlier from streams of the same text and sizes. */
  seek({ epoch, window }: StreamPosition): void {
    if (!Number.isSafeInteger(epoch) || epoch < 0 || !Number.isInteger(window) || window < 0 || window >= this.windowsPerEpoch) {
      throw new RangeError(`no window ${window} of epoch ${epoch}: an epoch has ${this.windowsPerEpoch}`);
    }
    this.#epoch = epoch;
    this.#window = window;
  }

  /** Where the next window begins in each stream, and its length. */
  get #extent(): { readonly start: number; readonly steps: number } {
    if (this.#cut.epoch !== this.#epoch)
      this.#cut = { epoch: this.#epoch, cut: cutOf(this.#epoch, this.#stride, this.#sequenceLength, this.#draws) };
    const { cut } = this.#cut;
    const start = cut.startOf(this.#window);
    return { start, steps: cut.startOf(this.#window + 1) - start };
  }

  /** How many steps the next window has. */
  get nextSteps(): number {
    return this.#extent.steps;
  }

  /** The next window; after the last of an epoch comes the first of the next one. */
  next(): TrainingWindow {
    const N = this.#batchSize;
    const { start: first, steps: T } = this.#extent;
    const stepsBack = this.#stepsBack();
    const inputs = new Int32Array(T * N);
    const targets = new Int32Array(T * N);
    for (let n = 0; n < N; n++) {
      const start = n * this.#stride + first - stepsBack[n];
      for (let t = 0; t < T; t++) {
        inputs[t * N + n] = this.#tokens[start + t];
        targets[t * N + n] = this.#tokens[start + t + 1];
      }
    }
    const window = { inputs, targets, reset: this.#isReset(this.#window), key: this.#key(this.#window) };
    this.#window++;
    if (this.#window === this.windowsPerEpoch) {
      this.#epoch++;
      this.#window = 0;
    }
    return window;
  }

  #key(window: number): number {
    return hash32(hash32(this.#draws.seed) + this.#epoch * this.windowsPerEpoch + window);
  }

  #isReset(window: number): boolean {
    return window === 0 || hash32(this.#key(window) ^ RESETS) < this.#draws.reset * 2 ** 32;
  }

  /** How many symbols each stream (N) is behind its cut since it last started from a zero state. */
  #stepsBack(): Int32Array {
    const epoch = this.#epoch;
    const known = this.#behind?.epoch === epoch && this.#behind.window <= this.#window ? this.#behind : null;
    let window = this.#window;
    while (window > (known?.window ?? 0) && !this.#isReset(window)) window--;
    const stepsBack = window === known?.window ? known.stepsBack : this.#stepsBackAt(window);
    this.#behind = { epoch, window: this.#window, stepsBack };
    return stepsBack;
  }

  #stepsBackAt(window: number): Int32Array {
    const first = this.#cut.cut.startOf(window);
    return Int32Array.from({ length: this.#batchSize }, (_, n) => this.#stepsBackFrom(n * this.#stride + first));
  }

  #stepsBackFrom(at: number): number {
    if (this.#startSymbol === null) return 0;
    for (let back = 0; back <= Math.min(at, MAX_STEPS_BACK); back++) if (this.#tokens[at - back] === this.#startSymbol) return back;
    return 0;
  }
}

export interface Sizes {
  /** N, streams side by side. */
  readonly batchSize: number;
  /** T, steps in a window. */
  readonly sequenceLength: number;
}

/** An epoch should have at least this many windows where sizes can be chosen: state is then carried, not always zero. */
const WINDOWS_WANTED = 4;
/** Neither size is made smaller than this while the other is larger. */
const SMALL = 8;

/**
 * Sizes that a text of `trainLength` symbols can be trained with: those that are wanted, made smaller for a short text where the user did
 * not give them. First fewer streams, down to 8, then fewer steps, down to 8, then fewer of both.
 * @throws RnnError `corpus` if the text is too short for the sizes that were given, saying which would fit, or for any
 */
export function fitSizes(
  trainLength: number,
  wanted: Sizes,
  given: { readonly batchSize: boolean; readonly sequenceLength: boolean },
): Sizes {
  const targets = trainLength - 1;
  if (trainLength < 3) {
    throw new RnnError('corpus', `the text is too short to train on: ${trainLength} ${trainLength === 1 ? 'character' : 'characters'}`, {
      hint: 'it takes at least three; what --validation-fraction holds out does not count',
    });
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
  // A T that was made smaller anyway is made to divide the streams, so that hardly any symbol is left over.
  const steps = Math.floor(targets / N);
  const windows = Math.min(WINDOWS_WANTED, Math.floor(steps / T));
  if (T < wanted.sequenceLength) T = Math.min(wanted.sequenceLength, Math.floor(steps / windows));
  return { batchSize: N, sequenceLength: T };
}

function tooShort(trainLength: number, wanted: Sizes, given: { readonly batchSize: boolean; readonly sequenceLength: boolean }): RnnError {
  const flags = [
    given.batchSize ? `--batch-size ${wanted.batchSize}` : '',
    given.sequenceLength ? `--sequence-length ${wanted.sequenceLength}` : '',
  ].filter(Boolean);
  const least = (given.batchSize ? wanted.batchSize : 1) * (given.sequenceLength ? wanted.sequenceLength : 1) + 1;
  const fitting = fitSizes(trainLength, wanted, { batchSize: false, sequenceLength: false });
  return new RnnError(
    'corpus',
    `the text to train on has ${count(trainLength)} characters; ${flags.join(' with ')} needs at least ${count(least)}`,
    {
      options: ['--batch-size', '--sequence-length'],
      hint: `--batch-size ${fitting.batchSize} --sequence-length ${fitting.sequenceLength} would fit; without these flags sizes are chosen to fit`,
    },
  );
}

function count(value: number): string {
  return value.toLocaleString('en');
}
