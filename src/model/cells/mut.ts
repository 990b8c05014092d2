// The three cells that a search over ten thousand found to be as good as LSTM and GRU (Jozefowicz,
// Zaremba and Sutskever, 2015). z = 1 takes the new state, which is the opposite of our GRU. The
// paper adds x, or tanh(x), directly to H units, which requires an input of H units. Here the input
// is first multiplied by a block of Wx, whatever its width, and has that block's bias.
import type { Builder } from '../../program/builder.ts';
import type { Value } from '../../program/value.ts';
import { type Cell, blend, splitBlocks, gateWeights, rowWeight } from './cell.ts';

/**
 *   z = σ(x·Wx + b)    r = σ(x·Wx + h·Wr + b)
 *   n = tanh((r∘h)·Wh + tanh(x·Wx + b) + bh)
 *   h' = z∘n + (1 − z)∘h
 */
export const mut1: Cell = {
  name: 'mut1',
  summary: 'Cell found by search, whose update gate sees the input alone (Jozefowicz et al., 2015)',
  use: 'To compare with gru',
  learningRateTimesHidden: 3,
  states: ['h'],
  gates: ['z', 'r'],
  conventions: { gates: 'z r h', blend: "h' = z * n + (1 - z) * h" },
  updateGate: { gate: 'z', keeps: -1 },
  weights: (D, H) => [...gateWeights('zrh', { Wr: 'r', Wh: 'h' })(D, H), rowWeight('bh', 'bias', 'h', H)],
  step(ops, x, { h }, { Wr, Wh, bh }) {
    const [xz, xr, xh] = splitBlocks(ops, x, 3);
    const z = ops.sigmoid(xz);
    const r = ops.sigmoid(ops.add(xr, ops.linear(h, Wr)));
    const n = ops.tanh(ops.add(ops.tanh(xh), ops.linear(ops.multiply(r, h), Wh, bh)));
    return { h: blend(ops, z, n, h), z, r };
  },
};

/** @param seen the part of h that the update gate sees */
const later = (texts: Pick<Cell, 'name' | 'summary' | 'use'>, seen: (ops: Builder, h: Value) => Value): Cell => ({
  ...mut1,
  ...texts,
  weights: gateWeights('zrh', { Wz: 'z', Wr: 'r', Wh: 'h' }),
  step(ops, x, { h }, { Wz, Wr, Wh }) {
    const [xz, xr, xh] = splitBlocks(ops, x, 3);
    const z = ops.sigmoid(ops.add(xz, ops.linear(seen(ops, h), Wz)));
    const r = ops.sigmoid(ops.add(xr, ops.linear(h, Wr)));
    const n = ops.tanh(ops.add(xh, ops.linear(ops.multiply(r, h), Wh)));
    return { h: blend(ops, z, n, h), z, r };
  },
});

/**
 *   z = σ(x·Wx + h·Wz + b)    r = σ(x·Wx + h·Wr + b), where the paper has x itself
 *   n = tanh((r∘h)·Wh + x·Wx + b)
 *   h' = z∘n + (1 − z)∘h
 */
export const mut2 = later(
  { name: 'mut2', summary: 'Cell found by search, close to gru-cho', use: 'To compare with gru-cho' },
  (_, h) => h,
);

/** As MUT2, but z = σ(x·Wx + tanh(h)·Wz + b), and r = σ(x·Wx + h·Wr + b) as in the paper. */
export const mut3 = later(
  { name: 'mut3', summary: 'Cell found by search, whose update gate sees tanh(h)', use: 'To compare with gru-cho' },
  (ops, h) => ops.tanh(h),
);
