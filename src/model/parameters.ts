// The weights of a model: their names, shapes and order, and how they start. In memory they are one vector, each weight row by
// row, one after another in this order.
import { type ParameterShape, countParameters } from '../program/value.ts';
import type { Random } from '../random.ts';
import { cellNamed } from './cells/registry.ts';
import type { CellWeight } from './cells/cell.ts';
import type { Initialisation, ModelConfiguration } from './configuration.ts';

/** The weights of a model in order: `embedding.W`, `layer0.Wx` …, `head.W`, `head.b`. */
export function parameterShapes(model: ModelConfiguration): ParameterShape[] {
  const { layers, hidden: H, embedding, vocabulary: V } = model;
  const shapes: ParameterShape[] = [];
  if (embedding > 0) shapes.push({ name: 'embedding.W', rows: V, columns: embedding });
  for (let layer = 0; layer < layers; layer++) {
    for (const { name, rows, columns } of cellWeights(model, layer)) shapes.push({ name: `layer${layer}.${name}`, rows, columns });
  }
  shapes.push({ name: 'head.W', rows: H, columns: V }, { name: 'head.b', rows: 1, columns: V });
  return shapes;
}

/** The weights of one layer's cell, by their names within the layer. */
export function cellWeights(model: ModelConfiguration, layer: number): readonly CellWeight[] {
  const { hidden: H, embedding, vocabulary: V } = model;
  return cellNamed(model.cell).weights(layer > 0 ? H : embedding || V, H);
}

/** The weights that a new model starts from, as one vector in the order of `parameterShapes`. */
export function initialParameters(model: ModelConfiguration, random: Random): Float32Array {
  const shapes = parameterShapes(model);
  const vector = new Float32Array(countParameters(shapes));
  let offset = 0;
  const next = (count: number): Float32Array => vector.subarray(offset, (offset += count));
  const { forgetGate } = cellNamed(model.cell);

  if (model.embedding > 0) fillNormal(next(model.vocabulary * model.embedding), 1 / Math.sqrt(model.embedding), random);
  for (let layer = 0; layer < model.layers; layer++) {
    for (const weight of cellWeights(model, layer)) {
      const values = next(weight.rows * weight.columns);
      fillWeight(values, weight, model.initialisation, model.hidden, random);
      const forget = forgetGate === undefined ? -1 : weight.gates.indexOf(forgetGate);
      if (weight.role === 'bias' && forget >= 0 && model.forgetBias !== 0) values.fill(model.forgetBias, forget * model.hidden, (forget + 1) * model.hidden);
    }
  }
  fillWeight(next(model.hidden * model.vocabulary), { rows: model.hidden, columns: model.vocabulary, role: 'input', gates: 'y' }, model.initialisation, model.hidden, random);
  fillWeight(next(model.vocabulary), { rows: 1, columns: model.vocabulary, role: 'bias', gates: 'y' }, model.initialisation, model.hidden, random);
  return vector;
}

/**
 * `uniform`: every weight and bias in ±1/√H, as PyTorch's recurrent layers and (with H inputs) its nn.Linear.
 * `xavier`: matrices in ±√(6/(rows + H)) per gate (Glorot and Bengio, 2010), biases 0.
 * `orthogonal`: as `xavier`, but each gate's recurrent block is a random orthogonal matrix (Saxe et al., 2014).
 */
function fillWeight(values: Float32Array, weight: Pick<CellWeight, 'rows' | 'columns' | 'role' | 'gates'>, initialisation: Initialisation, H: number, random: Random): void {
  if (initialisation === 'uniform') fillUniform(values, 1 / Math.sqrt(H), random);
  else if (weight.role === 'bias') values.fill(0);
  else if (initialisation === 'orthogonal' && weight.role === 'recurrent') {
    for (let gate = 0; gate < weight.gates.length; gate++) {
      const block = orthogonalMatrix(H, random);
      for (let row = 0; row < H; row++) values.set(block.subarray(row * H, (row + 1) * H), row * weight.columns + gate * H);
    }
  } else fillUniform(values, Math.sqrt(6 / (weight.rows + weight.columns / weight.gates.length)), random);
}

function fillUniform(values: Float32Array, limit: number, random: Random): void {
  for (let i = 0; i < values.length; i++) values[i] = (2 * random.uniform() - 1) * limit;
}

function fillNormal(values: Float32Array, deviation: number, random: Random): void {
  for (let i = 0; i < values.length; i++) values[i] = random.normal() * deviation;
}

/** A uniformly distributed n×n orthogonal matrix, row by row: Gram–Schmidt on normal rows, twice, for accuracy to the last bits. */
function orthogonalMatrix(n: number, random: Random): Float64Array {
  const q = Float64Array.from({ length: n * n }, () => random.normal());
  for (let row = 0; row < n; row++) {
    const current = q.subarray(row * n, (row + 1) * n);
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < row; other++) {
        const done = q.subarray(other * n, (other + 1) * n);
        let dot = 0;
        for (let i = 0; i < n; i++) dot += done[i] * current[i];
        for (let i = 0; i < n; i++) current[i] -= dot * done[i];
      }
    }
    const norm = Math.sqrt(current.reduce((sum, x) => sum + x * x, 0));
    for (let i = 0; i < n; i++) current[i] /= norm;
  }
  return q;
}
