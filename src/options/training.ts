// The options of a training run: the network, the optimisation and the length of the run. Each
// option is a row: see option.ts. A row with `defaultInWords` gets its default from the text or from
// other options, in training/resolve.ts.
import { choice, duration, number, onOff, orList, orNull, wholeNumber } from './kind.ts';
import { learningRateOptions } from './learning-rate.ts';
import { MAX_SIZE, fraction, hasTime, modelOptions, probability, regularisationOptions } from './network.ts';
import type { Condition, Options, ValuesOf } from './option.ts';
import { monitoringOptions } from './watching.ts';

export const optimizerNames = ['adam', 'rmsprop', 'adagrad', 'sgd'] as const;
export type OptimizerName = (typeof optimizerNames)[number];

/**
 * The sequence lengths with `randomLength` and mean length T: T−d, T−d/2, T, T+d/2 and T+d with d
 * near T/4, the shortest first. Only T if T is below 4.
 */
export function lengthsAround(T: number): readonly number[] {
  const half = Math.round(T / 8);
  return half === 0 ? [T] : [-2, -1, 0, 1, 2].map((halves) => T + halves * half);
}

const isSgd: Condition = { option: 'optimizer', holds: (optimizer: string) => optimizer === 'sgd' };
/**
 * Exactly one of `epochs`, `maxSteps` and `budgetMs` is not null. It sets the length of the run and of
 * its learning rate schedule.
 */
export const lengthOptions = {
  epochs: {
    kind: orNull(number({ above: 0, max: 1e9 })),
    placeholder: '<n>',
    help: 'Train for this many epochs',
    defaultInWords: 'chosen from the text',
    isCommon: true,
  },
  maxSteps: {
    kind: orNull(wholeNumber(1)),
    help: 'End the run after this many update steps. With --accumulate, this is the number of batches',
    defaultInWords: '',
  },
  budgetMs: {
    kind: orNull(duration),
    key: 'budget',
    help: 'Train for this time, such as 30s, 3m or 1.5h',
    defaultInWords: '',
    isCommon: true,
  },
  maxTimeMs: {
    kind: orNull(duration),
    key: 'max-time',
    help: 'Pause the run after this time. --resume continues it with the same schedule',
    isCommon: true,
    affectsOnlyMonitoring: true,
  },
  /** Early stopping: evaluations without a new best before the run ends. */
  patience: {
    kind: wholeNumber(0),
    help: 'Stop early after this many evaluations without a lower validation loss. 0 turns it off',
    default: 0,
    isCommon: true,
  },
} as const satisfies Options;

export const learningOptions = {
  /**
   * T, the time steps of truncated back-propagation. A longer T lets gradients flow further, and
   * gives fewer update steps per epoch.
   */
  sequenceLength: {
    kind: wholeNumber(1),
    aliases: ['seq-length'],
    help: 'Use sequences of this length. Gradients flow through this many time steps',
    defaultInWords: '32 or 64',
    isCommon: true,
  },
  /**
   * Probability that a sequence starts from a zero state, in all batch rows (Melis, Dyer and
   * Blunsom, 2018). With 0, the state is carried through the whole text, and cell states drift
   * to values in the hundreds. The model may then fail at the beginning of a text, where the state
   * is zero.
   */
  stateReset: {
    kind: fraction,
    help: 'Start a sequence from a zero state with this probability',
    legacyValue: 0,
    defaultInWords: '0.05 or more',
  },
  /**
   * Where the state is reset, each batch row moves back to the last start token (a line feed, else a
   * space) within 256 tokens. The model learns that a zero state and this token mark the start of a
   * text. Samples, prompts and evaluated texts start in the same way. Turn the option off if lines
   * have no meaning.
   */
  textStarts: {
    kind: onOff,
    help: 'Move back to the start of a line when the state is reset. Use --no-text-starts if lines have no meaning',
    default: true,
    legacyValue: false,
  },
  /**
   * N, parallel sequences. A larger N is faster per character, and gives fewer update steps per
   * epoch.
   */
  batchSize: {
    kind: wholeNumber(1),
    help: 'Use this many batch rows. More rows are faster per character, but give fewer update steps per epoch',
    defaultInWords: '16 or 32',
    isCommon: true,
  },
  optimizer: {
    kind: choice(optimizerNames, { adamw: 'adam' }),
    placeholder: '<name>',
    help: `Use this optimizer: ${orList(optimizerNames)}`,
    default: 'adam',
  },
  momentum: { kind: probability, help: 'Set the momentum of sgd', default: 0.9, needs: [isSgd] },
  /**
   * Clipping of the global gradient norm. Use the highest value that stops the spikes of the
   * gradient norm.
   */
  clipNorm: { kind: number({ min: 0 }), help: 'Limit the gradient norm. 0 turns it off', default: 0.5 },
  /** Usually as good as plain momentum, and more stable with a momentum near 0.99. */
  nesterov: {
    kind: onOff,
    help: 'Use Nesterov momentum with sgd',
    legacyValue: false,
    needs: [isSgd, { option: 'momentum', holds: (momentum: number) => momentum > 0 }],
  },
  /** λ of decoupled weight decay: each update step subtracts η·λ of every weight. */
  weightDecay: {
    kind: fraction,
    help: 'Set the rate of decoupled weight decay. Try 0.1 to 0.6 if the run overfits',
    legacyValue: 0,
    defaultInWords: 'chosen from the text',
  },
  /**
   * Clamps each element of the gradient, after clipping by norm. Use it if the spike of one weight
   * would scale down all other gradients through the norm.
   */
  clipValue: { kind: number({ min: 0 }), help: 'Limit each element of the gradient. 0 turns it off', legacyValue: 0 },
  /**
   * The decay d of the exponential moving average (EMA) of the weights: evaluations, samples and checkpoints
   * use the average over about 1/(1−d) update steps. Use 0.99 for a thousand update steps, and
   * 0.999 for ten thousand and more. It helps most where the learning rate stays high.
   */
  average: {
    kind: probability,
    help: 'Evaluate and sample an EMA of the weights with this decay. Try 0.99 to 0.999. 0 turns it off',
    legacyValue: 0,
    defaultInWords: '0, or chosen from a list',
  },
  /**
   * n batches whose gradients are averaged into one update step (gradient accumulation). Use it to
   * learn as with a larger batch that does not fit into memory. Steps, and everything counted in
   * them, are then batches, and the gradient of each batch is clipped separately. Up to n−1 batches
   * at the end of a run have no update step.
   */
  accumulate: {
    kind: wholeNumber(1, MAX_SIZE),
    help: 'Accumulate the gradients of this many batches for one update step',
    legacyValue: 1,
  },
  /**
   * Recurrent matrices are made orthogonal again, gate by gate, on the host. Use it for a tanh RNN
   * that has to remember over many time steps, with orthogonal initialisation, as often as time
   * allows. A gate takes 0.05 s with 128 units, 0.3 s with 256, 2.5 s with 512.
   */
  orthogonalEvery: {
    kind: wholeNumber(0),
    help: 'Make recurrent weights orthogonal every n update steps, for a tanh RNN. 0 turns it off',
    legacyValue: 0,
  },
  /**
   * Each epoch begins at an offset sampled from the seed, so that its sequences are cut at other
   * places. Use it for runs of many epochs: gradients flow back only to the beginning of a
   * sequence, so without it some characters are never in one sequence.
   */
  randomOffset: {
    kind: onOff,
    help: 'Cut the text at different places in each epoch. Use it for many epochs',
    legacyValue: false,
  },
  /**
   * T is sampled around its mean, in an order sampled for each epoch (T ± d and T ± d/2, d near
   * T/4), so that no time step is always the first. The idea is from Merity et al. (2018), who
   * sample from a normal distribution and change the learning rate with T. It needs the compile
   * time and the memory of five programs. On a GPU, only sequences of one length can share a run of
   * calls.
   */
  randomLength: {
    kind: onOff,
    help: 'Vary --sequence-length by up to a quarter',
    legacyValue: false,
    needs: [{ option: 'sequenceLength', holds: (length: number) => lengthsAround(length).length > 1 }],
  },
  /**
   * Limit of each element of the gradient that flows from time step to time step. The loss is a
   * mean over T·N characters, so its gradients are small: 1 / (T·N) corresponds to clipping the
   * gradient of a sum at 1. (Graves, 2013, clips gradients of sums, and before the gates.)
   */
  clipState: {
    kind: number({ min: 0 }),
    help: 'Limit each element of the gradient between time steps. 0 turns it off',
    legacyValue: 0,
    needs: [hasTime],
  },
  /**
   * How often a run that diverges may return to an earlier state and halve its learning rate before
   * it is abandoned.
   */
  maxRecoveries: {
    kind: wholeNumber(0),
    help: 'Let a diverging run return to an earlier state this many times, with half the learning rate',
    default: 3,
    affectsOnlyMonitoring: true,
  },
  seed: {
    kind: wholeNumber(0),
    help: 'Set the seed of random numbers. The same seed gives the same model',
    default: 1,
    isCommon: true,
  },
} as const satisfies Options;

export const trainingOptions = {
  ...modelOptions,
  ...regularisationOptions,
  ...lengthOptions,
  ...learningOptions,
  ...learningRateOptions,
  ...monitoringOptions,
};

/** The options of a training run, resolved: every value is known. */
export interface TrainingOptions extends ValuesOf<typeof trainingOptions> {}
export type TrainingOption = keyof TrainingOptions;

export const trainingNames = Object.keys(trainingOptions) as TrainingOption[];
