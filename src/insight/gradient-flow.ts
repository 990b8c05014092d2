// How far back a loss reaches: the norm of its gradient with respect to what the layers held, step
// by step into the past. Where it shrinks or grows at each step, gradients vanish or explode
// (Hochreiter, 1991; Bengio, Simard and Frasconi, 1994).
import { setImmediate } from 'node:timers/promises';
import type { Tokens } from '../corpus/read.ts';
import type { Matrix } from '../devices/reference/evaluate.ts';
import { RnnError, corpusError } from '../errors.ts';
import { cellOf } from '../model/cells/registry.ts';
import { activationName } from '../model/layer.ts';
import { BackwardSteps, type Vectors } from './backward-steps.ts';
import type { BareModel } from '../evaluation/evaluate.ts';
import { flagOf } from '../options/flags.ts';

export interface FlowOptions {
  /** K, how many steps into the past. */
  readonly steps: number;
  /** N, places in the text of which the losses are followed. */
  readonly positions: number;
}

/** Of one state of one layer. */
export interface Flow {
  readonly layer: number;
  readonly state: string;
  /**
   * K + 1 means, over the places of which anything arrives, of ln ‖∂loss_t/∂state_{t−k}‖, k from 0;
   * −Infinity once there is none.
   */
  readonly logNorms: readonly number[];
  /**
   * What a norm is multiplied by from step to step into the past, as far as anything arrives: exp
   * of the slope of the line through `logNorms` from k = 1; null where there are fewer than two
   * points.
   */
  readonly perStep: number | null;
}

/**
 * Symbols that are read before the steps that are looked at, so that they do not start from
 * nothing.
 */
export const WARM_UP = 50;

/**
 * The gradient is carried back with its length kept apart, so that it cannot overflow, nor
 * underflow but beside one that is 1e300 times as long. It is the whole gradient: what a state does
 * by way of the layers above at the same step counts, and what a cell does by way of its output.
 *
 * @throws RnnError `corpus` if the text is shorter than the steps, `diverged` if what the network
 * holds grows beyond all numbers
 */
export async function gradientFlow(
  trained: BareModel,
  tokens: Tokens,
  { steps: K, positions }: FlowOptions,
): Promise<Flow[]> {
  const length = Math.min(WARM_UP + K + 1, tokens.length - 1);
  if (length < K + 2)
    throw corpusError(
      `the text has ${tokens.length} characters, and it takes ${K + 3} to look ${K} steps back`,
      `give a longer text, or fewer ${flagOf('steps')}`,
    );
  const places = spread(tokens.length - 1 - length, positions);
  const N = places.length;
  const symbolsAt = (t: number): readonly number[] => places.map((place) => tokens[place + t]);

  const walker = new BackwardSteps(trained, N);
  const carried: Vectors[] = [];
  for (let t = 0; t < length; t++) {
    carried.push(walker.forward(symbolsAt(t), carried.at(-1)));
    await setImmediate(); // signals have their turn
  }
  refuseInfinite(carried);
  const flows = watchedStates(trained).map(({ layer, state }) => ({ layer, state, logNorms: [] as number[] }));
  const lengths = new Float64Array(N); // logarithms
  let seeds: Vectors = new Map();
  for (let k = 0; k <= K; k++) {
    const t = length - 1 - k;
    const gradients = walker.backward(symbolsAt(t), carried[t - 1], seeds, k === 0 ? symbolsAt(length) : undefined);
    for (const { layer, state, logNorms } of flows) {
      const logs = rowNorms(gradients.get(`after.${activationName(layer, state)}`)!, N)
        .map((norm, row) => Math.log(norm) + lengths[row])
        .filter(Number.isFinite);
      logNorms.push(logs.length === 0 ? -Infinity : logs.reduce((sum, log) => sum + log, 0) / logs.length);
    }
    seeds = normalised(gradients, walker.carried, lengths);
    await setImmediate();
  }
  return flows.map((flow) => ({ ...flow, perStep: perStepOf(flow.logNorms) }));
}

/** So many places from 0 to `last`, as far apart as can be, none of them twice. */
function spread(last: number, count: number): number[] {
  const places = Array.from({ length: Math.min(count, last + 1) }, (_, index) =>
    Math.round((index * last) / Math.max(1, count - 1)),
  );
  return [...new Set(places)];
}

function refuseInfinite(carried: readonly Vectors[]): void {
  const at = carried.findIndex((vectors) => [...vectors.values()].some((vector) => !vector.every(Number.isFinite)));
  if (at >= 0)
    throw new RnnError('diverged', `what the network holds is beyond all numbers after ${at + 1} characters`, {
      hint: `a network that explodes forwards has no gradient to follow; start it with smaller weights, or give fewer ${flagOf('steps')}`,
    });
}

function watchedStates({ model }: BareModel): { readonly layer: number; readonly state: string }[] {
  const { states } = cellOf(model);
  return Array.from({ length: model.layers }, (_, layer) => states.map((state) => ({ layer, state }))).flat();
}

/**
 * Each row over all that is carried made 1 long; what it was is added to `lengths`. A row that has
 * died stays as it is.
 */
function normalised(gradients: Vectors, names: readonly string[], lengths: Float64Array): Vectors {
  const N = lengths.length;
  const norms = names.map((name) => rowNorms(gradients.get(name)!, N));
  const totals = lengths.map((_, row) => Math.hypot(...norms.map((each) => each[row])));
  totals.forEach((total, row) => {
    lengths[row] += Math.log(total);
  });
  return new Map(
    names.map((name) => {
      const vectors = gradients.get(name)!;
      const width = vectors.length / N;
      return [name, vectors.map((value, at) => value / (totals[Math.floor(at / width)] || 1))] as const;
    }),
  );
}

function rowNorms(vectors: Matrix, N: number): Float64Array {
  const width = vectors.length / N;
  return Float64Array.from({ length: N }, (_, row) => Math.hypot(...vectors.subarray(row * width, (row + 1) * width)));
}

function perStepOf(logNorms: readonly number[]): number | null {
  const points = logNorms.flatMap((y, x) => (x >= 1 && Number.isFinite(y) ? [[x, y] as const] : []));
  if (points.length < 2) return null;
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis] / points.length, 0);
  const [x, y] = [mean(0), mean(1)];
  const slope =
    points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0) /
    points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
  return Math.exp(slope);
}
