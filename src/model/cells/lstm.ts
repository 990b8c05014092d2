// Long short-term memory with a forget gate (Hochreiter and Schmidhuber, 1997; Gers, Schmidhuber
// and Cummins, 2000), without peepholes. As in PyTorch's nn.LSTM, but with one bias where PyTorch
// adds two.
//
//   i, f, o = σ(x·Wx + h·Wh + b)    g = tanh(x·Wx + h·Wh + b)
//   c' = f∘c + i∘g                  h' = o∘tanh(c')
import type { Builder } from '../../program/builder.ts';
import type { Value } from '../../program/value.ts';
import { type Cell, splitBlocks, gateWeights } from './cell.ts';

/**
 * The equations above after z = x·Wx + h·Wh + b (N, 4H).
 *
 * @param visible the part of c' that the output gate lets through, before its tanh
 */
export function lstmStep(
  ops: Builder,
  z: Value,
  c: Value,
  visible: (cell: Value) => Value = (cell) => cell,
): Record<string, Value> {
  const [zi, zf, zg, zo] = splitBlocks(ops, z, 4);
  const i = ops.sigmoid(zi);
  const f = ops.sigmoid(zf);
  const g = ops.tanh(zg);
  const o = ops.sigmoid(zo);
  const cell = ops.add(ops.multiply(f, c), ops.multiply(i, g));
  return { h: ops.multiply(o, ops.tanh(visible(cell))), c: cell, i, f, o };
}

/**
 * LSTM with a forget gate (Gers, Schmidhuber and Cummins, 2000). Blocks of H columns: i, f, g, o,
 * as in PyTorch.
 */
export const lstm: Cell = {
  name: 'lstm',
  summary: 'Long short-term memory (Hochreiter and Schmidhuber, 1997; Gers et al., 2000)',
  use: 'For most texts, in one to three layers',
  learningRateTimesHidden: 4,
  states: ['h', 'c'],
  gates: ['i', 'f', 'o'],
  conventions: { gates: 'i f g o' },
  forgetGate: 'f',
  weights: gateWeights('ifgo'),
  step: (ops, x, { h, c }, { Wh }) => lstmStep(ops, ops.add(x, ops.linear(h, Wh)), c),
};
