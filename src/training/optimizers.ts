// Optimizers: the equations of one update, written in the same way as a cell, and the scalars that
// change from step to step.
import type { UpdateRule } from '../devices/device.ts';
import { mapValues } from '../group.ts';
import { Builder } from '../program/builder.ts';
import type { Value } from '../program/value.ts';
import type { OptimizerName, TrainingOptions } from '../options/training.ts';

/** Averages below this become zero, because denormal numbers make an update many times slower. */
const NEGLIGIBLE = 1e-30;

/** The slot of the exponential moving average (EMA) of the weights. */
export const AVERAGE = 'average';
/** The slot of the gradients that wait for an update. */
export const SUM = 'sum';

export interface Optimizer {
  readonly name: OptimizerName;
  readonly rule: UpdateRule;
  /** The slots of its equations, which another optimizer cannot use. */
  readonly ownSlots: readonly string[];
  /** Batches per update: gradient accumulation if more than one. */
  readonly windows: number;
  /** The scalars of the rule at a batch, counted from 1. */
  scalars(window: number, learningRate: number): Record<string, number>;
}

/** Omitted options are off. */
export type OptimizerOptions = Pick<TrainingOptions, 'optimizer' | 'clipNorm' | 'momentum'> &
  Partial<Pick<TrainingOptions, 'nesterov' | 'weightDecay' | 'clipValue' | 'average' | 'accumulate'>>;

type Vectors = Readonly<Record<string, Value>>;

interface Equations {
  readonly slots: readonly string[];
  readonly scalars: readonly string[];
  /**
   * New values of `parameters`, which are `w`, and of each slot. `g` is the gradient after
   * clipping.
   */
  update(ops: Builder, w: Value, g: Value, slots: Vectors, scalars: Vectors): Record<string, Value>;
  /** The values of `scalars` at an update, counted from 1. With accumulation, at a batch. */
  at(count: number, learningRate: number): Record<string, number>;
}

/**
 * Decoupled weight decay (Loshchilov and Hutter, 2019):  w' = w − η·λ·w − …
 * η is the learning rate of the step, and `…` is the update by the equations. It applies to all
 * weights, including biases and embeddings, as in PyTorch's AdamW. In PyTorch's other optimizers
 * `weight_decay` is added to the gradient instead.
 */
function withDecay({ slots, scalars, update, at }: Equations, weightDecay: number): Equations {
  return {
    slots,
    scalars: [...scalars, 'decay'],
    update: (ops, w, g, vectors, numbers) =>
      update(ops, ops.subtract(w, ops.multiply(w, numbers['decay'])), g, vectors, numbers),
    at: (step, learningRate) => ({ ...at(step, learningRate), decay: learningRate * weightDecay }),
  };
}

/**
 * Exponential moving average of the weights (after Polyak and Juditsky, 1992):
 * e' = d_t·e + (1−d_t)·w'  with d_t = min(d, (1+t)/(10+t)) at update t, so that the first weights are soon forgotten.
 * e starts as a copy of w. Written e + (1−d_t)·(w' − e), because 1−d_t is small and as a separate
 * number has all its digits.
 */
function withAverage({ slots, scalars, update, at }: Equations, max: number): Equations {
  return {
    slots: [...slots, AVERAGE],
    scalars: [...scalars, 'share'],
    update(ops, w, g, vectors, numbers) {
      const results = update(ops, w, g, vectors, numbers);
      const e = vectors[AVERAGE];
      return {
        ...results,
        [AVERAGE]: ops.add(e, ops.multiply(ops.subtract(results['parameters'], e), numbers['share'])),
      };
    },
    at: (step, learningRate) => ({ ...at(step, learningRate), share: 1 - Math.min(max, (1 + step) / (10 + step)) }),
  };
}

/**
 * Gradient accumulation: averages the gradients of n batches, s' = s + g/n, and updates at every
 * n-th batch with its learning rate. Written for every element as x·apply + y·(1−apply) with apply
 * 0 or 1, which is exactly x or y. Each batch's gradient is clipped separately, by norm and by
 * value, because the device that knows the norm does not know the sum.
 */
function withAccumulation({ slots, scalars, update, at }: Equations, windows: number): Equations {
  return {
    slots: [...slots, SUM],
    scalars: [...scalars, 'apply', 'hold'],
    update(ops, w, g, vectors, numbers) {
      const before: Vectors = { ...vectors, parameters: w };
      const sum = ops.add(vectors[SUM], ops.scale(g, 1 / windows));
      const results = mapValues(update(ops, w, sum, vectors, numbers), (next, name) =>
        ops.add(ops.multiply(next, numbers['apply']), ops.multiply(before[name], numbers['hold'])),
      );
      return { ...results, [SUM]: ops.multiply(sum, numbers['hold']) };
    },
    at(window, learningRate) {
      const apply = window % windows === 0 ? 1 : 0;
      return { ...at(Math.ceil(window / windows), learningRate), apply, hold: 1 - apply };
    },
  };
}

/**
 * Clips the gradient by its norm, to `clipNorm`, and then each element, to ±`clipValue`. 0 turns
 * either off.
 */
function ruleOf({ slots, scalars, update }: Equations, clipNorm: number, clipValue: number): UpdateRule {
  return {
    slots,
    scalars,
    clipNorm,
    build(parameters) {
      const ops = new Builder();
      const vector = (name: string): Value => ops.input(name, 1, parameters);
      const byName = (names: readonly string[], make: (name: string) => Value): Vectors =>
        Object.fromEntries(names.map((name) => [name, make(name)]));
      const g = ops.multiply(vector('gradients'), ops.input('gradientScale', 1));
      const clipped = clipValue > 0 ? ops.clip(g, clipValue) : g;
      const results = update(
        ops,
        vector('parameters'),
        clipped,
        byName(slots, vector),
        byName(scalars, (name) => ops.input(name, 1)),
      );
      return ops.program(new Map(Object.entries(results)));
    },
  };
}

/** Equations in which only the learning rate changes from step to step. */
const learningRateAlone: Pick<Equations, 'scalars' | 'at'> = {
  scalars: ['learningRate'],
  at: (_, learningRate) => ({ learningRate }),
};

/**
 * Adam (Kingma and Ba, 2015):
 * m' = β₁m + (1−β₁)g    v' = β₂v + (1−β₂)g²    w' = w − η/(1−β₁ᵗ) · m' / (√(v'/(1−β₂ᵗ)) + ε)
 * with β₁ = 0.9, β₂ = 0.999, ε = 1e-8, as in PyTorch. With weight decay it is AdamW.
 */
function adam(): Equations {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  return {
    slots: ['m', 'v'],
    scalars: ['stepSize', 'rootCorrection'],
    update(ops, w, g, { m, v }, { stepSize, rootCorrection }) {
      const nextM = ops.flush(ops.add(ops.scale(m, beta1), ops.scale(g, 1 - beta1)), NEGLIGIBLE);
      const nextV = ops.flush(ops.add(ops.scale(v, beta2), ops.scale(ops.multiply(g, g), 1 - beta2)), NEGLIGIBLE);
      const root = ops.offset(ops.multiply(ops.sqrt(nextV), rootCorrection), epsilon);
      return { m: nextM, v: nextV, parameters: ops.subtract(w, ops.divide(ops.multiply(nextM, stepSize), root)) };
    },
    at: (update, learningRate) => ({
      stepSize: learningRate / (1 - beta1 ** update),
      rootCorrection: 1 / Math.sqrt(1 - beta2 ** update),
    }),
  };
}

/**
 * w' = w − η·g / (√v' + ε), with v' from v and g²:
 *
 * RMSProp (Tieleman and Hinton, 2012):  v' = αv + (1−α)g²  with α = 0.95, ε = 1e-8, as in char-rnn.
 * Adagrad (Duchi, Hazan and Singer, 2011):  v' = v + g²  with ε = 1e-10 and v from 0, as in
 * PyTorch. Its slot is called s.
 */
function dividedByRoot(
  slot: string,
  epsilon: number,
  next: (ops: Builder, v: Value, squares: Value) => Value,
): () => Equations {
  return () => ({
    slots: [slot],
    ...learningRateAlone,
    update(ops, w, g, { [slot]: v }, { learningRate }) {
      const nextV = ops.flush(next(ops, v, ops.multiply(g, g)), NEGLIGIBLE);
      return {
        [slot]: nextV,
        parameters: ops.subtract(w, ops.divide(ops.multiply(g, learningRate), ops.offset(ops.sqrt(nextV), epsilon))),
      };
    },
  });
}
const rmsprop = dividedByRoot('v', 1e-8, (ops, v, squares) =>
  ops.add(ops.scale(v, 0.95), ops.scale(squares, 1 - 0.95)),
);
const adagrad = dividedByRoot('s', 1e-10, (ops, s, squares) => ops.add(s, squares));

/**
 * Gradient descent with momentum (Polyak, 1964), in PyTorch's form:  b' = μb + g    w' = w − η·b'
 * Nesterov momentum (1983), also in PyTorch's form, looks one step ahead along b':  w' = w − η·(g +
 * μb')
 */
function sgd(momentum: number, nesterov: boolean): Equations {
  return {
    slots: ['b'],
    ...learningRateAlone,
    update(ops, w, g, { b }, { learningRate }) {
      const nextB = ops.flush(ops.add(ops.scale(b, momentum), g), NEGLIGIBLE);
      const along = nesterov ? ops.add(g, ops.scale(nextB, momentum)) : nextB;
      return { b: nextB, parameters: ops.subtract(w, ops.multiply(along, learningRate)) };
    },
  };
}

const equations: Readonly<Record<OptimizerName, (options: OptimizerOptions) => Equations>> = {
  adam,
  rmsprop,
  adagrad,
  sgd: ({ momentum, nesterov = false }) => sgd(momentum, nesterov),
};

export function createOptimizer(options: OptimizerOptions): Optimizer {
  const { optimizer: name, clipNorm, clipValue = 0, weightDecay = 0, average = 0, accumulate: windows = 1 } = options;
  const equation = equations[name](options);
  const decaying = weightDecay === 0 ? equation : withDecay(equation, weightDecay);
  const averaging = average === 0 ? decaying : withAverage(decaying, average);
  const accumulating = windows === 1 ? averaging : withAccumulation(averaging, windows);
  return {
    name,
    rule: ruleOf(accumulating, clipNorm, clipValue),
    ownSlots: equation.slots,
    windows,
    scalars: accumulating.at,
  };
}
