// Scores lines one by one, each from a zero state. Lines of similar length share the windows of a
// batch.
import { type RecordWindowSizes, recordWindows } from '../corpus/record-batches.ts';
import { chooseLengths } from '../corpus/records.ts';
import type { EvaluationWindow } from '../corpus/evaluation-windows.ts';
import type { Device, Executable, Job } from '../devices/device.ts';
import { networkProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { parameterVector } from '../runs/store.ts';
import { type BareModel, evaluateWindows } from './evaluate.ts';
import type { LineTokens } from './line-tokens.ts';
import { surprisalNats } from './surprisal.ts';

/** Rows of a batch: few for lines that arrive one by one, and many for a file. */
const FEW = 4;
const MANY = 64;
/** Time steps of the longest window. A longer line takes several windows. */
const MAX_STEPS = 64;
/** With few rows, compiling further lengths takes longer than they save. */
const LENGTHS_OF_FEW: readonly number[] = [16, MAX_STEPS];
/** More lengths take longer to compile than they save. */
const MAX_LENGTHS = 5;
/** A batch of many rows takes about as long as this many batches of few rows. */
const FEW_PER_MANY = 4;

/**
 * The surprisal in bits of a character for which the model does not have any token: as if it were
 * drawn uniformly from all code points of Unicode.
 */
export const UNLISTED_BITS = Math.log2(0x110000);

/** Characters of a stretch. */
const STRETCH = 8;

/** Lines that share a batch, as positions in the tokens of all lines. */
interface Group {
  /** The end token before the first line. */
  readonly from: number;
  readonly to: number;
}

/** Programs for batches of some number of rows. */
interface CompiledRows {
  /** The time steps that windows may have, ascending. */
  readonly lengths: readonly number[];
  readonly executable: Executable;
}

/** Scores lines with one model. It compiles the programs for few or many lines when they are needed. */
export class LineScorer {
  readonly #trained: BareModel;
  readonly #end: number;
  readonly #device: Device;
  readonly #compiled = new Map<number, Promise<CompiledRows>>();

  /** @param end id of the token before and after a line */
  constructor(trained: BareModel, end: number, device: Device) {
    this.#trained = trained;
    this.#end = end;
    this.#device = device;
  }

  /**
   * The surprisal in bits of the tokens of each line and of its end token.
   *
   * @param onProgress receives the number of tokens done so far
   */
  async score(lines: readonly LineTokens[], onProgress?: (done: number) => void): Promise<readonly Float32Array[]> {
    const tokens = new Uint32Array(lines.reduce((sum, { ids }) => sum + ids.length + 1, 1)).fill(this.#end);
    const bits = new Float32Array(tokens.length);
    const starts = new Array<number>(lines.length);
    const groups = new Map<number, Group[]>([FEW, MANY].map((rows) => [rows, []]));
    let from = 0;
    for (const { rows, members } of groupsOf(lines)) {
      let start = from + 1;
      for (const index of members) {
        tokens.set(lines[index].ids, start);
        starts[index] = start;
        start += lines[index].ids.length + 1;
      }
      groups.get(rows)!.push({ from, to: start });
      from = start - 1;
    }
    let done = 0;
    for (const [rows, ofRows] of groups) {
      if (ofRows.length === 0) continue;
      const before = done;
      await this.#run(rows, ofRows, tokens, bits, (some) => onProgress?.((done = before + some)));
    }
    return lines.map(({ ids, unlisted }, index) => {
      const ofLine = bits.subarray(starts[index], starts[index] + ids.length + 1);
      for (const at of unlisted) ofLine[at] = UNLISTED_BITS;
      return ofLine;
    });
  }

  async close(): Promise<void> {
    for (const compiling of this.#compiled.values()) await (await compiling.catch(() => null))?.executable.close();
  }

  async #run(
    rows: number,
    groups: readonly Group[],
    tokens: Uint32Array,
    bits: Float32Array,
    onProgress: (done: number) => void,
  ): Promise<void> {
    const { lengths, executable } = await this.#compiledFor(rows, tokens);
    const V = this.#trained.model.vocabulary;
    await evaluateWindows(executable, {
      windows: windowsOf(groups, tokens, this.#end, { batchSize: rows, lengths }),
      total: tokens.length,
      jobOf,
      visit: ({ logits }, row, at) => {
        bits[at + 1] = surprisalNats(logits, row * V, V, tokens[at + 1]) / Math.LN2;
      },
      onProgress,
    });
  }

  #compiledFor(rows: number, tokens: Uint32Array): Promise<CompiledRows> {
    const compiled = this.#compiled.get(rows) ?? this.#compile(rows, tokens);
    this.#compiled.set(rows, compiled);
    return compiled;
  }

  /** @param tokens the first lines, to which the lengths of windows are fitted */
  async #compile(rows: number, tokens: Uint32Array): Promise<CompiledRows> {
    const { model } = this.#trained;
    const lengths = rows === FEW ? LENGTHS_OF_FEW : fittingLengths({ tokens, end: this.#end });
    const jobs = lengths.toReversed().map((steps): Job => ({
      name: jobOf(steps),
      steps,
      batch: rows,
      sharesStateWith: jobOf(MAX_STEPS),
      build: (some) => networkProgram(model, { steps, rows: some }, { outputs: 'logits' }),
    }));
    const executable = await this.#device.compile({
      parameters: parameterShapes(model),
      jobs,
      update: null,
      interactive: rows === FEW,
    });
    await executable.write({ kind: 'parameters' }, parameterVector(this.#trained));
    return { lengths, executable };
  }
}

/** Lengths for lines such as these, and MAX_STEPS for any other line. */
function fittingLengths(lines: { readonly tokens: Uint32Array; readonly end: number }): readonly number[] {
  const lengths = chooseLengths({ ...lines, learnAfter: [], weights: [] }, MAX_STEPS);
  return lengths.at(-1) === MAX_STEPS ? lengths : [...lengths.slice(1 - MAX_LENGTHS), MAX_STEPS];
}

const jobOf = (steps: number): string => `score ${steps}`;

/** Groups lines of similar length, so that little time is lost on padding. */
function* groupsOf(
  lines: readonly LineTokens[],
): Generator<{ readonly rows: number; readonly members: readonly number[] }> {
  const order = lines.map((_, index) => index).toSorted((a, b) => lines[a].ids.length - lines[b].ids.length);
  const lengthAt = (place: number): number => lines[order[place]].ids.length;
  for (let end = order.length; end > 0;) {
    let similar = end;
    while (similar > Math.max(0, end - MANY) && 2 * lengthAt(similar - 1) >= lengthAt(end - 1)) similar--;
    const isMany = end - similar > FEW_PER_MANY * FEW;
    const start = Math.max(0, end - (isMany ? MANY : FEW));
    yield { rows: isMany ? MANY : FEW, members: order.slice(start, end) };
    end = start;
  }
}

function* windowsOf(
  groups: readonly Group[],
  tokens: Uint32Array,
  end: number,
  sizes: RecordWindowSizes,
): Generator<EvaluationWindow> {
  for (const { from, to } of groups) {
    const stored = { tokens: tokens.subarray(from, to), end, learnAfter: [], weights: [] };
    for (const window of recordWindows(stored, sizes))
      yield { ...window, starts: window.starts.map((start) => from + start) };
  }
}

/** The stretch of tokens with the highest mean surprisal, and this mean in bits per token. */
export function worstStretch(
  bits: Float32Array,
  from: number,
): { readonly from: number; readonly to: number; readonly bits: number } {
  const length = Math.min(STRETCH, bits.length - from);
  let [worst, highest] = [from, -Infinity];
  for (let at = from; at + length <= bits.length; at++) {
    let sum = 0;
    for (let offset = 0; offset < length; offset++) sum += bits[at + offset];
    if (sum > highest) [worst, highest] = [at, sum];
  }
  return { from: worst, to: worst + length, bits: highest / length };
}
