// Gated recurrent unit in its two forms. In both, z = 1 keeps the old state, as in Cho et al.
// (2014), PyTorch and Keras. Some texts blend the other way.
import { type Cell, blend, splitBlocks, gateWeights, rowWeight } from './cell.ts';

/**
 * The form of cuDNN and PyTorch's nn.GRU: the reset gate acts after the product with h, so that all
 * three products of a time step are one. bh is the bias inside that product.
 *
 *   r, z = σ(x·Wx + h·Wh + b)    n = tanh(x·Wx + b + r∘(h·Wh + bh))
 *   h' = z∘h + (1 − z)∘n
 */
export const gru: Cell = {
  name: 'gru',
  summary: 'Gated recurrent unit, as in PyTorch',
  use: 'For short training: it is faster than an LSTM and nearly as good',
  learningRateTimesHidden: 3,
  states: ['h'],
  gates: ['r', 'z'],
  conventions: { gates: 'r z n', blend: "h' = (1 - z) * n + z * h", reset: 'after the product' },
  updateGate: { gate: 'z', keeps: 1 },
  weights: (D, H) => [...gateWeights('rzn')(D, H), rowWeight('bh', 'bias', 'n', H)],
  step(ops, x, { h }, { Wh, bh }) {
    const [xr, xz, xn] = splitBlocks(ops, x, 3);
    const [hr, hz, hn] = splitBlocks(ops, ops.linear(h, Wh), 3);
    const r = ops.sigmoid(ops.add(xr, hr));
    const z = ops.sigmoid(ops.add(xz, hz));
    const n = ops.tanh(ops.add(xn, ops.multiply(r, ops.add(hn, bh))));
    return { h: blend(ops, z, h, n), r, z };
  },
};

/**
 * The original form (Cho et al., 2014): the reset gate acts before the product, which has to wait
 * for it.
 *
 *   r, z = σ(x·Wx + h·Wh + b)    n = tanh(x·Wx + (r∘h)·Wn + b)
 *   h' = z∘h + (1 − z)∘n
 */
export const gruCho: Cell = {
  ...gru,
  name: 'gru-cho',
  summary: 'Original GRU, with its reset gate before the product (Cho et al., 2014)',
  use: 'To reproduce papers: it is slower than gru',
  conventions: { ...gru.conventions, reset: 'before the product' },
  weights: gateWeights('rzn', { Wh: 'rz', Wn: 'n' }),
  step(ops, x, { h }, { Wh, Wn }) {
    const H = h.columns;
    const [zr, zz] = splitBlocks(ops, ops.add(ops.columns(x, 0, 2 * H), ops.linear(h, Wh)), 2);
    const [, , xn] = splitBlocks(ops, x, 3);
    const r = ops.sigmoid(zr);
    const z = ops.sigmoid(zz);
    const n = ops.tanh(ops.add(xn, ops.linear(ops.multiply(r, h), Wn)));
    return { h: blend(ops, z, h, n), r, z };
  },
};
