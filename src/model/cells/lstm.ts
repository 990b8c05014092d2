// Long short-term memory with a forget gate (Hochreiter and Schmidhuber, 1997; Gers, Schmidhuber and Cummins, 2000), without
// peepholes, as in PyTorch's nn.LSTM but for one bias where PyTorch adds up two.
//
//   i, f, o = σ(x·Wx + h·Wh + b)    g = tanh(x·Wx + h·Wh + b)
//   c' = f∘c + i∘g                  h' = o∘tanh(c')
import type { Cell } from './cell.ts';

const GATES = 'ifgo';

export const lstm: Cell = {
  name: 'lstm',
  summary: 'long short-term memory with a forget gate: the best learner on most texts',
  states: ['h', 'c'],
  conventions: { gates: 'i f g o' },
  forgetGate: 'f',
  weights: (D, H) => [
    { name: 'Wx', rows: D, columns: 4 * H, role: 'input', gates: GATES },
    { name: 'Wh', rows: H, columns: 4 * H, role: 'recurrent', gates: GATES },
    { name: 'b', rows: 1, columns: 4 * H, role: 'bias', gates: GATES },
  ],
  step(ops, x, { h, c }, { Wx, Wh, b }) {
    const H = h.columns;
    const z = ops.add(ops.linear(x, Wx, b), ops.linear(h, Wh)); // (N, 4H)
    const i = ops.sigmoid(ops.columns(z, 0, H));
    const f = ops.sigmoid(ops.columns(z, H, H));
    const g = ops.tanh(ops.columns(z, 2 * H, H));
    const o = ops.sigmoid(ops.columns(z, 3 * H, H));
    const cell = ops.add(ops.multiply(f, c), ops.multiply(i, g));
    return { h: ops.multiply(o, ops.tanh(cell)), c: cell };
  },
};
