// Long short-term memory as it was first, without a forget gate: nothing but addition ever changes
// the cell, so that a gradient goes back through it unchanged (Hochreiter and Schmidhuber, 1997).
// The paper squashes by 4σ − 2 and 2σ − 1 where we have tanh, and cuts the gradient off at the
// gates; here it is that of the whole unrolled network.
//
//   i, o = σ(x·Wx + h·Wh + b)    g = tanh(x·Wx + h·Wh + b)
//   c' = c + i∘g                 h' = o∘tanh(c')
import { type Cell, block, gateWeights } from './cell.ts';

export const lstm1997: Cell = {
  name: 'lstm-1997',
  summary: 'LSTM without a forget gate, as it was first: for study',
  learningRateTimesHidden: 4,
  states: ['h', 'c'],
  gates: ['i', 'o'],
  conventions: { gates: 'i g o' },
  weights: gateWeights('igo'),
  step(ops, x, { h, c }, { Wh }) {
    const H = h.columns;
    const z = ops.add(x, ops.linear(h, Wh)); // (N, 3H)
    const i = ops.sigmoid(block(ops, z, 0, H));
    const g = ops.tanh(block(ops, z, 1, H));
    const o = ops.sigmoid(block(ops, z, 2, H));
    const cell = ops.add(c, ops.multiply(i, g));
    return { h: ops.multiply(o, ops.tanh(cell)), c: cell, i, o };
  },
};
