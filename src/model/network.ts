// The network: stacked layers. Training, evaluation, reading and sampling are programs of one
// network. Knows operations, but not devices.
import { Builder } from '../program/builder.ts';
import { differentiate } from '../program/differentiate.ts';
import { foldRunningSums } from '../program/rewrite.ts';
import type { Program, Value } from '../program/value.ts';
import { cellOf } from './cells/registry.ts';
import {
  type Extent,
  type LayerInput,
  type NamedValues,
  activationName,
  carriedShapes,
  storeStarted,
  layerSteps,
} from './layer.ts';
import { headWeights, layersRead, matrixName } from './parameters.ts';
import { type Regularisation, noRegularisation } from './regularisation.ts';
import type { ModelConfiguration } from './configuration.ts';

/** Number of the mask of tokens. Masks of layers and their weights have lower numbers. */
const EMBEDDING_SITE = 2 ** 20;

interface Options {
  readonly loss: boolean;
  /** Factor of the loss. */
  readonly scale?: number;
  readonly regularisation?: Regularisation;
}

interface Forward {
  readonly builder: Builder;
  /** (T·N, V) */
  readonly logits: Value;
  /** The states and gates of each layer at each time step by name, (N, H) each. */
  readonly layers: readonly (readonly NamedValues[])[];
}

/** The results that a program computes besides the next state. */
export interface NetworkOutputs {
  /** Computes the loss of the input `targets`. A row whose target is below 0 adds nothing. */
  readonly loss?: boolean;
  /**
   * `logits` (T·N, V), or the states and gates of all layers by `activationName`, (T·N, H) each.
   */
  readonly outputs?: 'logits' | 'activations';
}

/**
 * A program that carries the state in and out and trains nothing. Inputs: `ids` and, for a loss,
 * `targets`, (T·N) time first.
 */
export function networkProgram(
  model: ModelConfiguration,
  extent: Extent,
  { loss = false, outputs }: NetworkOutputs = {},
): Program {
  const { builder, logits, layers } = forward(model, extent, { loss });
  const outputValues = new Map<string, Value>();
  if (outputs === 'logits') outputValues.set('logits', logits);
  if (outputs === 'activations') {
    for (const [layer, steps] of layers.entries())
      for (const name of activationNames(model))
        outputValues.set(activationName(layer, name), builder.concatenate(steps.map((step) => step[name])));
  }
  return foldRunningSums(builder.program(outputValues));
}

/** The loss before any rewrite, with which tests compare the other programs. */
export function lossProgram(
  model: ModelConfiguration,
  extent: Extent,
  scale: number,
  regularisation = noRegularisation,
): Program {
  return forward(model, extent, { loss: true, scale, regularisation }).builder.program(new Map());
}

/**
 * Loss and gradients of one window of truncated back-propagation through time (Williams and Peng,
 * 1990). The loss is a sum. The gradients are of the loss times `scale`, and of the terms that
 * regularisation adds to it.
 *
 * @param scale 1/(T·N) of the whole batch, for the mean over characters
 */
export function trainingProgram(
  model: ModelConfiguration,
  extent: Extent,
  scale: number,
  regularisation: Regularisation = { ...noRegularisation, dropout: model.dropout },
): Program {
  return foldRunningSums(differentiate(lossProgram(model, extent, scale, regularisation)));
}

/** Names of a cell's activations: its carried states first, then its gates. */
export function activationNames(model: ModelConfiguration): readonly string[] {
  const { states, gates } = cellOf(model);
  return [...states, ...gates];
}

/**
 * One time step, and the gradient back through it. The state `seed.NAME` holds the gradient that
 * reaches the carried value NAME after the step. The gradient of the loss of `targets` (N) is added
 * to it. Outputs: `NAME`, the gradient at the carried value before the step, and `after.NAME`, the
 * whole gradient at each state of a cell after the step, including the part that comes through the
 * layers above.
 */
export function backwardStepProgram(model: ModelConfiguration, rows: number): Program {
  const { builder, layers } = forward(model, { steps: 1, rows }, { loss: true });
  const carried = carriedShapes(model);
  const stored = new Map(
    builder.values.flatMap((value) => (value.kind === 'storeState' ? [[value.name, value.inputs[0]] as const] : [])),
  );
  const seeds = carried.map(({ name, columns }) => {
    const seed = builder.loadState(`seed.${name}`, rows, columns);
    builder.storeState(`seed.${name}`, seed); // devices have states only for values that are kept
    return [stored.get(name)!, seed] as const;
  });
  const carriedBefore = carried.map(({ name, columns }) => [name, builder.loadState(name, rows, columns)] as const);
  const statesAfter = layers.flatMap(([step], layer) =>
    cellOf(model).states.map((name) => [`after.${activationName(layer, name)}`, step[name]] as const),
  );
  return foldRunningSums(
    differentiate(builder.program(new Map()), {
      seeds: new Map(seeds),
      watched: new Map([...carriedBefore, ...statesAfter]),
    }),
  );
}

/**
 * The forward pass, layer by layer: the whole sequence of a layer is computed before the next layer
 * begins.
 */
function forward(
  model: ModelConfiguration,
  extent: Extent,
  { loss, scale = 1, regularisation = noRegularisation }: Options,
): Forward {
  const builder = new Builder();
  const source = symbols(builder, model, extent, regularisation);
  const [h] = cellOf(model).states;
  const sequences: Value[] = [];
  const layers: (readonly NamedValues[])[] = [];
  for (let layer = 0; layer < model.layers; layer++) {
    const below = sequences.at(-1);
    const steps = layerSteps(
      builder,
      model,
      layer,
      { below: below ? { sequence: below } : source, source },
      extent,
      regularisation,
    );
    layers.push(steps);
    const outputs = steps.map((step) => step[h]);
    const output = applyDropout(builder, outputs, extent, layer, regularisation); // (T·N, H)
    if (layer === model.layers - 1) penalise(builder, outputs, output, scale, regularisation);
    sequences.push(below ? connectLayers(builder, model, layer, below, output) : output);
  }
  storeStarted(builder, model, extent);
  const logits = head(builder, model, sequences);
  if (loss)
    builder.crossEntropy(
      logits,
      builder.input('targets', extent.steps * extent.rows),
      scale,
      regularisation.labelSmoothing,
    );
  return { builder, logits, layers };
}

/** The input of the lowest layer. */
function symbols(
  builder: Builder,
  { embedding, vocabulary: V }: ModelConfiguration,
  { steps: T, rows: N }: Extent,
  { embeddingDropout: rate }: Regularisation,
): LayerInput {
  const ids = builder.input('ids', T * N);
  if (embedding === 0) return { symbols: ids };
  const embedded = builder.gather(builder.parameter('embedding.W', V, embedding), ids);
  if (rate === 0) return { sequence: embedded };
  const keptTokens = builder.gather(builder.dropoutMask(V, 1, { rate, site: EMBEDDING_SITE, stepRows: 0 }), ids); // (T·N, 1)
  return { sequence: builder.multiply(embedded, keptTokens) };
}

/** The sequence of a layer's outputs for the layer above, with dropout. */
function applyDropout(
  builder: Builder,
  steps: readonly Value[],
  { steps: T, rows: N }: Extent,
  layer: number,
  { dropout: rate, lockedDropout }: Regularisation,
): Value {
  const H = steps[0].columns;
  if (rate > 0 && lockedDropout) {
    const mask = builder.dropoutMask(N, H, { rate, site: layer, stepRows: N });
    return builder.concatenate(steps.map((h) => builder.multiply(h, mask)));
  }
  const sequence = builder.concatenate(steps);
  return rate > 0
    ? builder.multiply(sequence, builder.dropoutMask(T * N, H, { rate, site: layer, stepRows: N }))
    : sequence;
}

/**
 * Adds activation regularisation to the differentiated loss, but not to the reported loss.
 *
 * @param scale the factor of the loss, 1/(T·N)
 */
function penalise(
  builder: Builder,
  steps: readonly Value[],
  output: Value,
  scale: number,
  { activationPenalty, temporalPenalty }: Regularisation,
): void {
  const perElement = (2 * scale) / output.columns; // of the derivative of a mean of squares
  if (activationPenalty > 0) builder.penalty(output, activationPenalty * perElement);
  if (temporalPenalty > 0)
    for (const [t, h] of steps.slice(1).entries())
      builder.penalty(builder.subtract(h, steps[t]), temporalPenalty * perElement);
}

/**
 * The output of a layer above the first, given its input x (H) and its cell's output y. Residual: x
 * + y (He et al., 2016). Highway: t∘y + (1 − t)∘x with t = σ(x·Wt + bt) (Srivastava, Greff and
 * Schmidhuber, 2015).
 */
function connectLayers(
  builder: Builder,
  { stacking = 'plain', hidden: H }: ModelConfiguration,
  layer: number,
  x: Value,
  y: Value,
): Value {
  switch (stacking) {
    case 'plain':
      return y;
    case 'residual':
      return builder.add(x, y);
    case 'highway': {
      const t = builder.sigmoid(
        builder.linear(x, builder.parameter(`layer${layer}.Wt`, H, H), builder.parameter(`layer${layer}.bt`, 1, H)),
      );
      return builder.add(x, builder.multiply(t, builder.subtract(y, x)));
    }
    default:
      return stacking satisfies never;
  }
}

/** The logits (T·N, V). */
function head(builder: Builder, model: ModelConfiguration, sequences: readonly Value[]): Value {
  const { vocabulary: V, embedding, tied = false } = model;
  const parameters = new Map(
    headWeights(model).map(({ name, rows, columns }) => [name, builder.parameter(name, rows, columns)]),
  );
  const bias = parameters.get('head.b')!;
  const read = layersRead(model)
    .map((layer, index) => {
      const weight = parameters.get(matrixName(model, layer));
      return weight
        ? builder.linear(sequences[layer], weight, index === 0 && !tied ? bias : undefined)
        : sequences[layer];
    })
    .reduce((sum, each) => builder.add(sum, each));
  return tied ? builder.matmul(read, builder.parameter('embedding.W', V, embedding), { transposeB: true, bias }) : read;
}
