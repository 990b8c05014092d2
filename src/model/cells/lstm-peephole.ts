// Long short-term memory whose gates see the cell (Gers and Schmidhuber, 2000; the form of Graves,
// 2013): each unit's gates its own cell alone, so that the weights p are rows. The output gate sees
// the cell after the step.
//
//   i, f = σ(x·Wx + h·Wh + p∘c + b)    g = tanh(x·Wx + h·Wh + b)
//   c' = f∘c + i∘g                     o = σ(x·Wx + h·Wh + po∘c' + b)    h' = o∘tanh(c')
import { type Cell, block } from './cell.ts';
import { lstm } from './lstm.ts';

export const lstmPeephole: Cell = {
  ...lstm,
  name: 'lstm-peephole',
  summary: 'LSTM whose gates see the cell: for counting and timing',
  weights: (D, H) => [
    ...lstm.weights(D, H),
    ...(['i', 'f', 'o'] as const).map((gate) => ({
      name: `p${gate}`,
      rows: 1,
      columns: H,
      role: 'gain' as const,
      gates: gate,
    })),
  ],
  step(ops, x, { h, c }, { Wh, pi, pf, po }) {
    const H = h.columns;
    const z = ops.add(x, ops.linear(h, Wh)); // (N, 4H)
    const i = ops.sigmoid(ops.add(block(ops, z, 0, H), ops.multiply(c, pi)));
    const f = ops.sigmoid(ops.add(block(ops, z, 1, H), ops.multiply(c, pf)));
    const g = ops.tanh(block(ops, z, 2, H));
    const cell = ops.add(ops.multiply(f, c), ops.multiply(i, g));
    const o = ops.sigmoid(ops.add(block(ops, z, 3, H), ops.multiply(cell, po)));
    return { h: ops.multiply(o, ops.tanh(cell)), c: cell, i, f, o };
  },
};
