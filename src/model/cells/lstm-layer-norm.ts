// The LSTM with layer normalisation (Ba, Kiros and Hinton, 2016): of what comes from the input (the layer does that), of what comes from
// the state, and of the cell where it goes out. Each over all of its elements: the four gates together.
//
//   z = LN(x·Wx) + LN(h·Wh) + b       i, f, o = σ(z)    g = tanh(z), where x·Wx is the sum over all inputs but that of a skip through time
//   c' = f∘c + i∘g                    h' = o∘tanh(LN(c') + bc)
import { normalise } from '../normalise.ts';
import { type Cell, block } from './cell.ts';
import { lstm } from './lstm.ts';

/** What `lstm` is in a model with layer normalisation. */
export const lstmLayerNorm: Cell = {
  ...lstm,
  weights: (D, H) => [
    ...lstm.weights(D, H),
    { name: 'gh', rows: 1, columns: 4 * H, role: 'gain', gates: 'ifgo', start: 1 },
    { name: 'gc', rows: 1, columns: H, role: 'gain', gates: 'c', start: 1 },
    { name: 'bc', rows: 1, columns: H, role: 'bias', gates: 'c', start: 0 },
  ],
  step(ops, x, { h, c }, { Wh, gh, gc, bc }) {
    const H = h.columns;
    const z = ops.add(x, normalise(ops, ops.linear(h, Wh), gh)); // (N, 4H)
    const i = ops.sigmoid(block(ops, z, 0, H));
    const f = ops.sigmoid(block(ops, z, 1, H));
    const g = ops.tanh(block(ops, z, 2, H));
    const o = ops.sigmoid(block(ops, z, 3, H));
    const cell = ops.add(ops.multiply(f, c), ops.multiply(i, g));
    return { h: ops.multiply(o, ops.tanh(ops.add(normalise(ops, cell, gc), bc))), c: cell, i, f, o };
  },
};
