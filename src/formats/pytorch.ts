// Our weights under the names, in the shapes and with the gates that PyTorch's nn.LSTM, nn.GRU and nn.RNN have, and
// back. Knows nothing of files. The names are those of a module with the members `embedding`, `rnn` and `output`:
// CharacterModel in docs/rnn_model.py.
//
// Both have one block of H for each gate, in the same order: i f g o for LSTM, r z n for GRU; z = 1 keeps the old
// state in both. PyTorch's matrices are the transposes of ours: (blocks · H, D) where ours are (D, blocks · H). It
// has two biases where we have one, and adds them up before anything else looks at them; only that of n, in the GRU,
// is a second one in truth: it is inside the product with r.
import { type Fail, type Tensor, type TrainedModel, parameterVector, tensorsOf } from '../runs/store.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { parameterShapes } from '../model/parameters.ts';

/** The module of PyTorch that has the equations of a cell. An irnn differs from rnn-relu in how it starts alone. */
const modules: Readonly<Record<string, string>> = {
  lstm: 'nn.LSTM',
  gru: 'nn.GRU',
  rnn: 'nn.RNN',
  'rnn-relu': 'nn.RNN',
  irnn: 'nn.RNN',
};

/** What of a model no module of PyTorch has, in words, with what can go there; null if all of it can. */
export function whyNoModule({
  cell,
  layerNorm = false,
  skip = 'none',
  stacking = 'plain',
  timeSkip = 0,
  learnedState = false,
}: ModelConfiguration): { message: string; hint: string } | null {
  const hint = `train with --cell lstm --skip none; PyTorch has modules for ${Object.keys(modules).join(', ')}, with or without --embedding and --tied`;
  if (!Object.hasOwn(modules, cell)) return { message: `PyTorch has no module for ${cell}`, hint };
  const foreign = [
    layerNorm && 'layer normalisation (--layer-norm)',
    skip !== 'none' && `connections that leave out layers (--skip ${skip})`,
    stacking !== 'plain' && `${stacking} stacking (--stacking ${stacking})`,
    timeSkip > 0 && `connections through time (--time-skip ${timeSkip})`,
    learnedState && 'a learned state (--learned-state)',
  ].filter(Boolean);
  return foreign.length === 0 ? null : { message: `PyTorch's ${modules[cell]} has no ${foreign.join(' and no ')}`, hint };
}

/** The tensors of such a module, in its order. @param model one for which there is a module */
export function stateDictShapes({
  cell,
  layers,
  hidden: H,
  embedding,
  vocabulary: V,
  tied = false,
}: ModelConfiguration): { name: string; shape: readonly number[] }[] {
  const rows = { lstm: 4, gru: 3 }[cell] ?? 1;
  const shapes: { name: string; shape: readonly number[] }[] = [];
  if (embedding > 0) shapes.push({ name: 'embedding.weight', shape: [V, embedding] });
  for (let layer = 0; layer < layers; layer++) {
    shapes.push(
      { name: `rnn.weight_ih_l${layer}`, shape: [rows * H, layer > 0 ? H : embedding || V] },
      { name: `rnn.weight_hh_l${layer}`, shape: [rows * H, H] },
      { name: `rnn.bias_ih_l${layer}`, shape: [rows * H] },
      { name: `rnn.bias_hh_l${layer}`, shape: [rows * H] },
    );
  }
  if (tied && embedding !== H) shapes.push({ name: 'projection.weight', shape: [embedding, H] });
  return [...shapes, { name: 'output.weight', shape: [V, tied ? embedding : H] }, { name: 'output.bias', shape: [V] }];
}

/**
 * The weights of a model as PyTorch has them. All of a bias is in `bias_ih`, and none but that inside the GRU's
 * product in `bias_hh`, so that they come back as they went, to the last bit.
 *
 * @param trained of a model for which there is a module
 * @throws RnnError `checkpoint` if its tensors are not those of its model
 */
export function stateDict(trained: Pick<TrainedModel, 'model' | 'tensors'>): Tensor[] {
  const { model } = trained;
  const H = model.hidden;
  const own = new Map(tensorsOf(parameterShapes(model), parameterVector(trained)).map((tensor) => [tensor.name, tensor]));
  const turned = (name: string): Float32Array => transposed(own.get(name)!.data, own.get(name)!.shape[1]);
  const data = (name: string): Float32Array => {
    if (name === 'embedding.weight') return own.get('embedding.W')!.data;
    if (name === 'projection.weight') return turned('head.W');
    if (name === 'output.weight') return model.tied ? own.get('embedding.W')!.data : turned('head.W');
    if (name === 'output.bias') return own.get('head.b')!.data;
    const [, kind, layer] = /^rnn\.(\w+)_l(\d+)$/.exec(name)!;
    if (kind === 'weight_ih') return turned(`layer${layer}.Wx`);
    if (kind === 'weight_hh') return turned(`layer${layer}.Wh`);
    const bias = own.get(`layer${layer}.b`)!.data;
    if (kind === 'bias_ih') return bias;
    const second = new Float32Array(bias.length);
    if (model.cell === 'gru') second.set(own.get(`layer${layer}.bh`)!.data, 2 * H);
    return second;
  };
  return stateDictShapes(model).map(({ name, shape }) => ({ name, shape, data: data(name) }));
}

/**
 * Our weights from those of PyTorch: the two biases of a layer are added up where we have one.
 *
 * @param model one for which there is a module
 * @param fail is told which tensor is missing, has another shape, or is none of the model's
 */
export function tensorsFromStateDict(model: ModelConfiguration, tensors: readonly Tensor[], fail: Fail): Tensor[] {
  const theirs = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const expected = stateDictShapes(model);
  for (const { name, shape } of expected) {
    const found = theirs.get(name);
    if (found === undefined) fail(`it has no tensor ${name}, which the model needs`);
    if (found.shape.length !== shape.length || found.shape.some((length, axis) => length !== shape[axis]))
      fail(`${name} has the shape ${found.shape.join('×')}, and the model says ${shape.join('×')}`);
  }
  const stranger = tensors.find(({ name }) => !expected.some((each) => each.name === name));
  if (stranger !== undefined) fail(`it has a tensor ${JSON.stringify(stranger.name)}, which the model has not`);
  const data = (name: string): Float32Array => theirs.get(name)!.data;
  if (model.tied) refuseUntied(data('output.weight'), data('embedding.weight'), fail);
  return parameterShapes(model).map(({ name, rows, columns }) => ({
    name,
    shape: [rows, columns],
    data: weightFrom(data, name, rows, model),
  }));
}

function weightFrom(
  data: (name: string) => Float32Array,
  name: string,
  rows: number,
  { cell, hidden: H, tied = false }: ModelConfiguration,
): Float32Array {
  if (name === 'embedding.W') return data('embedding.weight');
  if (name === 'head.W') return transposed(data(tied ? 'projection.weight' : 'output.weight'), rows);
  if (name === 'head.b') return data('output.bias');
  const [, layer, own] = /^layer(\d+)\.(\w+)$/.exec(name)!;
  if (own === 'Wx') return transposed(data(`rnn.weight_ih_l${layer}`), rows);
  if (own === 'Wh') return transposed(data(`rnn.weight_hh_l${layer}`), rows);
  const second = data(`rnn.bias_hh_l${layer}`);
  if (own === 'bh') return second.slice(2 * H);
  const inside = cell === 'gru' ? 2 * H : second.length;
  // Not +0 to −0, which would be 0.
  return data(`rnn.bias_ih_l${layer}`).map((bias, at) => (at >= inside || second[at] === 0 ? bias : bias + second[at]));
}

function refuseUntied(output: Float32Array, embedding: Float32Array, fail: Fail): void {
  if (output.some((value, at) => value !== embedding[at]))
    fail('its model is tied, and output.weight is not embedding.weight: they were trained as two');
}

/** @param columns of the matrix that is given, row by row */
function transposed(values: Float32Array, columns: number): Float32Array {
  const rows = values.length / columns;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  return result;
}
