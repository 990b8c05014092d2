// The network: cells strung over layers and time steps into programs. Training, evaluation, reading and sampling are programs of
// one network. Knows cells and operations, no devices.
import { Builder } from '../program/builder.ts';
import { differentiate } from '../program/differentiate.ts';
import { foldRunningSums, hoistInputProducts } from '../program/rewrite.ts';
import type { Program, Value } from '../program/value.ts';
import { cellNamed } from './cells/registry.ts';
import { cellWeights } from './parameters.ts';
import type { ModelConfiguration } from './configuration.ts';

/** The size of what one call of a program works on. */
export interface Extent {
  /** T, time steps. */
  readonly steps: number;
  /** N, rows of the batch that this program sees: a shard of it where a device splits the batch. */
  readonly rows: number;
}

/**
 * Loss and gradients of one window of truncated back-propagation through time (Williams and Peng, 1990), state carried in and
 * out. Inputs: `ids` and `targets`, (T·N) time first. The loss is a sum; gradients are of the loss times `scale`.
 *
 * @param scale 1/(T·N) of the whole batch, for the mean over characters
 */
export function trainingProgram(model: ModelConfiguration, extent: Extent, scale: number): Program {
  return foldRunningSums(differentiate(hoistInputProducts(lossProgram(model, extent, scale, model.dropout))));
}

/** The loss alone, state carried in and out. Inputs as in training; targets below 0 count nothing. */
export function evaluationProgram(model: ModelConfiguration, extent: Extent): Program {
  return foldRunningSums(hoistInputProducts(lossProgram(model, extent, 1)));
}

/** One step from ids (N) to the output `logits` (N, V), state carried in and out. */
export function samplingProgram(model: ModelConfiguration, rows: number): Program {
  const builder = new Builder();
  const logits = forward(builder, model, { steps: 1, rows });
  return foldRunningSums(hoistInputProducts(builder.program(new Map([['logits', logits]]))));
}

/** What a text leaves behind: the state alone, carried in and out, and no output. Inputs: `ids`, (T·N) time first. */
export function readingProgram(model: ModelConfiguration, extent: Extent): Program {
  const builder = new Builder();
  forward(builder, model, extent);
  return foldRunningSums(hoistInputProducts(builder.program(new Map())));
}

/**
 * The equations as they are written, before any rewrite: what the others are checked against.
 * @param dropout the probability with which an element of a layer's output is zeroed on its way up, never in time (Zaremba et al., 2014)
 */
export function lossProgram(model: ModelConfiguration, extent: Extent, scale: number, dropout = 0): Program {
  const builder = new Builder();
  const logits = forward(builder, model, extent, dropout);
  builder.crossEntropy(logits, builder.input('targets', extent.steps * extent.rows), scale);
  return builder.program(new Map());
}

/** Appends the forward pass, layer by layer, so that a layer's whole sequence is there before the next begins. Gives the logits (T·N, V). */
function forward(builder: Builder, model: ModelConfiguration, { steps: T, rows: N }: Extent, dropout = 0): Value {
  const { hidden: H, embedding, vocabulary: V } = model;
  const cell = cellNamed(model.cell);
  const ids = builder.input('ids', T * N);
  let sequence = embedding > 0 ? builder.gather(builder.parameter('embedding.W', V, embedding), ids) : builder.oneHot(ids, V); // (T·N, D)

  for (let layer = 0; layer < model.layers; layer++) {
    const weights = Object.fromEntries(cellWeights(model, layer).map(({ name, rows, columns }) => [name, builder.parameter(`layer${layer}.${name}`, rows, columns)]));
    let state = Object.fromEntries(cell.states.map((name) => [name, builder.state(`layer${layer}.${name}`, N, H)]));
    const outputs: Value[] = [];
    for (let t = 0; t < T; t++) {
      state = cell.step(builder, builder.rows(sequence, t * N, N), state, weights);
      outputs.push(state[cell.states[0]]);
    }
    for (const name of cell.states) builder.keep(`layer${layer}.${name}`, state[name]);
    sequence = builder.stack(outputs); // (T·N, H)
    if (dropout > 0) sequence = builder.multiply(sequence, builder.dropoutMask(T * N, H, { rate: dropout, site: layer, stepRows: N }));
  }
  return builder.linear(sequence, builder.parameter('head.W', H, V), builder.parameter('head.b', 1, V));
}
