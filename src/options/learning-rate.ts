// The options of the learning rate and its schedule. Each option is a row: see option.ts.
import { choice, number, wholeNumber } from './kind.ts';
import { fraction } from './network.ts';
import type { Condition, Options } from './option.ts';

export const scheduleNames = ['constant', 'step', 'exponential', 'cosine', 'plateau', 'one-cycle'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

const scheduleIn = (...names: readonly string[]): readonly Condition[] => [
  { option: 'schedule', holds: (schedule: string) => names.includes(schedule) },
];
export const learningRateOptions = {
  /**
   * The peak of the schedule. Adam: 4 / H for an LSTM and batches of 32 rows, at most 0.02. RMSProp
   * has the default of Adam. Many programs use 2e-3. Adagrad: 0.1. SGD: 0.1–1.
   */
  learningRate: {
    kind: number({ above: 0, max: 1000 }),
    aliases: ['lr'],
    help: 'Set the peak learning rate',
    defaultInWords: 'chosen from the network, --batch-size and --optimizer',
    isCommon: true,
  },
  schedule: {
    kind: choice(scheduleNames),
    placeholder: '<name>',
    aliases: ['lr-schedule'],
    help: "Use this learning rate schedule. 'rnn help schedules' lists them",
    default: 'cosine',
  },
  warmupSteps: {
    kind: wholeNumber(0),
    aliases: ['warmup'],
    help: 'Raise the learning rate to its peak in this many update steps',
    default: 20,
  },
  /** The factor of each decay. For `plateau` 0.5, or 0.2 if evaluations are rare. */
  decay: {
    kind: number({ above: 0, max: 1 }),
    aliases: ['lr-decay'],
    help: 'Multiply the learning rate by this factor at each decay. With plateau, the default is 0.5',
    default: 0.95,
    needs: scheduleIn('step', 'exponential', 'plateau'),
  },
  /** `step`: epochs between two decays. `exponential`: epochs in which the learning rate
   * decays by the factor. */
  decayEpochs: {
    kind: number({ above: 0 }),
    placeholder: '<n>',
    aliases: ['lr-decay-epochs'],
    help: 'Decay once in this many epochs, for step and exponential',
    default: 1,
    needs: scheduleIn('step', 'exponential'),
  },
  /**
   * Epochs before the learning rate begins to decay. Choose the epoch in which the validation loss
   * begins to fall more slowly.
   */
  decayAfter: {
    kind: number({ min: 0 }),
    placeholder: '<n>',
    aliases: ['lr-decay-after'],
    help: 'Train this many epochs before the first decay, for step and exponential',
    legacyValue: 0,
    needs: scheduleIn('step', 'exponential'),
  },
  /** The final learning rate as a fraction of its peak. */
  finalFraction: {
    kind: fraction,
    aliases: ['lr-final'],
    help: 'End at this fraction of the peak learning rate, for cosine and one-cycle',
    default: 0.01,
    needs: scheduleIn('cosine', 'one-cycle'),
  },
  /** `plateau`: evaluations without a new best before the learning rate decays. */
  plateauPatience: {
    kind: wholeNumber(1),
    help: 'Decay after this many evaluations without a new best loss, for plateau',
    legacyValue: 1,
    needs: scheduleIn('plateau'),
  },
} as const satisfies Options;
