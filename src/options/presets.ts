// Named sets of options that go together. An option that is given replaces the option of the
// preset. The first three presets are for a training time on two cores, and choose their sizes by
// the text. All others are the settings of programs and papers.
import { inQuotes, unexpected, usageError } from '../errors.ts';
import { type TextKind, lengthOptionNames } from './choices.ts';
import type { PresetName } from './network.ts';
import { omitUndefined } from './option.ts';
import type { TrainingOptions } from './training.ts';

/** A named set of options, some of which depend on the length of the text. */
export interface Preset {
  /** One line for `rnn help presets`. */
  readonly summary: string;
  options(text: PresetText): Partial<TrainingOptions>;
}

/** The text to train on. */
export interface PresetText {
  /** In tokens. */
  readonly length: number;
  readonly kind: TextKind;
}

/** The sizes for texts of up to `upTo` tokens. */
interface Sizes extends Required<Pick<TrainingOptions, 'hidden' | 'dropout' | 'weightDecay'>> {
  readonly upTo: number;
}

/** The first row whose `upTo` is not below the length. */
function fitting(rows: readonly Sizes[], length: number): Omit<Sizes, 'upTo'> {
  const { upTo: _, ...row } = rows.find(({ upTo }) => length <= upTo)!;
  return row;
}

const MINUTE = 60_000;

/**
 * The common options of presets for a training time. mLSTM learns most from a small text, in one
 * layer, because a second layer diverges at these learning rates. The gradient is clipped where the
 * loss jumped. The learning rate does not decay: weight decay limits the weights, and their EMA
 * replaces the decay of the learning rate.
 */
const forTime: Partial<TrainingOptions> = {
  cell: 'mlstm',
  layers: 1,
  batchSize: 32,
  sequenceLength: 64,
  clipNorm: 0.5,
  schedule: 'constant',
  randomOffset: true,
};

/** Turns off options that earlier programs do not have. */
const plain: Partial<TrainingOptions> = { skip: 'none', embedding: 0, weightDecay: 0 };

/**
 * The training of char-rnn and of Karpathy, Johnson and Fei-Fei (2015): RMSProp, forget biases of
 * 1, no clipping by norm. The learning rate decays for the first time at the end of epoch 10.
 * char-rnn clips gradients of sums over a sequence at 5. The presets divide 5 by the sequence
 * length, because our gradients are of means.
 */
const karpathy: Partial<TrainingOptions> = {
  ...plain,
  cell: 'lstm',
  initialisation: 'uniform',
  initScale: 0.08,
  forgetBias: 1,
  stateReset: 0,
  optimizer: 'rmsprop',
  learningRate: 0.002,
  schedule: 'step',
  warmupSteps: 0,
  decayEpochs: 1,
  decayAfter: 9,
  clipNorm: 0,
  epochs: 50,
};

const quickSizes: readonly Sizes[] = [
  { upTo: 30_000, hidden: 128, dropout: 0.5, weightDecay: 0.5 },
  { upTo: 300_000, hidden: 256, dropout: 0.4, weightDecay: 0.3 },
  { upTo: 3_000_000, hidden: 384, dropout: 0.2, weightDecay: 0.2 },
  { upTo: Infinity, hidden: 512, dropout: 0, weightDecay: 0 },
];

const goodSizes: readonly Sizes[] = [
  { upTo: 30_000, hidden: 128, dropout: 0.6, weightDecay: 0.6 },
  { upTo: 300_000, hidden: 256, dropout: 0.5, weightDecay: 0.5 },
  { upTo: 1_500_000, hidden: 640, dropout: 0.5, weightDecay: 0.4 },
  { upTo: 6_000_000, hidden: 768, dropout: 0.2, weightDecay: 0.2 },
  { upTo: Infinity, hidden: 768, dropout: 0.1, weightDecay: 0 },
];

const bestSizes: readonly Sizes[] = [
  { upTo: 30_000, hidden: 192, dropout: 0.5, weightDecay: 0.6 },
  { upTo: 300_000, hidden: 320, dropout: 0.5, weightDecay: 0.6 },
  { upTo: 1_500_000, hidden: 768, dropout: 0.5, weightDecay: 0.5 },
  { upTo: 6_000_000, hidden: 1024, dropout: 0.3, weightDecay: 0.2 },
  { upTo: Infinity, hidden: 1024, dropout: 0.1, weightDecay: 0 },
];

/**
 * A preset for a training time. For records it sets only a shorter time: training/defaults.ts
 * chooses the network from their size and this time, as without a preset.
 *
 * @param minutes the training time for each kind of text
 * @param average the decay of the EMA
 */
function timedPreset(
  summary: string,
  minutes: Readonly<Record<'records' | 'text', number>>,
  sizes: readonly Sizes[],
  average: number,
): Preset {
  return {
    summary,
    options: ({ length, kind }) =>
      kind === 'text'
        ? { ...fitting(sizes, length), ...forTime, average, budgetMs: minutes.text * MINUTE }
        : { budgetMs: minutes.records * MINUTE },
  };
}

/** The presets by name, in the order of the help. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  quick: timedPreset('The best model in three minutes on two cores', { records: 0.95, text: 2.75 }, quickSizes, 0.998),
  good: timedPreset('The best model in half an hour on two cores', { records: 2.75, text: 27.5 }, goodSizes, 0.999),
  best: timedPreset('The best model in an hour on two cores', { records: 10, text: 60 }, bestSizes, 0.999),
  'char-rnn': {
    summary: 'The defaults of char-rnn (Karpathy, 2015)',
    // Its validation part of 5 % is --validation-fraction 0.05.
    options: () => ({
      ...karpathy,
      layers: 2,
      hidden: 128,
      dropout: 0,
      batchSize: 50,
      sequenceLength: 50,
      clipValue: 5 / 50,
      decay: 0.97,
    }),
  },
  'karpathy-2015': {
    summary: 'The training of Karpathy, Johnson and Fei-Fei (2015)',
    // The paper tries one to three layers of 64 to 512 units, and holds out a tenth of the text
    // twice.
    options: () => ({
      ...karpathy,
      layers: 2,
      hidden: 512,
      dropout: 0,
      batchSize: 100,
      sequenceLength: 100,
      clipValue: 5 / 100,
      decay: 0.95,
    }),
  },
  'min-char-rnn': {
    summary: "Karpathy's min-char-rnn, 112 lines of Python",
    // Its weights are initialised with a standard deviation of 0.01, as here, but from a normal
    // distribution, and its biases with 0. It also clips gradients of sums at 5.
    options: () => ({
      ...plain,
      cell: 'rnn',
      layers: 1,
      hidden: 100,
      dropout: 0,
      initialisation: 'uniform',
      initScale: 0.017,
      batchSize: 1,
      sequenceLength: 25,
      stateReset: 0,
      optimizer: 'adagrad',
      learningRate: 0.1,
      schedule: 'constant',
      warmupSteps: 0,
      clipNorm: 0,
      clipValue: 5 / 25,
    }),
  },
};

/**
 * The given options, completed by a preset. A given length of the run replaces the preset's length.
 * Presets for a training time use the default learning rate, which suits the network. Presets of
 * programs and papers have their own.
 *
 * @throws RnnError `usage` for an unknown preset
 */
export function withPreset(
  name: PresetName | null,
  given: Partial<TrainingOptions>,
  text: PresetText,
): Partial<TrainingOptions> {
  if (name === null) return given;
  if (!Object.hasOwn(presets, name))
    throw usageError(unexpected('preset', inQuotes(name), `one of ${Object.keys(presets).join(', ')}`));
  const isLengthGiven = lengthOptionNames.some((option) => given[option] != null);
  const presetEntries = Object.entries(presets[name].options(text)).filter(
    ([option]) => !(isLengthGiven && lengthOptionNames.includes(option as never)),
  );
  return { ...Object.fromEntries(presetEntries), ...omitUndefined(given) };
}
