// The weights of a model: their names, shapes and order, and how they start. In memory they are one
// vector: the weights in this order, each row by row.
import { type ParameterShape, countParameters } from '../program/value.ts';
import { type SlicedWork, runUninterrupted } from '../sliced-work.ts';
import type { Random } from '../random.ts';
import { type CellWeight, rowWeight } from './cells/cell.ts';
import { cellOf } from './cells/registry.ts';
import type { ModelConfiguration } from './configuration.ts';
import { orthogonalMatrix } from './orthogonal.ts';

/** A weight, with all that an initialisation and a change of the vocabulary need to know. */
interface ModelWeight extends ParameterShape {
  readonly role: CellWeight['role'] | 'embedding';
  readonly gates: string;
  readonly start?: number;
  /** The axis that is indexed by tokens, if there is one. */
  readonly symbols?: 'rows' | 'columns';
}

/** The weights of a model in order: `embedding.W`, `layer0.Wx` …, `head.W`, `head.b`. */
export function modelWeights(model: ModelConfiguration): ModelWeight[] {
  const { layers, embedding, vocabulary: V } = model;
  const weights: ModelWeight[] = [];
  if (embedding > 0)
    weights.push({ name: 'embedding.W', rows: V, columns: embedding, role: 'embedding', gates: 'x', symbols: 'rows' });
  for (let layer = 0; layer < layers; layer++) {
    for (const weight of layerWeights(model, layer)) weights.push({ ...weight, name: `layer${layer}.${weight.name}` });
  }
  return [...weights, ...headWeights(model)];
}

/** Names and shapes alone. */
export function parameterShapes(model: ModelConfiguration): ParameterShape[] {
  return modelWeights(model).map(({ name, rows, columns }) => ({ name, rows, columns }));
}

/**
 * The weights of one layer by their names within it: the weights of its cell, and of the parts
 * around the cell.
 */
export function layerWeights(model: ModelConfiguration, layer: number): readonly ModelWeight[] {
  const {
    hidden: H,
    embedding,
    vocabulary: V,
    skip = 'none',
    timeSkip = 0,
    stacking = 'plain',
    layerNorm = false,
    learnedState = false,
  } = model;
  const cell = cellOf(model);
  const inputWidth = embedding || V;
  const cellWeights = cell.weights(layer > 0 ? H : inputWidth, H);
  const { gates } = cellWeights.find(({ name }) => name === 'Wx')!;
  const columns = gates.length * H;
  const symbols = embedding === 0 ? 'rows' : undefined;
  const weights: ModelWeight[] = cellWeights.map((weight) =>
    weight.role === 'input' && layer === 0 ? { ...weight, symbols } : weight,
  );
  if (layer > 0 && (skip === 'input' || skip === 'both'))
    weights.push({ name: 'Ws', rows: inputWidth, columns, role: 'input', gates, symbols });
  if (timeSkip > 0) weights.push({ name: 'Wk', rows: H, columns, role: 'input', gates });
  if (layerNorm) weights.push(rowWeight('gx', 'gain', gates, columns, 1));
  // Open enough for a layer to take part, and closed enough for its input to pass through
  // (Srivastava, Greff and Schmidhuber, 2015).
  if (layer > 0 && stacking === 'highway')
    weights.push({ name: 'Wt', rows: H, columns: H, role: 'input', gates: 't' }, rowWeight('bt', 'bias', 't', H, -1));
  if (learnedState) weights.push(...cell.states.map((state) => rowWeight(`${state}0`, 'bias', state, H, 0)));
  return weights;
}

/** The layers that the output layer reads, the last one first. */
export function layersRead({ layers, skip = 'none' }: ModelConfiguration): readonly number[] {
  const last = layers - 1;
  return skip === 'output' || skip === 'both' ? Array.from({ length: layers }, (_, below) => last - below) : [last];
}

/**
 * The output layer reads one layer by `head.W` (H, V), and lower layers by `head.W0` …. With weight
 * tying, these lead to the width of the embedding, whose weights lead to the tokens. Then no matrix
 * is needed if both have the same width.
 */
export function headWeights(model: ModelConfiguration): readonly ModelWeight[] {
  const { hidden: H, embedding, vocabulary: V, tied = false } = model;
  const read = layersRead(model);
  const weights: ModelWeight[] = [];
  for (const layer of tied && read.length === 1 && embedding === H ? [] : read) {
    weights.push({
      name: matrixName(model, layer),
      rows: H,
      columns: tied ? embedding : V,
      role: 'input',
      gates: 'y',
      symbols: tied ? undefined : 'columns',
    });
  }
  return [...weights, { ...rowWeight('head.b', 'bias', 'y', V), symbols: 'columns' }];
}

/** The matrix by which the output layer reads a layer. */
export function matrixName({ layers }: ModelConfiguration, layer: number): string {
  return layer === layers - 1 ? 'head.W' : `head.W${layer}`;
}

/** The initial weights of a new model, as one vector in the order of `parameterShapes`. */
export function initialParameters(model: ModelConfiguration, random: Random): Float32Array {
  return runUninterrupted(initialParametersInSlices(model, random));
}

/** The same in slices, because orthogonal matrices and many random numbers take long. */
export function* initialParametersInSlices(model: ModelConfiguration, random: Random): SlicedWork<Float32Array> {
  const weights = modelWeights(model);
  const vector = new Float32Array(countParameters(weights));
  let offset = 0;
  for (const weight of weights) {
    const values = vector.subarray(offset, (offset += weight.rows * weight.columns));
    yield* fillWeight(values, weight, model, random);
    if (weight.role === 'bias') fillGateBiases(values, weight, model);
  }
  return vector;
}

/**
 * `uniform`: every weight and bias in ±`initScale`, by default ±1/√H, as in PyTorch's recurrent
 * layers and (with H inputs) its nn.Linear. `xavier`: matrices in ±√(6/(rows + H)) per gate (Glorot
 * and Bengio, 2010), biases 0. `orthogonal`: as `xavier`, but each gate's recurrent block is a
 * random orthogonal matrix (Saxe et al., 2014).
 */
function* fillWeight(
  values: Float32Array,
  weight: ModelWeight,
  model: ModelConfiguration,
  random: Random,
): SlicedWork<void> {
  const { hidden: H, initialisation } = model;
  const { rows, columns, role, gates, start } = weight;
  const block = columns / gates.length;
  const blocks = [...gates].keys();
  function* draw(number: () => number): SlicedWork<void> {
    for (let row = 0; row < rows; row++) {
      for (let i = row * columns; i < (row + 1) * columns; i++) values[i] = number();
      yield;
    }
  }
  const drawWithin = (limit: number): SlicedWork<void> => draw(() => (2 * random.uniform() - 1) * limit);
  if (start !== undefined) values.fill(start);
  else if (role === 'embedding') yield* draw(() => random.normal() * (1 / Math.sqrt(columns)));
  else if (role === 'recurrent' && cellOf(model).startsAsIdentity)
    for (const gate of blocks) putBlock(values, weight, gate, identityMatrix(H));
  else if (initialisation === 'uniform') yield* drawWithin(model.initScale || 1 / Math.sqrt(H));
  else if (role === 'bias' || role === 'gain') values.fill(0);
  else if (initialisation === 'orthogonal' && role === 'recurrent') {
    for (const gate of blocks) putBlock(values, weight, gate, yield* orthogonalMatrix(H, random));
  } else yield* drawWithin(Math.sqrt(6 / (rows + block)));
}

/** Sets the biases of gates that start open or closed. */
function fillGateBiases(values: Float32Array, { gates, columns }: ModelWeight, model: ModelConfiguration): void {
  const { forgetGate, updateGate } = cellOf(model);
  const H = columns / gates.length;
  const fill = (gate: string | undefined, bias: number): void => {
    const at = gate === undefined ? -1 : gates.indexOf(gate);
    if (at >= 0 && bias !== 0) values.fill(bias, at * H, (at + 1) * H);
  };
  fill(forgetGate, model.forgetBias);
  fill(updateGate?.gate, (model.gateBias ?? 0) * (updateGate?.keeps ?? 1));
}

/** Copies a square matrix into the columns of a gate. */
function putBlock(values: Float32Array, { rows, columns }: ModelWeight, gate: number, block: Float64Array): void {
  for (let row = 0; row < rows; row++)
    values.set(block.subarray(row * rows, (row + 1) * rows), row * columns + gate * rows);
}

function identityMatrix(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
}
