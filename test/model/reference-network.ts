// The reference implementation of the network: one row of the batch at a time, one character after
// another through all layers, with plain arrays, written from the papers and docstrings instead of
// layer.ts. It multiplies one-hot vectors, and reads all windows as one text, so it does not store
// and load states between windows. It does not use operations or programs.
import type { Matrix } from '../../src/devices/reference/evaluate.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import type { Regularisation } from '../../src/model/regularisation.ts';
import { dropoutKeeps } from '../../src/random.ts';

export const [N, T, V, H, L] = [2, 4, 5, 3, 3];
/** As if these rows were half of a batch, because penalties are means over the whole batch. */
export const SCALE = 1 / (T * 2 * N);
/** As in layer normalisation, and in PyTorch. */
const EPSILON = 1e-5;
/**
 * Numbers from which masks are made: masks of layers have the layers' numbers, these are for
 * weights and tokens.
 */
const [WEIGHT_SITES, EMBEDDING_SITE] = [2 ** 16, 2 ** 20];

type Vector = readonly number[];
type Named<Value> = Readonly<Record<string, Value>>;

interface Window {
  readonly ids: Matrix;
  readonly targets: Matrix;
  readonly dropoutKey: number;
}

export interface Case {
  readonly model: ModelConfiguration;
  readonly regularisation: Regularisation;
  readonly weights: Named<Matrix>;
  /** The state carried into the first window, (N, H) each. */
  readonly start: Named<Matrix>;
  readonly windows: readonly Window[];
}

/** The results of one window. */
export interface SequenceResults {
  lossNats: number;
  penalty: number;
  readonly state: Record<string, number[]>;
  /** The gradient of the loss with respect to the logits: (T·N, V). */
  readonly gradient: number[];
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const average = (x: Vector): number => x.reduce((sum, value) => sum + value, 0) / x.length;
const oneHot = (size: number, at: number): Vector => Array.from({ length: size }, (_, index) => (index === at ? 1 : 0));
const rowOf = (matrix: Matrix, row: number, columns: number): Vector => [
  ...matrix.subarray(row * columns, (row + 1) * columns),
];
const plus = (x: Vector, y: ArrayLike<number>): Vector => x.map((value, at) => value + y[at]);

/** x·W */
function times(x: Vector, W: ArrayLike<number>): Vector {
  const columns = W.length / x.length;
  return Array.from({ length: columns }, (_, column) =>
    x.reduce((sum, value, row) => sum + value * W[row * columns + column], 0),
  );
}

/** g∘(x − mean)/√(variance + ε) */
function normalised(x: Vector, gain: ArrayLike<number>): Vector {
  const mean = average(x);
  const deviation = Math.sqrt(average(x.map((value) => (value - mean) ** 2)) + EPSILON);
  return x.map((value, at) => (gain[at] * (value - mean)) / deviation);
}

/** One step of a row from its projected input. The blocks are in the order of the cell's gates. */
export const referenceCells: Named<(x: Vector, state: Named<Vector>, w: Named<Matrix>) => Named<Vector>> = {
  rnn: (x, { h }, { Wh }) => ({ h: plus(x, times(h, Wh)).map(Math.tanh) }),
  lstm(x, { h, c }, { Wh, gh, gc, bc }) {
    const z = plus(x, gh ? normalised(times(h, Wh), gh) : times(h, Wh)); // i f g o
    const cell = c.map((before, j) => sigmoid(z[H + j]) * before + sigmoid(z[j]) * Math.tanh(z[2 * H + j]));
    const shown = gc ? plus(normalised(cell, gc), bc) : cell;
    return { c: cell, h: shown.map((value, j) => sigmoid(z[3 * H + j]) * Math.tanh(value)) };
  },
  gru(x, { h }, { Wh, bh }) {
    const u = times(h, Wh); // r z n
    return {
      h: h.map((before, j) => {
        const z = sigmoid(x[H + j] + u[H + j]);
        return (1 - z) * Math.tanh(x[2 * H + j] + sigmoid(x[j] + u[j]) * (u[2 * H + j] + bh[j])) + z * before;
      }),
    };
  },
  'gru-cho'(x, { h }, { Wh, Wn }) {
    const u = times(h, Wh); // r z
    const fromState = times(
      h.map((before, j) => sigmoid(x[j] + u[j]) * before),
      Wn,
    );
    return {
      h: h.map((before, j) => {
        const z = sigmoid(x[H + j] + u[H + j]);
        return (1 - z) * Math.tanh(x[2 * H + j] + fromState[j]) + z * before;
      }),
    };
  },
};

/** Names of the carried values of a cell, and of its recurrent matrices. */
const carried: Named<readonly string[]> = { rnn: ['h'], lstm: ['h', 'c'], gru: ['h'], 'gru-cho': ['h'] };
const recurrent: Named<readonly string[]> = { rnn: ['Wh'], lstm: ['Wh'], gru: ['Wh'], 'gru-cho': ['Wh', 'Wn'] };

/** Each element is kept with probability 1 − rate, and scaled up by 1/(1 − rate). */
const dropoutFactor = ({ dropoutKey }: Window, site: number, index: number, rate: number): number =>
  dropoutKeeps(dropoutKey, site, index, rate) ? 1 / (1 - rate) : 0;

/** The weights of a layer in one window, with DropConnect on the recurrent ones. */
function layerWeightsIn(window: Window, layer: number, { model, regularisation, weights }: Case): Named<Matrix> {
  const prefix = `layer${layer}.`;
  const own = Object.entries(weights)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, matrix]) => [name.slice(prefix.length), matrix] as const);
  return Object.fromEntries(
    own.map(([name, matrix]) => {
      const which = recurrent[model.cell].indexOf(name);
      return [
        name,
        which < 0
          ? matrix
          : matrix.map(
              (weight, at) =>
                weight * dropoutFactor(window, WEIGHT_SITES + 8 * layer + which, at, regularisation.weightDropout),
            ),
      ];
    }),
  );
}

/** A token as the input of the lowest layer: one-hot, or its row of the embedding. */
function sourceOf(id: number, window: Window, { model: { embedding }, regularisation, weights }: Case): Vector {
  if (embedding === 0) return oneHot(V, id);
  return rowOf(weights['embedding.W'], id, embedding).map(
    (value) => value * dropoutFactor(window, EMBEDDING_SITE, id, regularisation.embeddingDropout),
  );
}

/** The output of a layer above the first, given its input x. */
function handedOn({ stacking = 'plain' }: ModelConfiguration, x: Vector, y: Vector, { Wt, bt }: Named<Matrix>): Vector {
  if (stacking === 'plain') return y;
  if (stacking === 'residual') return plus(x, y);
  const t = plus(times(x, Wt), bt).map(sigmoid);
  return y.map((value, j) => t[j] * value + (1 - t[j]) * x[j]);
}

/** The logits from the outputs of the layers. */
function readOut(
  { tied = false, embedding, skip = 'none' }: ModelConfiguration,
  layers: readonly Vector[],
  weights: Named<Matrix>,
): Vector {
  const everyLayer = skip === 'output' || skip === 'both';
  const products = layers.map((up, layer) => {
    if (layer < L - 1) return everyLayer ? times(up, weights[`head.W${layer}`]) : [];
    return tied && !everyLayer && embedding === H ? up : times(up, weights['head.W']);
  });
  const sum = products.filter((product) => product.length > 0).reduce(plus);
  if (!tied) return plus(sum, weights['head.b']);
  return Array.from({ length: V }, (_, symbol) =>
    rowOf(weights['embedding.W'], symbol, embedding).reduce(
      (total, value, at) => total + value * sum[at],
      weights['head.b'][symbol],
    ),
  );
}

/**
 * Adds the loss of a character, and records its gradient. Only in the gradient, the target is 1 − ε
 * of its token and ε spread evenly over all tokens.
 */
function addLoss(told: SequenceResults, logits: Vector, target: number, row: number, smoothing: number): void {
  if (target < 0) return;
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  told.lossNats -= Math.log(Math.exp(logits[target]) / total);
  logits.forEach((logit, symbol) => {
    const wanted = (1 - smoothing) * (symbol === target ? 1 : 0) + smoothing / V;
    told.gradient[row * V + symbol] = SCALE * (Math.exp(logit) / total - wanted);
  });
}

/** A layer for one row of the batch: its carried state and its outputs, the latest first. */
interface Memory {
  state: Named<Vector>;
  readonly past: Vector[];
}

/**
 * The initial state of a layer for a row. Everything before a text is zero except the state itself,
 * which may be learned.
 */
function remembered(layer: number, n: number, { model, weights, start }: Case): Memory {
  const { cell, timeSkip = 0, learnedState = false } = model;
  const isNew = learnedState && start['started'][n] === 0;
  const state = Object.fromEntries(
    carried[cell].map((name) => [
      name,
      isNew ? [...weights[`layer${layer}.${name}0`]] : rowOf(start[`layer${layer}.${name}`], n, H),
    ]),
  );
  return {
    state,
    past: [
      state['h'],
      ...Array.from({ length: Math.max(0, timeSkip - 1) }, (_, before) =>
        rowOf(start[`layer${layer}.past${before + 1}`], n, H),
      ),
    ],
  };
}

/** Advances a layer by one character. Returns its output before dropout. */
function layerStep(
  layer: number,
  memory: Memory,
  { below, source }: { below: Vector; source: Vector },
  w: Named<Matrix>,
  model: ModelConfiguration,
): Vector {
  const { cell, timeSkip = 0, layerNorm = false, skip = 'none' } = model;
  let read = times(below, w['Wx']);
  if (layer > 0 && (skip === 'input' || skip === 'both')) read = plus(read, times(source, w['Ws']));
  if (layerNorm) read = normalised(read, w['gx']); // without the output of k steps ago
  read = plus(read, w['b']);
  if (timeSkip > 0) read = plus(read, times(memory.past[timeSkip - 1], w['Wk']));
  memory.state = referenceCells[cell](read, memory.state, w);
  return memory.state['h'];
}

/**
 * Penalties of the last layer in one step: α·mean(y²) of the output upwards, β·mean((h_t −
 * h_{t−1})²) of the states. The first step of a window has no difference, but counts in the mean: T
 * − 1 differences are divided by T.
 */
function penaltyOf(
  t: number,
  h: Vector,
  before: Vector,
  y: Vector,
  { activationPenalty, temporalPenalty }: Regularisation,
): number {
  const ofOutput = activationPenalty * average(y.map((value) => value ** 2));
  const ofChange = t === 0 ? 0 : temporalPenalty * average(h.map((value, j) => (value - before[j]) ** 2));
  return SCALE * (ofOutput + ofChange);
}

/** The results of each window. */
export function referenceResults(given: Case): SequenceResults[] {
  const { model, regularisation, windows, weights } = given;
  const { dropout, lockedDropout } = regularisation;
  const told = windows.map((): SequenceResults => ({
    lossNats: 0,
    penalty: 0,
    state: model.learnedState ? { started: Array.from({ length: N }, () => 1) } : {},
    gradient: Array.from({ length: T * N * V }, () => 0),
  }));
  for (let n = 0; n < N; n++) {
    const memories = Array.from({ length: L }, (_, layer) => remembered(layer, n, given));
    for (const [which, window] of windows.entries()) {
      const layerWeights = memories.map((_, layer) => layerWeightsIn(window, layer, given));
      for (let t = 0; t < T; t++) {
        const source = sourceOf(window.ids[t * N + n], window, given);
        const sequences: Vector[] = [];
        for (const [layer, memory] of memories.entries()) {
          const below = sequences.at(-1) ?? source;
          const h = layerStep(layer, memory, { below, source }, layerWeights[layer], model);
          const y = h.map(
            (value, j) => value * dropoutFactor(window, layer, ((lockedDropout ? 0 : t * N) + n) * H + j, dropout),
          );
          if (layer === L - 1) told[which].penalty += penaltyOf(t, h, memory.past[0], y, regularisation);
          memory.past.unshift(h);
          sequences.push(layer === 0 ? y : handedOn(model, below, y, layerWeights[layer]));
        }
        addLoss(
          told[which],
          readOut(model, sequences, weights),
          window.targets[t * N + n],
          t * N + n,
          regularisation.labelSmoothing,
        );
      }
      for (const [layer, { state, past }] of memories.entries()) {
        for (const name of carried[model.cell])
          (told[which].state[`layer${layer}.${name}`] ??= []).push(...state[name]);
        for (let before = 1; before < (model.timeSkip ?? 0); before++)
          (told[which].state[`layer${layer}.past${before}`] ??= []).push(...past[before]);
      }
    }
  }
  return told;
}
