// Multiplicative LSTM (Krause, Lu, Murray and Renals, 2016). All gates and the candidate read the
// past through m, whose recurrent matrix depends on the token. The paper's m has no bias. Ours has
// one, as part of the input's bias. Versions of the paper differ in where they apply tanh. Here it
// is applied as in an LSTM.
//
//   m = (x·Wx + b)∘(h·Wm)
//   i, f, o = σ(x·Wx + m·Wh + b)    g = tanh(x·Wx + m·Wh + b)
//   c' = f∘c + i∘g                  h' = o∘tanh(c')
import { type Cell, gateWeights } from './cell.ts';
import { lstm, lstmStep } from './lstm.ts';

/**
 * Multiplicative LSTM (Krause, Lu, Murray and Renals, 2016). Blocks of H columns: m, i, f, g, o.
 */
export const mlstm: Cell = {
  ...lstm,
  name: 'mlstm',
  summary: 'Multiplicative LSTM (Krause et al., 2016)',
  use: 'For small texts, in one or two layers',
  learningRateTimesHidden: 2,
  conventions: { gates: 'm i f g o' },
  weights: gateWeights('mifgo', { Wm: 'm', Wh: 'ifgo' }),
  step(ops, x, { h, c }, { Wm, Wh }) {
    const H = h.columns;
    const m = ops.multiply(ops.columns(x, 0, H), ops.linear(h, Wm));
    return lstmStep(ops, ops.add(ops.columns(x, H, 4 * H), ops.linear(m, Wh)), c);
  },
};
