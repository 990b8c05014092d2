// Dynamic evaluation: a model that goes on learning from the text it is scored on. Knows no device, and not where the text comes from.
import { setImmediate } from 'node:timers/promises';
import { evaluationWindows } from '../corpus/evaluation-windows.ts';
import type { Tokens } from '../corpus/read.ts';
import type { Executable, UpdateRule } from '../devices/device.ts';
import { RnnError } from '../errors.ts';
import { Builder } from '../program/builder.ts';
import type { ActivityListener } from './activity.ts';

/** The slot of the weights as they were trained. */
export const TRAINED = 'trained';

/** Against a window that would throw the weights far off; gradients of a trained model are an order of magnitude smaller. */
const CLIP_NORM = 5;

export interface DynamicOptions {
  /** η. 0.03 to 0.3: too low changes little, too high is worse than no adaptation, which the static figure beside it shows. */
  readonly learningRate: number;
  /**
   * λ, the part of the way back to the trained weights at each update: 0 forgets nothing, 0.001 to 0.02 for long texts whose subject
   * changes.
   */
  readonly decay: number;
}

/**
 * 1,500 steps of 128 units on the sonnets: their last tenth, 1.7184 nats, is 1.7139, 1.7103 and 1.7168 with η of 0.03, 0.1 and 0.3,
 * whatever the decay; a text in which half of the letters are swapped, 4.26 nats, is 3.36, 2.90 and 2.55. Decay costs 0.2 nats there.
 */
export const dynamicDefaults: DynamicOptions = { learningRate: 0.1, decay: 0.002 };

/**
 * θ' = θ − η·g + λ·(θ_g − θ), with θ_g the trained weights and g the gradient of a window's mean loss (Krause, Kahembwe, Murray and Renals,
 * 2018, "Dynamic evaluation of neural sequence models", with plain gradient descent: their best variant divides g by its root mean square
 * over the training text, which a checkpoint does not have).
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

interface DynamicPlan {
  readonly streams: number;
  readonly sequenceLength: number;
  readonly startSymbol?: number | null;
  /** Receives the number of characters that are done. */
  readonly onActivity?: ActivityListener;
}

/**
 * Mean nats per character of a text, as `evaluate` has it, but with weights that learn from each window when it has been scored. With
 * several streams, the later parts of the text are learnt from before the earlier ones are over: only one stream never looks ahead.
 *
 * @param tokens at least two
 * @param job a training job of `streams` rows and `sequenceLength` steps, on an executable with `dynamicRule`, which holds the trained
 * weights
 * @throws RnnError `diverged` if the weights learn until a loss or a gradient is no finite number
 */
export async function evaluateDynamically(
  executable: Executable,
  job: string,
  tokens: Tokens,
  { streams, sequenceLength, startSymbol, onActivity }: DynamicPlan,
): Promise<number> {
  let sum = 0;
  let count = 0;
  for (const { inputs, targets, reset, count: scored } of evaluationWindows(tokens, { streams, sequenceLength, startSymbol })) {
    const [{ lossNats, updated }] = await executable.run(job, [{ ids: inputs, targets, reset, update: {} }]);
    if (!updated) {
      throw new RnnError(
        'diverged',
        `dynamic evaluation came apart after ${count.toLocaleString('en')} characters: the loss or its gradient is not a finite number`,
        {
          hint: 'lower --dynamic-lr, or raise --dynamic-decay',
        },
      );
    }
    sum += lossNats;
    count += scored;
    onActivity?.({ kind: 'scoring', done: count, total: tokens.length - 1 });
    await setImmediate(); // signals have their turn, even where the device computes on this thread
  }
  return sum / count;
}
