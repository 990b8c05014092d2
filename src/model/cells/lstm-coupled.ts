// Long short-term memory with coupled gates: the input gate is 1 − f (CIFG in Greff et al., 2017).
//
//   f, o = σ(x·Wx + h·Wh + b)        g = tanh(x·Wx + h·Wh + b)
//   c' = f∘c + (1 − f)∘g             h' = o∘tanh(c')
import { type Cell, blend, splitBlocks, gateWeights } from './cell.ts';
import { lstm } from './lstm.ts';

/** LSTM whose input gate is 1 − f (CIFG, Greff et al., 2017). Blocks of H columns: f, g, o. */
export const lstmCoupled: Cell = {
  ...lstm,
  name: 'lstm-coupled',
  summary: 'LSTM that forgets as much as it takes in: its input and forget gates are coupled',
  use: 'For a smaller and faster LSTM',
  gates: ['f', 'o'],
  conventions: { gates: 'f g o', blend: "c' = f * c + (1 - f) * g" },
  weights: gateWeights('fgo'),
  step(ops, x, { h, c }, { Wh }) {
    const z = ops.add(x, ops.linear(h, Wh)); // (N, 3H)
    const [zf, zg, zo] = splitBlocks(ops, z, 3);
    const f = ops.sigmoid(zf);
    const g = ops.tanh(zg);
    const o = ops.sigmoid(zo);
    const cell = blend(ops, f, c, g);
    return { h: ops.multiply(o, ops.tanh(cell)), c: cell, f, o };
  },
};
