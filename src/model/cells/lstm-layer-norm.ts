// The LSTM with layer normalisation (Ba, Kiros and Hinton, 2016): of what comes from the input (the
// layer does that), of what comes from the state, and of the cell where it goes out. Each over all
// of its elements: the four gates together.
//
//   z = LN(x·Wx) + LN(h·Wh) + b       i, f, o = σ(z)    g = tanh(z), where x·Wx is the sum over all inputs but that of a skip through time
//   c' = f∘c + i∘g                    h' = o∘tanh(LN(c') + bc)
import { normalise } from '../normalise.ts';
import type { Cell } from './cell.ts';
import { lstm, lstmStep } from './lstm.ts';

/** `lstm` in a model with layer normalisation. */
export const lstmLayerNorm: Cell = {
  ...lstm,
  weights: (D, H) => [
    ...lstm.weights(D, H),
    { name: 'gh', rows: 1, columns: 4 * H, role: 'gain', gates: 'ifgo', start: 1 },
    { name: 'gc', rows: 1, columns: H, role: 'gain', gates: 'c', start: 1 },
    { name: 'bc', rows: 1, columns: H, role: 'bias', gates: 'c', start: 0 },
  ],
  step(ops, x, { h, c }, { Wh, gh, gc, bc }) {
    const z = ops.add(x, normalise(ops, ops.linear(h, Wh), gh)); // (N, 4H)
    return lstmStep(ops, z, c, (cell) => ops.add(normalise(ops, cell, gc), bc));
  },
};
