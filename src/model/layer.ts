// One layer through time: its cell at each of T time steps, with the state carried in and out, and
// the parts around the cell. Knows operations, but not devices.
import type { Builder } from '../program/builder.ts';
import type { Value } from '../program/value.ts';
import { cellOf } from './cells/registry.ts';
import type { ModelConfiguration } from './configuration.ts';
import { normalise } from './normalise.ts';
import { layerWeights } from './parameters.ts';
import type { Regularisation } from './regularisation.ts';

/** The size of the work of one call of a program. */
export interface Extent {
  /** T, time steps. */
  readonly steps: number;
  /** N, batch rows of this program: a shard if a device splits the batch. */
  readonly rows: number;
}

/**
 * An input that is multiplied by a weight: a sequence (T·N, D), or tokens (T·N). A token represents
 * a one-hot vector, so its product is a row of the weight.
 */
export type LayerInput = { readonly sequence: Value } | { readonly symbols: Value };

/** The inputs of a layer. */
interface LayerInputs {
  /** From the layer below. */
  readonly below: LayerInput;
  /** The input of the lowest layer. */
  readonly source: LayerInput;
}

/** By name. */
export type NamedValues = Readonly<Record<string, Value>>;

/**
 * The first number of weight masks. Masks of layers' outputs have the smaller numbers of their
 * layers.
 */
const WEIGHT_SITES = 2 ** 16;
/** Matrices of one cell. */
const MAX_RECURRENT = 8;

/** A carried state: its name, and how many numbers each row has. */
export interface StateShape {
  readonly name: string;
  readonly columns: number;
}

/** The state that a model carries from window to window, for each batch row. */
export function stateShapes(model: ModelConfiguration): StateShape[] {
  const { learnedState = false } = model;
  return learnedState ? [...carriedShapes(model), { name: STARTED, columns: 1 }] : carriedShapes(model);
}

/** The carried states through which a gradient flows. */
export function carriedShapes(model: ModelConfiguration): StateShape[] {
  const { layers, hidden: columns, timeSkip = 0 } = model;
  return Array.from({ length: layers }, (_, layer) => [
    ...cellOf(model).states.map((name) => ({ name: activationName(layer, name), columns })),
    ...Array.from({ length: Math.max(0, timeSkip - 1) }, (__, past) => ({ name: pastName(layer, past + 1), columns })),
  ]).flat();
}

/** The name of a state, a gate or a weight of a layer in programs and checkpoints. */
export function activationName(layer: number, name: string): string {
  return `layer${layer}.${name}`;
}

/** 1 for a row that has read something since it was reset. */
const STARTED = 'started';

/** The output of `past` steps before the last step. */
const pastName = (layer: number, past: number): string => activationName(layer, `past${past}`);

/** Stores that all rows have read something, if the model needs that. */
export function storeStarted(
  builder: Builder,
  { learnedState = false }: ModelConfiguration,
  { rows: N }: Extent,
): void {
  if (learnedState) builder.storeState(STARTED, builder.offset(builder.zeros(N, 1), 1));
}

/** The states and gates (N, H) of a layer at each time step, by name. */
export function layerSteps(
  builder: Builder,
  model: ModelConfiguration,
  layer: number,
  inputs: LayerInputs,
  { steps: T, rows: N }: Extent,
  regularisation: Regularisation,
): readonly NamedValues[] {
  const cell = cellOf(model);
  const { timeSkip: k = 0 } = model;
  const { clipState } = regularisation;
  const weights = layerParameters(builder, model, layer);
  const x = project(builder, inputs, weights); // (T·N, blocks · H)
  const recurrent = applyDropConnect(builder, model, layer, weights, regularisation.weightDropout);
  const clipped = (value: Value): Value => (clipState > 0 ? builder.clipGradient(value, clipState) : value);
  let state = initialState(builder, model, layer, weights, N);
  const olderOutputs = Array.from({ length: Math.max(0, k - 1) }, (_, past) =>
    builder.loadState(pastName(layer, past + 1), N, model.hidden),
  );
  const [h] = cell.states;
  const first = state[h];
  const steps: NamedValues[] = [];
  /** The output of step t. −1 is the last step of the window before. */
  const outputAt = (t: number): Value => steps[t]?.[h] ?? [first, ...olderOutputs][-t - 1];
  const skippedOutput = (t: number): Value => (t >= 0 ? clipped(outputAt(t)) : outputAt(t));

  for (let t = 0; t < T; t++) {
    const projected = builder.rows(x, t * N, N);
    const input = weights['gx'] ? builder.add(normalise(builder, projected, weights['gx']), weights['b']) : projected;
    const previousState = t === 0 ? state : Object.fromEntries(cell.states.map((name) => [name, clipped(state[name])]));
    state = cell.step(
      builder,
      k > 0 ? builder.add(input, builder.linear(skippedOutput(t - k), weights['Wk'])) : input,
      previousState,
      recurrent,
    );
    steps.push(state);
  }
  for (const name of cell.states) builder.storeState(activationName(layer, name), state[name]);
  for (const past of olderOutputs.keys()) builder.storeState(pastName(layer, past + 1), outputAt(T - 2 - past));
  return steps;
}

function layerParameters(builder: Builder, model: ModelConfiguration, layer: number): NamedValues {
  return Object.fromEntries(
    layerWeights(model, layer).map(({ name, rows, columns }) => [
      name,
      builder.parameter(activationName(layer, name), rows, columns),
    ]),
  );
}

/**
 * Projects the inputs of all steps before the cell sees them: x·Wx + b, plus the skip connection.
 * Without b if the projection is normalised, because b is added afterwards.
 */
function project(builder: Builder, { below, source }: LayerInputs, { Wx, Ws, gx, b }: NamedValues): Value {
  const projected = product(builder, below, Wx, gx ? undefined : b);
  return Ws ? builder.add(projected, product(builder, source, Ws)) : projected;
}

function product(builder: Builder, input: LayerInput, weight: Value, bias?: Value): Value {
  return 'symbols' in input
    ? builder.gather(weight, input.symbols, bias)
    : builder.linear(input.sequence, weight, bias);
}

/** The weights for the cell, with DropConnect on its recurrent matrices. */
function applyDropConnect(
  builder: Builder,
  model: ModelConfiguration,
  layer: number,
  weights: NamedValues,
  rate: number,
): NamedValues {
  if (rate === 0) return weights;
  const recurrent = layerWeights(model, layer).filter(({ role }) => role === 'recurrent');
  return {
    ...weights,
    ...Object.fromEntries(
      recurrent.map(({ name, rows, columns }, index) => {
        const mask = builder.dropoutMask(rows, columns, {
          rate,
          site: WEIGHT_SITES + MAX_RECURRENT * layer + index,
          stepRows: 0,
        });
        return [name, builder.multiply(weights[name], mask)];
      }),
    ),
  };
}

/** The carried state, or the learned initial state for rows that have read nothing yet. */
function initialState(
  builder: Builder,
  model: ModelConfiguration,
  layer: number,
  weights: NamedValues,
  N: number,
): NamedValues {
  const states = cellOf(model).states.map((name) => {
    const carried = builder.loadState(activationName(layer, name), N, model.hidden);
    if (!model.learnedState) return [name, carried] as const;
    const isNew = builder.offset(builder.scale(builder.loadState(STARTED, N, 1), -1), 1); // (N, 1)
    return [name, builder.add(carried, builder.matmul(isNew, weights[`${name}0`]))] as const;
  });
  return Object.fromEntries(states);
}
