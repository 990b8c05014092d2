// Multiplicative LSTM (Krause, Lu, Murray and Renals, 2016): what all gates and the candidate see
// of the past is m, whose recurrent matrix depends on the symbol. The paper's m has no bias; ours
// has one, as part of the input's. Versions of the paper differ in what goes through a tanh and
// when; here it is what an LSTM has.
//
//   m = (x·Wx + b)∘(h·Wm)
//   i, f, o = σ(x·Wx + m·Wh + b)    g = tanh(x·Wx + m·Wh + b)
//   c' = f∘c + i∘g                  h' = o∘tanh(c')
import { type Cell, block } from './cell.ts';
import { lstm, lstmStep } from './lstm.ts';

export const mlstm: Cell = {
  ...lstm,
  name: 'mlstm',
  summary: 'multiplicative LSTM: one layer of it learns small texts best',
  learningRateTimesHidden: 2,
  conventions: { gates: 'm i f g o' },
  weights: (D, H) => [
    { name: 'Wx', rows: D, columns: 5 * H, role: 'input', gates: 'mifgo' },
    { name: 'Wm', rows: H, columns: H, role: 'recurrent', gates: 'm' },
    { name: 'Wh', rows: H, columns: 4 * H, role: 'recurrent', gates: 'ifgo' },
    { name: 'b', rows: 1, columns: 5 * H, role: 'bias', gates: 'mifgo' },
  ],
  step(ops, x, { h, c }, { Wm, Wh }) {
    const H = h.columns;
    const m = ops.multiply(block(ops, x, 0, H), ops.linear(h, Wm));
    return lstmStep(ops, ops.add(ops.columns(x, H, 4 * H), ops.linear(m, Wh)), c);
  },
};
