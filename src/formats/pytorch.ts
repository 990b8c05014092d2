// Converts our weights to the names and shapes of CharacterModel in docs/rnn_model.py, and back.
// Knows nothing of files.
//
// The recurrent layers are PyTorch's nn.LSTM, nn.GRU or nn.RNN if one of them has the equations of
// the model. Otherwise they are `Layers` of that file. A layer of these contains such a module if it
// has the equations of the cell, and its other weights have our names and shapes.
//
// PyTorch's modules have one block of H for each gate, in our order: i f g o for LSTM, r z n for
// GRU. In both, z = 1 keeps the old state. PyTorch's matrices are the transposes of ours:
// (blocks · H, D) instead of (D, blocks · H). PyTorch has two biases for our one, and adds them
// before any other use. Only the second bias of n in the GRU is really a separate bias: it is inside
// the product with r.
import { type Fail, type Tensor, type TrainedModel, parameterVector, tensorsOf } from '../runs/store.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { activationName } from '../model/layer.ts';
import { headWeights, layerWeights, parameterShapes } from '../model/parameters.ts';

/** The cells that PyTorch's modules have. An irnn differs from rnn-relu only in its initialisation. */
const cellsOfModules: readonly string[] = ['lstm', 'gru', 'rnn', 'rnn-relu', 'irnn'];

/** Whether a module has the equations of each cell through time. */
function hasCellModule({ cell, layerNorm = false, timeSkip = 0 }: ModelConfiguration): boolean {
  return cellsOfModules.includes(cell) && !layerNorm && timeSkip === 0;
}

/** Whether one module has the equations of all layers together. */
function hasStackModule(model: ModelConfiguration): boolean {
  const { skip = 'none', stacking = 'plain', learnedState = false } = model;
  return hasCellModule(model) && skip === 'none' && stacking === 'plain' && !learnedState;
}

/** A tensor of CharacterModel, and our weights that it holds. */
interface ModuleTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * Our weights, one below the other. `layer0.bh` and so on name the second bias of a layer, which
   * most of our cells do not have.
   */
  readonly weights: readonly string[];
  /** Whether it is the transpose of our weights. */
  readonly isTransposed?: boolean;
}

/** The tensors of CharacterModel, in its order. */
function moduleTensors(model: ModelConfiguration): ModuleTensor[] {
  const { layers, hidden: H, embedding, vocabulary: V, tied = false } = model;
  const isOneModule = hasStackModule(model);
  const isTransposed = true;
  const weights = headWeights(model).flatMap(({ name }) => (name === 'head.b' ? [] : [name]));
  const read = weights.length * H;
  return [
    ...(embedding > 0 ? [{ name: 'embedding.weight', shape: [V, embedding], weights: ['embedding.W'] }] : []),
    ...Array.from({ length: layers }, (_, layer) =>
      isOneModule ? tensorsOfModule(model, layer, 'rnn', layer) : tensorsOfLayer(model, layer),
    ).flat(),
    ...(tied && read > 0 ? [{ name: 'projection.weight', shape: [embedding, read], weights, isTransposed }] : []),
    tied
      ? { name: 'output.weight', shape: [V, embedding], weights: ['embedding.W'] }
      : { name: 'output.weight', shape: [V, read], weights, isTransposed },
    { name: 'output.bias', shape: [V], weights: ['head.b'] },
  ];
}

/**
 * The tensors of a layer of nn.LSTM, nn.GRU or nn.RNN, whose input is the layer below and the
 * input of a skip connection, side by side.
 *
 * @param name the name of the module
 * @param number of the layer in the module
 */
function tensorsOfModule(model: ModelConfiguration, layer: number, name: string, number: number): ModuleTensor[] {
  const weights = layerWeights(model, layer);
  const inputs = weights.filter((weight) => weight.name === 'Wx' || weight.name === 'Ws');
  const rows = inputs[0].columns;
  const tensor = (theirs: string, ours: readonly string[], columns?: number): ModuleTensor => ({
    name: `${name}.${theirs}_l${number}`,
    shape: columns === undefined ? [rows] : [rows, columns],
    weights: ours.map((weight) => activationName(layer, weight)),
    isTransposed: columns !== undefined,
  });
  return [
    tensor(
      'weight_ih',
      inputs.map((input) => input.name),
      inputs.reduce((sum, input) => sum + input.rows, 0),
    ),
    tensor('weight_hh', ['Wh'], model.hidden),
    tensor('bias_ih', ['b']),
    tensor('bias_hh', ['bh']),
  ];
}

/** The weights that a module has. */
const weightsOfModule: readonly string[] = ['Wx', 'Ws', 'Wh', 'b', 'bh'];

/** The tensors of a layer of `Layers`. */
function tensorsOfLayer(model: ModelConfiguration, layer: number): ModuleTensor[] {
  const isModule = hasCellModule(model);
  const others = layerWeights(model, layer).filter(({ name }) => !isModule || !weightsOfModule.includes(name));
  return [
    ...(isModule ? tensorsOfModule(model, layer, `rnn.layer${layer}.rnn`, 0) : []),
    ...others.map(({ name, rows, columns }) => ({
      name: `rnn.layer${layer}.${name}`,
      shape: [rows, columns],
      weights: [activationName(layer, name)],
    })),
  ];
}

/**
 * The weights of a model as CharacterModel has them. The whole bias is in `bias_ih`, except the
 * bias inside the GRU's product, which is in `bias_hh`. Importing them gives the same bits.
 *
 * @throws RnnError `checkpoint` if its tensors do not match its model
 */
export function stateDict(trained: Pick<TrainedModel, 'model' | 'tensors'>): Tensor[] {
  const { model } = trained;
  const parameters = new Map(
    tensorsOf(parameterShapes(model), parameterVector(trained)).map((tensor) => [tensor.name, tensor]),
  );
  return moduleTensors(model).map(({ name, shape, weights, isTransposed }) => {
    if (name.includes('.bias_hh_l')) {
      const second = new Float32Array(shape[0]);
      const inside = parameters.get(weights[0]);
      if (inside !== undefined) second.set(inside.data, 2 * model.hidden);
      return { name, shape, data: second };
    }
    const data = concatenate(weights.map((weight) => parameters.get(weight)!.data));
    return { name, shape, data: isTransposed ? transpose(data, shape[0]) : data };
  });
}

/**
 * Our weights from the weights of CharacterModel. The two biases of a layer are added where we have
 * one.
 *
 * @param fail a function that is called with a tensor that is missing, has another shape, or does
 * not belong to the model
 */
export function tensorsFromStateDict(model: ModelConfiguration, tensors: readonly Tensor[], fail: Fail): Tensor[] {
  const { cell, hidden: H, tied } = model;
  const theirs = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const expected = moduleTensors(model);
  for (const { name, shape } of expected) {
    const found = theirs.get(name);
    if (found === undefined) fail(`it has no tensor ${name}, which the model needs`);
    if (found.shape.join('×') !== shape.join('×'))
      fail(`${name} has the shape ${found.shape.join('×')}: expected ${shape.join('×')}`);
  }
  const stranger = tensors.find(({ name }) => !expected.some((each) => each.name === name));
  if (stranger !== undefined) fail(`it has a tensor ${JSON.stringify(stranger.name)}, which the model does not have`);
  const data = (name: string): Float32Array => theirs.get(name)!.data;
  const embedding = tied ? data('embedding.weight') : null;
  if (embedding !== null && data('output.weight').some((value, at) => value !== embedding[at]))
    fail('its model has tied weights, but output.weight differs from embedding.weight');
  const shapes = parameterShapes(model);
  const sizes = new Map(shapes.map(({ name, rows, columns }) => [name, rows * columns]));
  return shapes.map(({ name, rows, columns }) => {
    const { name: theirName, shape, weights, isTransposed } = expected.find((each) => each.weights.includes(name))!;
    let values = data(theirName);
    if (isTransposed) values = transpose(values, shape[1]);
    if (theirName.includes('.bias_hh_l')) values = values.slice(2 * H);
    else if (theirName.includes('.bias_ih_l')) {
      const second = data(theirName.replace('_ih_', '_hh_'));
      const inside = cell === 'gru' ? 2 * H : second.length;
      // Do not add +0 to −0, because the sum is +0.
      values = values.map((bias, at) => (at >= inside || second[at] === 0 ? bias : bias + second[at]));
    }
    const above = weights.slice(0, weights.indexOf(name));
    const offset = above.reduce((sum, each) => sum + sizes.get(each)!, 0);
    return { name, shape: [rows, columns], data: values.slice(offset, offset + rows * columns) };
  });
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0];
  const result = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

/** @param columns the number of columns of the given matrix, which is stored row by row */
function transpose(values: Float32Array, columns: number): Float32Array {
  const rows = values.length / columns;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  return result;
}
