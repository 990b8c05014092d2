// Gated recurrent unit (Cho et al., 2014) in the form of cuDNN and PyTorch's nn.GRU: the reset gate acts after the product with
// h, so that all three products of a step are one; bh is the bias inside that product. z = 1 keeps the old state (in Cho et al.
// too; Keras agrees, some texts blend the other way).
//
//   r, z = σ(x·Wx + h·Wh + b)    n = tanh(x·Wx + b + r∘(h·Wh + bh))
//   h' = (1 − z)∘n + z∘h
import type { Cell } from './cell.ts';

const GATES = 'rzn';

export const gru: Cell = {
  name: 'gru',
  summary: 'gated recurrent unit: a quarter fewer weights than an LSTM, nearly as good',
  states: ['h'],
  conventions: { gates: 'r z n', blend: "h' = (1 - z) * n + z * h", reset: 'after the product' },
  weights: (D, H) => [
    { name: 'Wx', rows: D, columns: 3 * H, role: 'input', gates: GATES },
    { name: 'Wh', rows: H, columns: 3 * H, role: 'recurrent', gates: GATES },
    { name: 'b', rows: 1, columns: 3 * H, role: 'bias', gates: GATES },
    { name: 'bh', rows: 1, columns: H, role: 'bias', gates: 'n' },
  ],
  step(ops, x, { h }, { Wx, Wh, b, bh }) {
    const H = h.columns;
    const fromInput = ops.linear(x, Wx, b); // (N, 3H)
    const fromState = ops.linear(h, Wh); // (N, 3H)
    const r = ops.sigmoid(ops.add(ops.columns(fromInput, 0, H), ops.columns(fromState, 0, H)));
    const z = ops.sigmoid(ops.add(ops.columns(fromInput, H, H), ops.columns(fromState, H, H)));
    const candidate = ops.multiply(r, ops.add(ops.columns(fromState, 2 * H, H), bh));
    const n = ops.tanh(ops.add(ops.columns(fromInput, 2 * H, H), candidate));
    return { h: ops.add(n, ops.multiply(z, ops.subtract(h, n))) };
  },
};
