// Chooses informative samples of a run, and captions them. Pure.
import { count } from '../count.ts';
import type { Unit } from '../options/choices.ts';
import type { Stage } from '../training/curves.ts';
import { formatLoss } from './numbers.ts';

/**
 * Returns at most `maxStages` stages, from the first to the last, spaced logarithmically, because models
 * learn quickly at first.
 */
export function selectStages(stages: readonly Stage[], maxStages: number): Stage[] {
  if (stages.length <= maxStages) return [...stages];
  const [first, last] = [Math.max(1, stages[0].step), stages.at(-1)!.step];
  const desiredSteps = Array.from({ length: maxStages }, (_, index) =>
    maxStages === 1 ? last : first * (last / first) ** (index / (maxStages - 1)),
  );
  const nearest = (step: number): Stage =>
    stages.reduce((a, b) => (Math.abs(Math.log(b.step / step)) <= Math.abs(Math.log(a.step / step)) ? b : a));
  return [...new Set(desiredSteps.map(nearest))];
}

/**
 * As in the lectures on char-rnn (Karpathy, CS231n 2016, lecture 10): at first, train more, train
 * more …
 */
export const captionOf = (index: number): string => (index === 0 ? 'at first' : 'train more');

/** For example: step 1,200 · epoch 3.20 · validation loss 1.702 nats, 2.455 bpc */
export function factsOf({ step, epoch, lossNats, validationLossNats }: Stage, level: Unit = 'char'): string {
  const [kind, loss] = validationLossNats === null ? ['loss', lossNats] : ['validation loss', validationLossNats];
  return [
    `step ${count(step)}`,
    epoch === null ? '' : `epoch ${epoch.toFixed(2)}`,
    loss === null ? '' : `${kind} ${formatLoss(loss, level)}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
