// The vanilla recurrent network (Elman, 1990), with tanh or ReLU:  h' = f(x·Wx + h·Wh + b).
import type { Builder } from '../../program/builder.ts';
import type { Value } from '../../program/value.ts';
import { type Cell, gateWeights } from './cell.ts';

function vanilla(
  texts: Pick<Cell, 'name' | 'summary' | 'use' | 'learningRateTimesHidden'>,
  activation: (ops: Builder, z: Value) => Value,
): Cell {
  return {
    ...texts,
    states: ['h'],
    gates: [],
    conventions: {},
    weights: gateWeights('h'),
    step: (ops, x, { h }, { Wh }) => ({ h: activation(ops, ops.add(x, ops.linear(h, Wh))) }),
  };
}

/** Vanilla recurrent network with tanh (Elman, 1990). */
export const rnn = vanilla(
  {
    name: 'rnn',
    summary: 'Vanilla recurrent network with tanh',
    use: 'To study simple networks, and for speed',
    learningRateTimesHidden: 0.75,
  },
  (ops, z) => ops.tanh(z),
);
/** Vanilla recurrent network with ReLU. */
export const rnnRelu = vanilla(
  {
    name: 'rnn-relu',
    summary: 'Vanilla network with ReLU',
    use: 'To study exploding gradients: its gradients explode more easily',
    learningRateTimesHidden: 0.25,
  },
  (ops, z) => ops.relu(z),
);

/**
 * IRNN (Le, Jaitly and Hinton, 2015): ReLU, a recurrent matrix that starts as the identity, and
 * biases that start at 0, so that a state is kept until something changes it. The paper's input
 * weights start with a standard deviation of 0.001. Ours start as in other cells.
 */
export const irnn: Cell = {
  ...rnnRelu,
  name: 'irnn',
  summary: 'ReLU network that starts with the identity as recurrent weights (Le et al., 2015)',
  use: 'To remember for a long time without gates',
  learningRateTimesHidden: 0.1,
  startsAsIdentity: true,
  weights: (D, H) => rnnRelu.weights(D, H).map((weight) => (weight.role === 'bias' ? { ...weight, start: 0 } : weight)),
};
