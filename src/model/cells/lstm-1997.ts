// The original long short-term memory, without a forget gate (Hochreiter and Schmidhuber, 1997).
// The cell state changes only by addition, so a gradient flows back through it unchanged. The paper
// squashes by 4σ − 2 and 2σ − 1 instead of tanh, and cuts the gradient off at the gates. Here the
// gradient flows through the whole unrolled network.
//
//   i, o = σ(x·Wx + h·Wh + b)    g = tanh(x·Wx + h·Wh + b)
//   c' = c + i∘g                 h' = o∘tanh(c')
import { type Cell, splitBlocks, gateWeights } from './cell.ts';

/** LSTM without a forget gate (Hochreiter and Schmidhuber, 1997). Blocks of H columns: i, g, o. */
export const lstm1997: Cell = {
  name: 'lstm-1997',
  summary: 'Original LSTM, without a forget gate',
  use: 'For study',
  learningRateTimesHidden: 4,
  states: ['h', 'c'],
  gates: ['i', 'o'],
  conventions: { gates: 'i g o' },
  weights: gateWeights('igo'),
  step(ops, x, { h, c }, { Wh }) {
    const z = ops.add(x, ops.linear(h, Wh)); // (N, 3H)
    const [zi, zg, zo] = splitBlocks(ops, z, 3);
    const i = ops.sigmoid(zi);
    const g = ops.tanh(zg);
    const o = ops.sigmoid(zo);
    const cell = ops.add(c, ops.multiply(i, g));
    return { h: ops.multiply(o, ops.tanh(cell)), c: cell, i, o };
  },
};
