// Windows of a text that is scored: every character but the first once. Knows tokens only as numbers.
import type { Window } from './batches.ts';
import type { Tokens } from './store.ts';

/** A target of this value counts nothing: its input is only read. */
export const NO_TARGET = -1;

/** Characters that a chunk from within a text is given of what precedes it: as far back as most models see. */
const WARM_UP_CHARACTERS = 128;
/** A text is split into chunks of at least this many characters, so that reading their warm-up costs little. */
const MIN_CHUNK = 1000;

export interface EvaluationWindow extends Window {
  /** How many of the targets are scored. */
  readonly count: number;
  /** Where in the text the first input of each row is; before its beginning where a start symbol is read. */
  readonly starts: readonly number[];
}

/** How many chunks of a text may be scored side by side. */
export function evaluationStreams(length: number, max: number): number {
  return Math.max(1, Math.min(max, Math.floor((length - 1) / MIN_CHUNK)));
}

/**
 * Windows in which each of a text's length − 1 targets is scored exactly once. The targets are shared out to `streams` contiguous chunks,
 * one a row, the first ones longer by one. Each row starts from a zero state and, with a start symbol, reads something before it is
 * scored: the first row that symbol, the others what precedes their chunk in the text. Inputs after the end of a row are 0. A text of fewer
 * than two tokens has no windows.
 *
 * @param T steps of a window
 * @param startSymbol null for rows that are scored from the zero state on
 */
export function* evaluationWindows(
  tokens: Tokens,
  streams: number,
  T: number,
  startSymbol: number | null = null,
): Generator<EvaluationWindow> {
  const { rows, longest } = rowsOf(tokens.length, streams, startSymbol);
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

/** How many windows `evaluationWindows` gives for a text of so many tokens. */
export function countEvaluationWindows(length: number, streams: number, T: number, startSymbol: number | null = null): number {
  return Math.ceil(rowsOf(length, streams, startSymbol).longest / T);
}

/** Places of inputs in the text: the first that is read, the first whose target is scored, and the one after the last. */
interface Row {
  readonly start: number;
  readonly scoredFrom: number;
  readonly end: number;
}

function rowsOf(length: number, streams: number, startSymbol: number | null): { readonly rows: readonly Row[]; readonly longest: number } {
  const total = Math.max(0, length - 1);
  const rows = Array.from({ length: streams }, (_, row) => rowOf(row, total, streams, startSymbol));
  return { rows, longest: Math.max(...rows.map(({ start, end }) => end - start)) };
}

function rowOf(row: number, total: number, streams: number, startSymbol: number | null): Row {
  const boundary = (index: number): number => index * Math.floor(total / streams) + Math.min(index, total % streams);
  const scoredFrom = boundary(row);
  const end = boundary(row + 1);
  if (startSymbol === null || scoredFrom === end) return { start: scoredFrom, scoredFrom, end };
  return { start: Math.max(-1, scoredFrom - (row === 0 ? 1 : WARM_UP_CHARACTERS)), scoredFrom, end };
}
