// How the learning rate changes over a run. Pure.
import { flagOf } from '../options/flags.ts';
import type { ScheduleName } from '../options/learning-rate.ts';
import type { TrainingOptions } from '../options/training.ts';

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

export interface Schedule {
  readonly name: ScheduleName;
  readonly summary: string;
  /** The factor of the peak learning rate. */
  readonly formula: string;
  /** When to use it. */
  readonly use: string;
}

/**
 * The schedules, for `rnn help schedules`. The sources are Loshchilov and Hutter (2017) for
 * `cosine`, and Smith (2018) for `one-cycle`, with a cosine as in PyTorch's OneCycleLR, but without
 * a change of momentum.
 */
export const allSchedules: readonly Schedule[] = [
  {
    name: 'cosine',
    summary: 'Decays along half a cosine over the whole run',
    formula: `f + (1 − f)·(1 + cos(π·done)) / 2, with f = ${flagOf('finalFraction')} and done, the finished fraction of the run`,
    use: 'For most runs',
  },
  {
    name: 'one-cycle',
    summary: 'Rises for three tenths of the run, then decays along half a cosine',
    formula: `from 1/25 to 1 in a straight line, then to ${flagOf('finalFraction')}`,
    use: 'For a high learning rate that diverges at first',
  },
  {
    name: 'plateau',
    summary: 'Decays when the validation loss stops falling',
    formula: `${flagOf('decay')}^n, where n counts the decays so far. A decay follows ${flagOf('plateauPatience')} evaluations without a new best`,
    use: 'For runs whose best length you do not know',
  },
  {
    name: 'step',
    summary: 'Decays after every few epochs',
    formula: `${flagOf('decay')}^⌊e / ${flagOf('decayEpochs')}⌋, where e is the number of epochs since ${flagOf('decayAfter')}`,
    use: 'For reproducing char-rnn and similar programs',
  },
  {
    name: 'exponential',
    summary: 'Decays a little at each update step',
    formula: `${flagOf('decay')}^(e / ${flagOf('decayEpochs')}), with the same e as step`,
    use: 'For a decay like step, without its jumps',
  },
  {
    name: 'constant',
    summary: 'Stays at the peak',
    formula: '1',
    use: `For long runs with ${flagOf('average')} and weight decay`,
  },
];

/**
 * The learning rate of the next step: the peak, times the formula of its schedule, and times
 * (step + 1)/warmupSteps while that is below 1.
 *
 * A `plateau` drops at evaluation plateauPatience after the best or the last drop. PyTorch's
 * ReduceLROnPlateau waits for one more evaluation.
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
