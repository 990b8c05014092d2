// Windows of a text that is scored: every character but the first once. Knows tokens only as
// numbers.
import type { Window } from './batches.ts';
import type { Tokens } from './store.ts';

/** A target of this value counts nothing: its input is only read. */
export const NO_TARGET = -1;

/**
 * Characters that are read, and not scored, before a chunk from within a text: as far back as most
 * models see.
 */
const WARM_UP_CHARACTERS = 128;
/**
 * A text is split into chunks of at least this many characters, so that reading their warm-up costs
 * little.
 */
const MIN_CHUNK = 1000;
/**
 * About as long are the chunks of a sample: twice as long as a text has to be for a chunk, so that
 * few of them say much of the whole.
 */
const SAMPLED_CHUNK = 2000;

export interface EvaluationWindow extends Window {
  /** How many of the targets are scored. */
  readonly count: number;
  /**
   * Where in the text the first input of each row is; before its beginning where a start symbol is
   * read.
   */
  readonly starts: readonly number[];
}

/**
 * Places in the text: the first input that is read, the first input whose target is scored, and the
 * end.
 */
interface Row {
  readonly start: number;
  readonly scoredFrom: number;
  readonly end: number;
}

/** How many chunks of a text may be scored side by side. */
export function evaluationStreams(length: number, max: number): number {
  return Math.max(1, Math.min(max, Math.floor((length - 1) / MIN_CHUNK)));
}

/** How a text is split, and how much of it is scored. */
export interface EvaluationSplit {
  /** Rows of a window: chunks that are scored side by side. */
  readonly streams: number;
  /** T, steps of a window. */
  readonly sequenceLength: number;
  /** Null for rows that are scored from the zero state on. */
  readonly startSymbol?: number | null;
  /** Targets to score; all of them if there are no more. */
  readonly characters?: number;
}

/** Targets that are scored of a text of so many tokens. */
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
 * Windows in which each of a text's length − 1 targets is scored exactly once, or only those of a
 * sample.
 *
 * The targets are divided into `streams` contiguous chunks, one a row, the first chunks longer by
 * one. Each row starts from a zero state. With a start symbol, each row reads some input before it
 * is scored: the first row the start symbol, the other rows the text before their chunk. Inputs
 * after the end of a row are 0. A text of fewer than two tokens has no windows.
 *
 * A sample consists of chunks of equal length that begin at evenly spaced places of the text. The
 * rows score one chunk each, all from a zero state, then the next ones. Each chunk but one at the
 * beginning reads the text before it first, with or without a start symbol.
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
      const earliest = startSymbol === null ? 0 : -1; // the start symbol is before the beginning
      return { start: isWarmedUp ? Math.max(earliest, scoredFrom - WARM_UP_CHARACTERS) : scoredFrom, scoredFrom, end };
    });
    yield* windowsOf(tokens, rows, T, startSymbol);
  }
}

/** How a sample of about so many targets is split: into passes of a chunk for each row. */
function sampledChunks(characters: number, streams: number): { readonly passes: number; readonly chunk: number } {
  const passes = Math.max(1, Math.round(characters / (streams * SAMPLED_CHUNK)));
  return { passes, chunk: Math.max(1, Math.floor(characters / (streams * passes))) };
}

/** The windows of rows that all start from a zero state. */
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
    let count = 0;
    for (const [n, { start, scoredFrom, end }] of rows.entries()) {
      const steps = Math.min(T, end - start - first);
      for (let t = 0; t < steps; t++) {
        const at = start + first + t;
        inputs[t * streams + n] = at < 0 ? startSymbol! : tokens[at];
        if (at < scoredFrom) continue;
        targets[t * streams + n] = tokens[at + 1];
        count++;
      }
    }
    yield { inputs, targets, reset: first === 0, count, starts: rows.map(({ start }) => start + first) };
  }
}
