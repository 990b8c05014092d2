// The update rule of dynamic evaluation: a model that continues to learn from the text that it is
// scored on.
import type { UpdateRule } from '../devices/device.ts';
import { evalOptions } from '../options/commands.ts';
import { tableOf } from '../options/option.ts';
import { Builder } from '../program/builder.ts';

/** The slot of the weights as they were trained. */
export const TRAINED = 'trained';

/**
 * Against a window that would throw the weights far off; gradients of a trained model are an order
 * of magnitude smaller.
 */
const CLIP_NORM = 5;

export interface DynamicOptions {
  /**
   * η. 0.03 to 0.3: too low changes little, too high is worse than no adaptation, which the static
   * figure beside it shows.
   */
  readonly learningRate: number;
  /**
   * λ, the part of the way back to the trained weights at each update: 0 forgets nothing, 0.001 to
   * 0.02 for long texts whose subject changes.
   */
  readonly decay: number;
}

/**
 * 1,500 steps of 128 units on the sonnets: their last tenth, 1.7184 nats, is 1.7139, 1.7103 and
 * 1.7168 with η of 0.03, 0.1 and 0.3, whatever the decay; a text in which half of the letters are
 * swapped, 4.26 nats, is 3.36, 2.90 and 2.55. Decay costs 0.2 nats there.
 */
const { dynamicRate, dynamicDecay } = tableOf(evalOptions);
export const dynamicDefaults: DynamicOptions = {
  learningRate: dynamicRate.default,
  decay: dynamicDecay.default,
};

/**
 * θ' = θ − η·g + λ·(θ_g − θ), with θ_g the trained weights and g the gradient of a window's mean
 * loss (Krause, Kahembwe, Murray and Renals, 2018, "Dynamic evaluation of neural sequence models",
 * with plain gradient descent: their best variant divides g by its root mean square over the
 * training text, which a checkpoint does not have).
 */
export function dynamicRule({ learningRate, decay }: DynamicOptions): UpdateRule {
  return {
    slots: [TRAINED],
    scalars: [],
    clipNorm: CLIP_NORM,
    build(parameters) {
      const ops = new Builder();
      const vector = (name: string) => ops.input(name, 1, parameters);
      const [w, trained] = [vector('parameters'), vector(TRAINED)];
      const g = ops.multiply(vector('gradients'), ops.input('gradientScale', 1));
      const pulled = ops.add(w, ops.scale(ops.subtract(trained, w), decay));
      return ops.program(
        new Map([
          ['parameters', ops.subtract(pulled, ops.scale(g, learningRate))],
          [TRAINED, trained],
        ]),
      );
    },
  };
}
