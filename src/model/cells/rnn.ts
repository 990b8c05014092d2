// The vanilla recurrent network (Elman, 1990), with tanh or with a rectifier:  h' = f(x·Wx + h·Wh + b).
import type { Builder } from '../../program/builder.ts';
import type { Value } from '../../program/value.ts';
import type { Cell } from './cell.ts';

function vanilla(name: string, summary: string, activation: (ops: Builder, z: Value) => Value): Cell {
  return {
    name,
    summary,
    states: ['h'],
    conventions: {},
    weights: (D, H) => [
      { name: 'Wx', rows: D, columns: H, role: 'input', gates: 'h' },
      { name: 'Wh', rows: H, columns: H, role: 'recurrent', gates: 'h' },
      { name: 'b', rows: 1, columns: H, role: 'bias', gates: 'h' },
    ],
    step: (ops, x, { h }, { Wx, Wh, b }) => ({ h: activation(ops, ops.add(ops.linear(x, Wx, b), ops.linear(h, Wh))) }),
  };
}

export const rnn = vanilla('rnn', 'vanilla recurrent network with tanh: for study, and for speed', (ops, z) => ops.tanh(z));
export const rnnRelu = vanilla('rnn-relu', 'vanilla recurrent network with ReLU: explodes more easily than tanh', (ops, z) => ops.relu(z));
