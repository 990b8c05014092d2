// Gated recurrent unit in its two forms. In both z = 1 keeps the old state, as in Cho et al.
// (2014), PyTorch and Keras; some texts blend the other way.
import { type Cell, blend, block, gateWeights } from './cell.ts';

/**
 * As cuDNN and PyTorch's nn.GRU have it: the reset gate acts after the product with h, so that all
 * three products of a step are one; bh is the bias inside that product.
 *
 *   r, z = σ(x·Wx + h·Wh + b)    n = tanh(x·Wx + b + r∘(h·Wh + bh))
 *   h' = z∘h + (1 − z)∘n
 */
export const gru: Cell = {
  name: 'gru',
  summary: 'gated recurrent unit: a quarter smaller, nearly as good',
  learningRateTimesHidden: 3,
  states: ['h'],
  gates: ['r', 'z'],
  conventions: { gates: 'r z n', blend: "h' = (1 - z) * n + z * h", reset: 'after the product' },
  updateGate: { gate: 'z', keeps: 1 },
  weights: (D, H) => [...gateWeights('rzn')(D, H), { name: 'bh', rows: 1, columns: H, role: 'bias', gates: 'n' }],
  step(ops, x, { h }, { Wh, bh }) {
    const H = h.columns;
    const fromState = ops.linear(h, Wh); // (N, 3H)
    const r = ops.sigmoid(ops.add(block(ops, x, 0, H), block(ops, fromState, 0, H)));
    const z = ops.sigmoid(ops.add(block(ops, x, 1, H), block(ops, fromState, 1, H)));
    const candidate = ops.multiply(r, ops.add(block(ops, fromState, 2, H), bh));
    const n = ops.tanh(ops.add(block(ops, x, 2, H), candidate));
    return { h: blend(ops, z, h, n), r, z };
  },
};

/**
 * As it was first (Cho et al., 2014): the reset gate acts before the product, which then has to
 * wait for it.
 *
 *   r, z = σ(x·Wx + h·Wh + b)    n = tanh(x·Wx + (r∘h)·Wn + b)
 *   h' = z∘h + (1 − z)∘n
 */
export const gruCho: Cell = {
  ...gru,
  name: 'gru-cho',
  summary: 'GRU as it was first, its reset gate before the product: slower',
  conventions: { ...gru.conventions, reset: 'before the product' },
  weights: (D, H) => [
    { name: 'Wx', rows: D, columns: 3 * H, role: 'input', gates: 'rzn' },
    { name: 'Wh', rows: H, columns: 2 * H, role: 'recurrent', gates: 'rz' },
    { name: 'Wn', rows: H, columns: H, role: 'recurrent', gates: 'n' },
    { name: 'b', rows: 1, columns: 3 * H, role: 'bias', gates: 'rzn' },
  ],
  step(ops, x, { h }, { Wh, Wn }) {
    const H = h.columns;
    const gates = ops.add(ops.columns(x, 0, 2 * H), ops.linear(h, Wh)); // (N, 2H)
    const r = ops.sigmoid(block(ops, gates, 0, H));
    const z = ops.sigmoid(block(ops, gates, 1, H));
    const n = ops.tanh(ops.add(block(ops, x, 2, H), ops.linear(ops.multiply(r, h), Wn)));
    return { h: blend(ops, z, h, n), r, z };
  },
};
