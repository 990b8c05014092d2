// Windows of a text for evaluation: they score every token except the first exactly once.
import type { Window } from './batches.ts';
import type { Tokens } from './store.ts';

/** A target with this value is not scored: the model only reads its input. */
export const NO_TARGET = -1;

/**
 * A chunk from within a text reads this many characters before it is scored. Most models do not
 * look back further.
 */
const WARM_UP_CHARACTERS = 128;
/** Minimum length of a chunk in characters, so that reading the warm-up costs little. */
const MIN_CHUNK = 1000;
/**
 * Approximate length of the chunks of a sample, in characters. Twice the text length per chunk, so
 * that a few chunks represent the whole text well.
 */
const SAMPLED_CHUNK = 2000;

/** A window whose targets may be NO_TARGET. */
export interface EvaluationWindow extends Window {
  /**
   * The position in the text of the first input of each row, or −1 for a start token before the
   * text.
   */
  readonly starts: readonly number[];
}

/**
 * Positions in the text: the first input to read, the first input whose target is scored, and the
 * end.
 */
interface Row {
  readonly start: number;
  readonly scoredFrom: number;
  readonly end: number;
}

/** How many chunks of a text to score in parallel. */
export function evaluationStreams(length: number, max: number): number {
  return Math.max(1, Math.min(max, Math.floor((length - 1) / MIN_CHUNK)));
}

/** How a text is split, and how much of it is scored. */
export interface EvaluationSplit {
  /** The rows of a window: chunks that are scored in parallel. */
  readonly streams: number;
  /** T, the time steps of a window. */
  readonly sequenceLength: number;
  /** Null if scoring starts at the zero state. */
  readonly startSymbol?: number | null;
  /** The number of targets to score, at most all of them. */
  readonly characters?: number;
}

/** The number of targets that are scored in a text of `length` tokens. */
export function scoredCharacters(
  length: number,
  { streams, characters = Infinity }: Pick<EvaluationSplit, 'streams' | 'characters'>,
): number {
  const total = Math.max(0, length - 1);
  if (characters >= total) return total;
  const { passes, chunk } = sampledChunks(characters, streams);
  return passes * streams * chunk;
}

/**
 * Yields windows that score each of the length − 1 targets of a text exactly once, or a sample of
 * them.
 *
 * The targets are divided into `streams` contiguous chunks, one for each row. If they do not divide
 * evenly, the first chunks are longer by one target. Each row starts from a zero state. With a
 * start token, each row reads some input before it is scored: the first row the start token, the
 * other rows the text before their chunk. Inputs after the end of a row are 0. A text of fewer than
 * two tokens has no windows.
 *
 * A sample consists of chunks of equal length that begin at evenly spaced positions of the text.
 * The rows score one chunk each, all from a zero state, then the next ones. Each chunk, except one
 * at the beginning of the text, first reads the text before it, with or without a start token.
 */
export function* evaluationWindows(
  tokens: Tokens,
  { streams, sequenceLength: T, startSymbol = null, characters = Infinity }: EvaluationSplit,
): Generator<EvaluationWindow> {
  const total = Math.max(0, tokens.length - 1);
  const isSample = characters < total;
  const { passes, chunk } = isSample ? sampledChunks(characters, streams) : { passes: 1, chunk: 0 };
  const boundary = (row: number): number => row * Math.floor(total / streams) + Math.min(row, total % streams);
  for (let pass = 0; pass < passes; pass++) {
    const rows = Array.from({ length: streams }, (_, row): Row => {
      const scoredFrom = isSample ? Math.floor(((row * passes + pass) * total) / (passes * streams)) : boundary(row);
      const end = isSample ? scoredFrom + chunk : boundary(row + 1);
      const isWarmedUp = scoredFrom < end && (isSample || startSymbol !== null);
      const earliest = startSymbol === null ? 0 : -1; // the start token is before the beginning
      return { start: isWarmedUp ? Math.max(earliest, scoredFrom - WARM_UP_CHARACTERS) : scoredFrom, scoredFrom, end };
    });
    yield* windowsOf(tokens, rows, T, startSymbol);
  }
}

/**
 * How to split a sample of about `characters` targets: in each pass, every row scores one chunk.
 */
function sampledChunks(characters: number, streams: number): { readonly passes: number; readonly chunk: number } {
  const passes = Math.max(1, Math.round(characters / (streams * SAMPLED_CHUNK)));
  return { passes, chunk: Math.max(1, Math.floor(characters / (streams * passes))) };
}

/** Windows of rows that all start from a zero state. */
function* windowsOf(
  tokens: Tokens,
  rows: readonly Row[],
  T: number,
  startSymbol: number | null,
): Generator<EvaluationWindow> {
  const streams = rows.length;
  const longest = Math.max(...rows.map(({ start, end }) => end - start));
  for (let first = 0; first < longest; first += T) {
    const inputs = new Int32Array(T * streams);
    const targets = new Int32Array(T * streams).fill(NO_TARGET);
    let scored = 0;
    for (const [n, { start, scoredFrom, end }] of rows.entries()) {
      const steps = Math.min(T, end - start - first);
      for (let t = 0; t < steps; t++) {
        const at = start + first + t;
        inputs[t * streams + n] = at < 0 ? startSymbol! : tokens[at];
        if (at < scoredFrom) continue;
        targets[t * streams + n] = tokens[at + 1];
        scored++;
      }
    }
    yield { inputs, targets, reset: first === 0, scored, starts: rows.map(({ start }) => start + first) };
  }
}
