// Converts our weights to the names, shapes and gate order of PyTorch's nn.LSTM, nn.GRU and nn.RNN,
// and back. Knows nothing of files. A module has these names if it has the members `embedding`,
// `rnn` and `output`: CharacterModel in docs/rnn_model.py.
//
// Both have one block of H for each gate, in the same order: i f g o for LSTM, r z n for GRU. In
// both, z = 1 keeps the old state. PyTorch's matrices are the transposes of ours: (blocks · H, D)
// instead of (D, blocks · H). PyTorch has two biases for our one, and adds them before any other
// use. Only the second bias of n in the GRU is really a separate bias: it is inside the product
// with r.
import { type Fail, type Tensor, type TrainedModel, parameterVector, tensorsOf } from '../runs/store.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { parameterShapes } from '../model/parameters.ts';
import { asTyped, flagOf } from '../options/flags.ts';

/**
 * The PyTorch module that has the equations of a cell. An irnn differs from rnn-relu only in its
 * initialisation.
 */
const modules: Readonly<Record<string, string>> = {
  lstm: 'nn.LSTM',
  gru: 'nn.GRU',
  rnn: 'nn.RNN',
  'rnn-relu': 'nn.RNN',
  irnn: 'nn.RNN',
};

/**
 * Why no PyTorch module can hold a model, with a hint about models that can be exported. Null if a
 * module can.
 */
export function reasonWithoutModule({
  cell,
  layerNorm = false,
  skip = 'none',
  stacking = 'plain',
  timeSkip = 0,
  learnedState = false,
}: ModelConfiguration): { message: string; hint: string } | null {
  const hint = `use rnn export ${flagOf('format')} onnx, or train with ${asTyped({ cell: 'lstm', skip: 'none' }).join(' ')}: PyTorch has modules for ${Object.keys(modules).join(', ')}, with or without ${flagOf('embedding')} and ${flagOf('tied')}`;
  if (!Object.hasOwn(modules, cell)) return { message: `PyTorch does not have a module for ${cell}`, hint };
  const foreign = asTyped({
    layerNorm: layerNorm || null,
    skip: skip === 'none' ? null : skip,
    stacking: stacking === 'plain' ? null : stacking,
    timeSkip: timeSkip || null,
    learnedState: learnedState || null,
  });
  return foreign.length === 0
    ? null
    : { message: `PyTorch's ${modules[cell]} does not have ${foreign.join(', ')}`, hint };
}

/** A tensor of such a module, and our weight that it holds. */
interface ModuleTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * Our weight. `layer0.bh` and so on name the second bias of a layer, which most of our cells do
   * not have.
   */
  readonly weight: string;
  /** Whether it is the transpose of our weight. */
  readonly isTransposed?: boolean;
}

/**
 * The tensors of such a module, in its order.
 * @param model a model for which there is a module
 */
function moduleTensors({
  cell,
  layers,
  hidden: H,
  embedding,
  vocabulary: V,
  tied = false,
}: ModelConfiguration): ModuleTensor[] {
  const rows = ({ lstm: 4, gru: 3 }[cell] ?? 1) * H;
  const isTransposed = true;
  const outputOf = tied ? { weight: 'embedding.W' } : { weight: 'head.W', isTransposed };
  return [
    ...(embedding > 0 ? [{ name: 'embedding.weight', shape: [V, embedding], weight: 'embedding.W' }] : []),
    ...Array.from({ length: layers }, (_, layer): ModuleTensor[] => [
      {
        name: `rnn.weight_ih_l${layer}`,
        shape: [rows, layer > 0 ? H : embedding || V],
        weight: `layer${layer}.Wx`,
        isTransposed,
      },
      { name: `rnn.weight_hh_l${layer}`, shape: [rows, H], weight: `layer${layer}.Wh`, isTransposed },
      { name: `rnn.bias_ih_l${layer}`, shape: [rows], weight: `layer${layer}.b` },
      { name: `rnn.bias_hh_l${layer}`, shape: [rows], weight: `layer${layer}.bh` },
    ]).flat(),
    ...(tied && embedding !== H
      ? [{ name: 'projection.weight', shape: [embedding, H], weight: 'head.W', isTransposed }]
      : []),
    { name: 'output.weight', shape: [V, tied ? embedding : H], ...outputOf },
    { name: 'output.bias', shape: [V], weight: 'head.b' },
  ];
}

/**
 * The weights of a model as PyTorch has them. The whole bias is in `bias_ih`, except the bias
 * inside the GRU's product, which is in `bias_hh`. Importing them gives the same bits.
 *
 * @param trained a model for which there is a module
 * @throws RnnError `checkpoint` if its tensors do not match its model
 */
export function stateDict(trained: Pick<TrainedModel, 'model' | 'tensors'>): Tensor[] {
  const { model } = trained;
  const parameters = new Map(
    tensorsOf(parameterShapes(model), parameterVector(trained)).map((tensor) => [tensor.name, tensor]),
  );
  return moduleTensors(model).map(({ name, shape, weight, isTransposed }) => {
    const tensor = parameters.get(weight);
    if (tensor !== undefined && !weight.endsWith('.bh'))
      return { name, shape, data: isTransposed ? transpose(tensor.data, tensor.shape[1]) : tensor.data };
    const second = new Float32Array(shape[0]);
    if (tensor !== undefined) second.set(tensor.data, 2 * model.hidden);
    return { name, shape, data: second };
  });
}

/**
 * Our weights from PyTorch's weights. The two biases of a layer are added where we have one.
 *
 * @param model a model for which there is a module
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
  return parameterShapes(model).map(({ name, rows, columns }) => {
    const { name: theirName, isTransposed } = expected.find(({ weight }) => weight === name)!;
    let values = data(theirName);
    if (isTransposed) values = transpose(values, rows);
    else if (name.endsWith('.bh')) values = values.slice(2 * H);
    else if (theirName.startsWith('rnn.bias_ih')) {
      const second = data(theirName.replace('_ih_', '_hh_'));
      const inside = cell === 'gru' ? 2 * H : second.length;
      // Do not add +0 to −0, because the sum is +0.
      values = values.map((bias, at) => (at >= inside || second[at] === 0 ? bias : bias + second[at]));
    }
    return { name, shape: [rows, columns], data: values };
  });
}

/** @param columns the number of columns of the given matrix, which is stored row by row */
function transpose(values: Float32Array, columns: number): Float32Array {
  const rows = values.length / columns;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  return result;
}
