// Optimizers: the equations of one update, written like a cell, and the numbers that change from step to step.
import type { UpdateRule } from '../devices/device.ts';
import { Builder } from '../program/builder.ts';
import type { Value } from '../program/value.ts';
import type { OptimizerName, TrainingOptions } from './options.ts';

/** Averages below this are zero: they would sink to denormal numbers, which make an update many times slower. */
const NEGLIGIBLE = 1e-30;

export interface Optimizer {
  readonly name: OptimizerName;
  readonly rule: UpdateRule;
  /** The scalars of the rule at a step, counted from 1. */
  scalars(step: number, learningRate: number): Record<string, number>;
}

type Vectors = Readonly<Record<string, Value>>;

interface Equations {
  readonly slots: readonly string[];
  readonly scalars: readonly string[];
  /** New values of `parameters` and of each slot. `g` is the gradient after clipping. */
  update(ops: Builder, w: Value, g: Value, slots: Vectors, scalars: Vectors): Record<string, Value>;
}

function ruleOf({ slots, scalars, update }: Equations, clipNorm: number): UpdateRule {
  return {
    slots,
    scalars,
    clipNorm,
    build(parameters) {
      const ops = new Builder();
      const vector = (name: string): Value => ops.input(name, 1, parameters);
      const named = (names: readonly string[], make: (name: string) => Value): Vectors => Object.fromEntries(names.map((name) => [name, make(name)]));
      const g = ops.multiply(vector('gradients'), ops.input('gradientScale', 1));
      const results = update(ops, vector('parameters'), g, named(slots, vector), named(scalars, (name) => ops.input(name, 1)));
      return ops.program(new Map(Object.entries(results)));
    },
  };
}

/**
 * Adam (Kingma and Ba, 2015):  m' = β₁m + (1−β₁)g    v' = β₂v + (1−β₂)g²    w' = w − η/(1−β₁ᵗ) · m' / (√(v'/(1−β₂ᵗ)) + ε)
 * with β₁ = 0.9, β₂ = 0.999, ε = 1e-8, as in PyTorch.
 */
function adam(clipNorm: number): Optimizer {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  return {
    name: 'adam',
    rule: ruleOf({
      slots: ['m', 'v'],
      scalars: ['stepSize', 'rootCorrection'],
      update(ops, w, g, { m, v }, { stepSize, rootCorrection }) {
        const nextM = ops.flush(ops.add(ops.scale(m, beta1), ops.scale(g, 1 - beta1)), NEGLIGIBLE);
        const nextV = ops.flush(ops.add(ops.scale(v, beta2), ops.scale(ops.multiply(g, g), 1 - beta2)), NEGLIGIBLE);
        const root = ops.offset(ops.multiply(ops.sqrt(nextV), rootCorrection), epsilon);
        return { m: nextM, v: nextV, parameters: ops.subtract(w, ops.divide(ops.multiply(nextM, stepSize), root)) };
      },
    }, clipNorm),
    scalars: (step, learningRate) => ({ stepSize: learningRate / (1 - beta1 ** step), rootCorrection: 1 / Math.sqrt(1 - beta2 ** step) }),
  };
}

/** RMSProp (Tieleman and Hinton, 2012):  v' = αv + (1−α)g²    w' = w − η·g / (√v' + ε)  with α = 0.95, ε = 1e-8, as char-rnn uses it. */
function rmsprop(clipNorm: number): Optimizer {
  const [decay, epsilon] = [0.95, 1e-8];
  return {
    name: 'rmsprop',
    rule: ruleOf({
      slots: ['v'],
      scalars: ['learningRate'],
      update(ops, w, g, { v }, { learningRate }) {
        const nextV = ops.flush(ops.add(ops.scale(v, decay), ops.scale(ops.multiply(g, g), 1 - decay)), NEGLIGIBLE);
        return { v: nextV, parameters: ops.subtract(w, ops.divide(ops.multiply(g, learningRate), ops.offset(ops.sqrt(nextV), epsilon))) };
      },
    }, clipNorm),
    scalars: (_, learningRate) => ({ learningRate }),
  };
}

/** Gradient descent with momentum (Polyak, 1964), in PyTorch's form:  b' = μb + g    w' = w − η·b' */
function sgd(clipNorm: number, momentum: number): Optimizer {
  return {
    name: 'sgd',
    rule: ruleOf({
      slots: ['b'],
      scalars: ['learningRate'],
      update(ops, w, g, { b }, { learningRate }) {
        const nextB = ops.flush(ops.add(ops.scale(b, momentum), g), NEGLIGIBLE);
        return { b: nextB, parameters: ops.subtract(w, ops.multiply(nextB, learningRate)) };
      },
    }, clipNorm),
    scalars: (_, learningRate) => ({ learningRate }),
  };
}

export function createOptimizer({ optimizer, clipNorm, momentum }: Pick<TrainingOptions, 'optimizer' | 'clipNorm' | 'momentum'>): Optimizer {
  switch (optimizer) {
    case 'adam': return adam(clipNorm);
    case 'rmsprop': return rmsprop(clipNorm);
    case 'sgd': return sgd(clipNorm, momentum);
    default: return optimizer satisfies never;
  }
}
