// The LSTM with layer normalisation (Ba, Kiros and Hinton, 2016) of three things: the projected
// input (in the layer), the projected state, and the cell state before the output gate. Each is
// normalised over all of its elements, the four gates together.
//
//   z = LN(x·Wx) + LN(h·Wh) + b       i, f, o = σ(z)    g = tanh(z)
//   c' = f∘c + i∘g                    h' = o∘tanh(LN(c') + bc)
//
// x·Wx is the sum over all inputs except a skip connection through time.
import { normalise } from '../normalise.ts';
import { type Cell, rowWeight } from './cell.ts';
import { lstm, lstmStep } from './lstm.ts';

/** `lstm` in a model with layer normalisation. */
export const lstmLayerNorm: Cell = {
  ...lstm,
  weights: (D, H) => [
    ...lstm.weights(D, H),
    rowWeight('gh', 'gain', 'ifgo', 4 * H, 1),
    rowWeight('gc', 'gain', 'c', H, 1),
    rowWeight('bc', 'bias', 'c', H, 0),
  ],
  step(ops, x, { h, c }, { Wh, gh, gc, bc }) {
    const z = ops.add(x, normalise(ops, ops.linear(h, Wh), gh)); // (N, 4H)
    return lstmStep(ops, z, c, (cell) => ops.add(normalise(ops, cell, gc), bc));
  },
};
