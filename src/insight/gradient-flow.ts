// How far back gradients reach: the norm of the gradient of a loss with respect to the states of
// the layers, time step by time step into the past. If it shrinks or grows at each step, gradients
// vanish or explode (Hochreiter, 1991; Bengio, Simard and Frasconi, 1994).
import { setImmediate } from 'node:timers/promises';
import type { Tokens } from '../corpus/read.ts';
import type { Matrix } from '../devices/reference/evaluate.ts';
import { RnnError, corpusError } from '../errors.ts';
import { cellOf } from '../model/cells/registry.ts';
import { activationName } from '../model/layer.ts';
import { BackwardSteps, type NamedVectors } from './backward-steps.ts';
import type { BareModel } from '../evaluation/evaluate.ts';
import { flagOf } from '../options/flags.ts';

/** How far and how often to follow a gradient. */
export interface FlowOptions {
  /** K, the number of time steps into the past. */
  readonly steps: number;
  /** N, the number of positions in the text whose losses are followed. */
  readonly positions: number;
}

/** The gradient norms of one state of one layer. */
export interface Flow {
  readonly layer: number;
  readonly state: string;
  /**
   * K + 1 means of ln ‖∂loss_t/∂state_{t−k}‖, for k from 0, over the positions whose gradient is
   * not zero. −Infinity if all gradients are zero.
   */
  readonly logNorms: readonly number[];
  /**
   * The factor by which the norm changes per time step into the past: exp of the slope of the line
   * through `logNorms` from k = 1, while these are finite. Null if there are fewer than two
   * points.
   */
  readonly perStep: number | null;
}

/** Tokens read before the time steps of interest, so that these do not start from a zero state. */
export const WARM_UP = 50;

/**
 * Computes how the gradients of some losses flow into the past. The length of a gradient is stored
 * separately from its direction, so it cannot overflow. It underflows only compared with another
 * gradient that is 1e300 times as long. It is the whole gradient: it includes paths through the
 * layers above at the same time step, and through the output of a cell.
 *
 * @throws RnnError `corpus` if the text is shorter than the time steps, `diverged` if a state is
 * not a finite number
 */
export async function gradientFlow(
  trained: BareModel,
  tokens: Tokens,
  { steps: K, positions }: FlowOptions,
): Promise<Flow[]> {
  const length = Math.min(WARM_UP + K + 1, tokens.length - 1);
  if (length < K + 2)
    throw corpusError(
      `the text has ${tokens.length} characters: expected at least ${K + 3} to look ${K} time steps back`,
      `use a longer text, or fewer ${flagOf('steps')}`,
    );
  const positionsToMeasure = spread(tokens.length - 1 - length, positions);
  const N = positionsToMeasure.length;
  const symbolsAt = (t: number): readonly number[] => positionsToMeasure.map((place) => tokens[place + t]);

  const walker = new BackwardSteps(trained, N);
  const carried: NamedVectors[] = [];
  for (let t = 0; t < length; t++) {
    carried.push(walker.forward(symbolsAt(t), carried.at(-1)));
    await setImmediate(); // lets signals be handled
  }
  refuseInfinite(carried);
  const flows = watchedStates(trained).map(({ layer, state }) => ({ layer, state, logNorms: [] as number[] }));
  const lengths = new Float64Array(N); // logarithms
  let seeds: NamedVectors = new Map();
  for (let k = 0; k <= K; k++) {
    const t = length - 1 - k;
    const gradients = walker.backward(symbolsAt(t), carried[t - 1], seeds, k === 0 ? symbolsAt(length) : undefined);
    for (const { layer, state, logNorms } of flows) {
      const logs = rowNorms(gradients.get(`after.${activationName(layer, state)}`)!, N)
        .map((norm, row) => Math.log(norm) + lengths[row])
        .filter(Number.isFinite);
      logNorms.push(logs.length === 0 ? -Infinity : logs.reduce((sum, log) => sum + log, 0) / logs.length);
    }
    seeds = normalise(gradients, walker.carried, lengths);
    await setImmediate();
  }
  return flows.map((flow) => ({ ...flow, perStep: perStepOf(flow.logNorms) }));
}

/** Returns up to `count` distinct positions from 0 to `last`, as far apart as possible. */
function spread(last: number, count: number): number[] {
  const positionsToMeasure = Array.from({ length: Math.min(count, last + 1) }, (_, index) =>
    Math.round((index * last) / Math.max(1, count - 1)),
  );
  return [...new Set(positionsToMeasure)];
}

function refuseInfinite(carried: readonly NamedVectors[]): void {
  const at = carried.findIndex((vectors) => [...vectors.values()].some((vector) => !vector.every(Number.isFinite)));
  if (at >= 0)
    throw new RnnError(
      'diverged',
      `cannot follow gradients: the state of the network is not a finite number after ${at + 1} characters`,
      {
        hint: `initialise the network with smaller weights, or use fewer ${flagOf('steps')} (a state that explodes has no gradient)`,
      },
    );
}

function watchedStates({ model }: BareModel): { readonly layer: number; readonly state: string }[] {
  const { states } = cellOf(model);
  return Array.from({ length: model.layers }, (_, layer) => states.map((state) => ({ layer, state }))).flat();
}

/**
 * Normalises each row over all carried values to length 1, and adds the logarithm of its length to
 * `lengths`. Leaves a zero row unchanged.
 */
function normalise(gradients: NamedVectors, names: readonly string[], lengths: Float64Array): NamedVectors {
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
