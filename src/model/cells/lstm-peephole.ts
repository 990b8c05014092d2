// Long short-term memory with peepholes (Gers and Schmidhuber, 2000, in the form of Graves, 2013). The
// gates of a unit see only its own cell state, so the weights p are rows. The output gate sees the
// cell state after the time step.
//
//   i, f = σ(x·Wx + h·Wh + p∘c + b)    g = tanh(x·Wx + h·Wh + b)
//   c' = f∘c + i∘g                     o = σ(x·Wx + h·Wh + po∘c' + b)    h' = o∘tanh(c')
import { type Cell, splitBlocks, rowWeight } from './cell.ts';
import { lstm } from './lstm.ts';

/**
 * LSTM with peephole connections (Gers and Schmidhuber, 2000). Blocks of H columns: i, f, g, o. The
 * peephole weights are rows (1, H).
 */
export const lstmPeephole: Cell = {
  ...lstm,
  name: 'lstm-peephole',
  summary: 'LSTM whose gates see the cell state',
  use: 'To count, and for exact intervals',
  weights: (D, H) => [...lstm.weights(D, H), ...['i', 'f', 'o'].map((gate) => rowWeight(`p${gate}`, 'gain', gate, H))],
  step(ops, x, { h, c }, { Wh, pi, pf, po }) {
    const z = ops.add(x, ops.linear(h, Wh)); // (N, 4H)
    const [zi, zf, zg, zo] = splitBlocks(ops, z, 4);
    const i = ops.sigmoid(ops.add(zi, ops.multiply(c, pi)));
    const f = ops.sigmoid(ops.add(zf, ops.multiply(c, pf)));
    const g = ops.tanh(zg);
    const cell = ops.add(ops.multiply(f, c), ops.multiply(i, g));
    const o = ops.sigmoid(ops.add(zo, ops.multiply(cell, po)));
    return { h: ops.multiply(o, ops.tanh(cell)), c: cell, i, f, o };
  },
};
