// Long short-term memory as it was first, without a forget gate: nothing but addition ever changes
// the cell, so that a gradient goes back through it unchanged (Hochreiter and Schmidhuber, 1997).
// The paper squashes by 4σ − 2 and 2σ − 1 where we have tanh, and cuts the gradient off at the
// gates; here it is that of the whole unrolled network.
//
//   i, o = σ(x·Wx + h·Wh + b)    g = tanh(x·Wx + h·Wh + b)
//   c' = c + i∘g                 h' = o∘tanh(c')
import { type Cell, blocks, gateWeights } from './cell.ts';

export const lstm1997: Cell = {
  name: 'lstm-1997',
  summary: 'LSTM without a forget gate, as it was first: for study',
  learningRateTimesHidden: 4,
  states: ['h', 'c'],
  gates: ['i', 'o'],
  conventions: { gates: 'i g o' },
  weights: gateWeights('igo'),
  step(ops, x, { h, c }, { Wh }) {
    const z = ops.add(x, ops.linear(h, Wh)); // (N, 3H)
    const [zi, zg, zo] = blocks(ops, z, 3);
    const i = ops.sigmoid(zi);
    const g = ops.tanh(zg);
    const o = ops.sigmoid(zo);
    const cell = ops.add(c, ops.multiply(i, g));
    return { h: ops.multiply(o, ops.tanh(cell)), c: cell, i, o };
  },
};
