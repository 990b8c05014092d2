// How the learning rate changes over a run. Pure.
import type { TrainingOptions } from './options.ts';

/** Where a run stands when a step is about to be made. */
export interface Progress {
  /** Steps done. */
  readonly step: number;
  /** Passes over the training text, with a fraction. */
  readonly epoch: number;
  /** Fraction of the whole run that is done, in [0, 1]. */
  readonly fraction: number;
}

/**
 * The learning rate of the next step: the peak times
 *
 * | schedule | factor |
 * |---|---|
 * | constant | 1 |
 * | step | decay^⌊epoch / decayEpochs⌋ |
 * | exponential | decay^(epoch / decayEpochs) |
 * | cosine | from 1 to finalFraction along half a cosine over the whole run (Loshchilov and Hutter, 2017) |
 *
 * and times (step + 1)/warmupSteps while that is below 1.
 */
export function learningRateAt(options: Pick<TrainingOptions, 'learningRate' | 'schedule' | 'warmupSteps' | 'decay' | 'decayEpochs' | 'finalFraction'>, progress: Progress): number {
  const warmup = options.warmupSteps > 0 ? Math.min(1, (progress.step + 1) / options.warmupSteps) : 1;
  return options.learningRate * warmup * factor(options, progress);
}

function factor({ schedule, decay, decayEpochs, finalFraction }: Parameters<typeof learningRateAt>[0], { epoch, fraction }: Progress): number {
  switch (schedule) {
    case 'constant': return 1;
    case 'step': return decay ** Math.floor(epoch / decayEpochs);
    case 'exponential': return decay ** (epoch / decayEpochs);
    case 'cosine': return finalFraction + ((1 - finalFraction) * (1 + Math.cos(Math.PI * Math.min(1, fraction)))) / 2;
    default: return schedule satisfies never;
  }
}
