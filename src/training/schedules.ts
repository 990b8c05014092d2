// How the learning rate changes over a run. Pure.
import { flagOf } from '../options/flags.ts';
import type { ScheduleName, TrainingOptions } from '../options/training.ts';

/** The progress of a run before a step. */
export interface Progress {
  /** Steps done. */
  readonly step: number;
  /** Epochs done, with a fraction. */
  readonly epoch: number;
  /** Fraction of the whole run that is done, in [0, 1]. */
  readonly fraction: number;
  /** How often the learning rate has dropped because the validation loss did not fall. */
  readonly drops: number;
}

/**
 * PyTorch's `one-cycle`: the first learning rate as a fraction of the peak, and the fraction of the
 * run at which the peak is reached.
 */
const ONE_CYCLE = { start: 1 / 25, peakAt: 0.3 };

/** The schedules, a line each for `--help`. */
export const scheduleSummaries: readonly { readonly name: ScheduleName; readonly summary: string }[] = [
  { name: 'cosine', summary: `half a cosine down to ${flagOf('finalFraction')} of the peak at the end` },
  { name: 'one-cycle', summary: 'rises for three tenths of the run, then falls along a cosine' },
  {
    name: 'plateau',
    summary: `falls by ${flagOf('decay')} after ${flagOf('plateauPatience')} worse evaluations`,
  },
  { name: 'step', summary: `falls by ${flagOf('decay')} every ${flagOf('decayEpochs')}` },
  { name: 'exponential', summary: 'as step, but a little at each update step' },
  { name: 'constant', summary: 'stays at the peak' },
];

/**
 * The learning rate of the next step: the peak times
 *
 * | schedule | factor |
 * |---|---|
 * | constant | 1 |
 * | step | decay^⌊late / decayEpochs⌋, where late is the number of epochs since decayAfter |
 * | exponential | decay^(late / decayEpochs) |
 * | plateau | decay^drops, with one drop after every plateauPatience evaluations without a new best |
 * | cosine | from 1 to finalFraction along half a cosine over the whole run (Loshchilov and Hutter, 2017) |
 * | one-cycle | from 1/25 to 1 in a straight line over the first 30 % of the run, then to finalFraction along half a cosine |
 *
 * and times (step + 1)/warmupSteps while that is below 1.
 *
 * `one-cycle` is Smith's (2018), with a cosine as in PyTorch's OneCycleLR, but without a change of
 * momentum. A `plateau` drops at evaluation plateauPatience after the best or the last drop.
 * PyTorch's ReduceLROnPlateau waits for one more evaluation.
 */
export function learningRateAt(
  options: Pick<
    TrainingOptions,
    'learningRate' | 'schedule' | 'warmupSteps' | 'decay' | 'decayEpochs' | 'decayAfter' | 'finalFraction'
  >,
  progress: Progress,
): number {
  const warmup = options.warmupSteps > 0 ? Math.min(1, (progress.step + 1) / options.warmupSteps) : 1;
  return options.learningRate * warmup * factor(options, progress);
}

function factor(
  { schedule, decay, decayEpochs, decayAfter, finalFraction }: Parameters<typeof learningRateAt>[0],
  { epoch, fraction, drops }: Progress,
): number {
  const falling = (part: number): number =>
    finalFraction + ((1 - finalFraction) * (1 + Math.cos(Math.PI * Math.min(1, part)))) / 2;
  const { start, peakAt } = ONE_CYCLE;
  const late = Math.max(0, epoch - decayAfter);
  switch (schedule) {
    case 'constant':
      return 1;
    case 'step':
      return decay ** Math.floor(late / decayEpochs);
    case 'exponential':
      return decay ** (late / decayEpochs);
    case 'plateau':
      return decay ** drops;
    case 'cosine':
      return falling(fraction);
    case 'one-cycle':
      return fraction < peakAt
        ? start + (1 - start) * (fraction / peakAt)
        : falling((fraction - peakAt) / (1 - peakAt));
    default:
      return schedule satisfies never;
  }
}
