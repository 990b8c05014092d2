// The options of a training run: its learning, its length and its reports. Each option is a row:
// see option.ts. The default of a row without one depends on the text or on other options, in
// training/resolve.ts.
import { choice, duration, number, onOff, orList, orNull, wholeNumber } from './kind.ts';
import { MAX_SIZE, fraction, hasTime, modelOptions, probability, regularisationOptions } from './network.ts';
import type { Condition, Options, ValuesOf } from './option.ts';

export const optimizerNames = ['adam', 'rmsprop', 'adagrad', 'sgd'] as const;
export type OptimizerName = (typeof optimizerNames)[number];
export const scheduleNames = ['constant', 'step', 'exponential', 'cosine', 'plateau', 'one-cycle'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/**
 * The sequence lengths with `randomLength` and mean length T: T−d, T−d/2, T, T+d/2 and T+d with d
 * near T/4, the shortest first. Only T if T is below 4.
 */
export function lengthsAround(T: number): readonly number[] {
  const half = Math.round(T / 8);
  return half === 0 ? [T] : [-2, -1, 0, 1, 2].map((halves) => T + halves * half);
}

const scheduleIn = (...names: readonly string[]): readonly Condition[] => [
  { option: 'schedule', holds: (schedule: string) => names.includes(schedule) },
];
const isSgd: Condition = { option: 'optimizer', holds: (optimizer: string) => optimizer === 'sgd' };
/**
 * Exactly one of the first three is not null. It sets the length of the whole run, and the end of
 * its schedule.
 */
export const lengthOptions = {
  epochs: {
    kind: orNull(number({ above: 0, max: 1e9 })),
    placeholder: '<n>',
    help: 'passes over the text',
    defaultInWords: 'chosen',
  },
  maxSteps: { kind: orNull(wholeNumber(1)), help: 'update steps (batches with --accumulate)', defaultInWords: '' },
  budgetMs: {
    kind: orNull(duration),
    key: 'budget',
    help: 'training time of the whole run: 30s, 3m, 1.5h',
    defaultInWords: '',
  },
  maxTimeMs: {
    kind: orNull(duration),
    key: 'max-time',
    help: 'end this invocation then, whatever the schedule',
    isForWatching: true,
  },
  /** Early stopping: evaluations without a new best before the run ends. */
  patience: { kind: wholeNumber(0), help: 'early stopping: evaluations, 0 off', default: 0 },
} as const satisfies Options;

export const learningOptions = {
  /**
   * T, the time steps of truncated back-propagation. A longer T lets gradients flow further, and
   * gives fewer update steps per epoch.
   */
  sequenceLength: {
    kind: wholeNumber(1),
    aliases: ['seq-length'],
    help: 'time steps per sequence',
    defaultInWords: '32 or 64',
  },
  /**
   * Probability that a sequence starts from a zero state, in all batch rows (Melis, Dyer and
   * Blunsom, 2018). Without it, the state is carried through the whole text and cells drift to
   * values in the hundreds. The model may then fail at the beginning of every text, where the state
   * is zero.
   */
  stateReset: {
    kind: fraction,
    help: 'chance of a zero state',
    legacyValue: 0,
    defaultInWords: '0.05 or more',
  },
  /**
   * A batch row that starts from a zero state starts with the start token (a line feed, else a
   * space), so that the model knows this as the start of a text. Samples, prompts and evaluated
   * texts start in the same way. Turn it off for a text whose lines have no meaning.
   */
  textStarts: {
    kind: onOff,
    help: 'zero states only at line starts (on by default)',
    default: true,
    legacyValue: false,
  },
  /**
   * N, parallel sequences. A larger N is faster per character, and gives fewer update steps per
   * epoch.
   */
  batchSize: { kind: wholeNumber(1), help: 'parallel sequences', defaultInWords: '16 or 32' },
  optimizer: {
    kind: choice(optimizerNames, { adamw: 'adam' }),
    placeholder: '<name>',
    help: orList(optimizerNames),
    default: 'adam',
  },
  momentum: { kind: probability, help: 'momentum of sgd', default: 0.9, needs: [isSgd] },
  /**
   * Clipping of the global gradient norm. Use the highest value that stops the spikes of the
   * gradient norm.
   */
  clipNorm: { kind: number({ min: 0 }), help: 'clip the gradient norm, 0 off', default: 0.5 },
  /** Mostly as good as plain momentum, and steadier near 0.99. */
  nesterov: {
    kind: onOff,
    help: 'use Nesterov momentum with sgd',
    legacyValue: false,
    needs: [isSgd, { option: 'momentum', holds: (momentum: number) => momentum > 0 }],
  },
  /** λ of decoupled weight decay: each update step subtracts η·λ of every weight. */
  weightDecay: { kind: fraction, help: 'rate, 0.1-0.6 if it overfits', legacyValue: 0, defaultInWords: 'chosen' },
  /**
   * Clamps each element of the gradient, after clipping by norm. Use it if the spike of one weight
   * would scale down all other gradients through the norm.
   */
  clipValue: { kind: number({ min: 0 }), help: 'clip each gradient element, 0 off', legacyValue: 0 },
  /**
   * d of the exponential moving average (EMA) of the weights: evaluations, samples and checkpoints
   * use the average over about 1/(1−d) update steps. Use 0.99 for a thousand update steps, and
   * 0.999 for ten thousand and more. It helps most where the learning rate stays high.
   */
  average: { kind: probability, help: 'EMA of the weights, 0.99-0.999', legacyValue: 0 },
  /**
   * n batches whose gradients are averaged into one update step (gradient accumulation). Use it to
   * learn as with a larger batch that does not fit into memory. Steps, and everything counted in
   * them, are then batches, and the gradient of each batch is clipped separately. Up to n−1 batches
   * at the end of a run have no update step.
   */
  accumulate: { kind: wholeNumber(1, MAX_SIZE), help: 'accumulate gradients of n batches', legacyValue: 1 },
  /**
   * Recurrent matrices are made orthogonal again, gate by gate, on the host. Use it for a tanh RNN
   * that has to remember over many time steps, with orthogonal initialisation, as often as time
   * allows. A gate takes 0.05 s with 128 units, 0.3 s with 256, 2.5 s with 512.
   */
  orthogonalEvery: { kind: wholeNumber(0), help: 'steps between orthogonalisations', legacyValue: 0 },
  /**
   * Each epoch begins at an offset sampled from the seed, so that its sequences are cut at other
   * places. Use it for runs of many epochs: gradients flow back only to the beginning of a
   * sequence, so without it some characters are never in one sequence.
   */
  randomOffset: { kind: onOff, help: 'cut sequences elsewhere in each epoch', legacyValue: false },
  /**
   * T is sampled around its mean, in an order sampled for each epoch (T ± d and T ± d/2, d near
   * T/4), so that no time step is always the first. The idea is from Merity et al. (2018), who
   * sample from a normal distribution and change the learning rate with T. It needs the compile
   * time and the memory of five programs. On a GPU, only sequences of one length can share a run of
   * calls.
   */
  randomLength: {
    kind: onOff,
    help: 'vary --sequence-length by up to a quarter',
    legacyValue: false,
    needs: [{ option: 'sequenceLength', holds: (length: number) => lengthsAround(length).length > 1 }],
  },
  /**
   * Limit of each element of the gradient that flows from time step to time step. The loss is a
   * mean over T·N characters, so its gradients are small: 1 / (T·N) corresponds to clipping the
   * gradient of a sum at 1. (Graves, 2013, clips gradients of sums, and before the gates.)
   */
  clipState: { kind: number({ min: 0 }), help: 'clip gradients through time', legacyValue: 0, needs: [hasTime] },
  /**
   * How often a run that diverges may return to an earlier state and halve its learning rate before
   * it is abandoned.
   */
  maxRecoveries: { kind: wholeNumber(0), help: 'max recoveries of a diverging run', default: 3, isForWatching: true },
  seed: { kind: wholeNumber(0), help: 'the same seed gives the same model', default: 1 },
} as const satisfies Options;

export const learningRateOptions = {
  /**
   * The peak of the schedule. Adam: a few thousandths, more for small layers (4 / H is the default
   * of an LSTM). RMSProp: 2e-3. Adagrad: 0.1. SGD: 0.1–1.
   */
  learningRate: {
    kind: number({ above: 0, max: 1000 }),
    aliases: ['lr'],
    help: 'peak learning rate',
    defaultInWords: 'by cell and hidden',
  },
  schedule: {
    kind: choice(scheduleNames),
    placeholder: '<name>',
    aliases: ['lr-schedule'],
    help: 'how it decays (listed below)',
    default: 'cosine',
  },
  warmupSteps: { kind: wholeNumber(0), aliases: ['warmup'], help: 'update steps in which it rises', default: 20 },
  /** The factor of each decay. For `plateau` 0.5, or 0.2 if evaluations are rare. */
  decay: {
    kind: number({ above: 0, max: 1 }),
    aliases: ['lr-decay'],
    help: 'factor, 0.5 for plateau',
    default: 0.95,
    needs: scheduleIn('step', 'exponential', 'plateau'),
  },
  /** `step`: epochs between two decays. `exponential`: epochs per factor. */
  decayEpochs: {
    kind: number({ above: 0 }),
    placeholder: '<n>',
    aliases: ['lr-decay-epochs'],
    help: 'step, exponential: epochs per decay',
    default: 1,
    needs: scheduleIn('step', 'exponential'),
  },
  /**
   * Epochs before the learning rate begins to decay. Choose the epoch in which the validation loss
   * slows down.
   */
  decayAfter: {
    kind: number({ min: 0 }),
    placeholder: '<n>',
    aliases: ['lr-decay-after'],
    help: 'step, exponential: epochs before',
    legacyValue: 0,
    needs: scheduleIn('step', 'exponential'),
  },
  /** The final learning rate as a fraction of its peak. */
  finalFraction: {
    kind: fraction,
    aliases: ['lr-final'],
    help: 'cosine, one-cycle: final / peak',
    default: 0.01,
    needs: scheduleIn('cosine', 'one-cycle'),
  },
  /** `plateau`: evaluations without a new best before the learning rate decays. */
  plateauPatience: {
    kind: wholeNumber(1),
    help: 'plateau: evaluations before decay',
    legacyValue: 1,
    needs: scheduleIn('plateau'),
  },
} as const satisfies Options;

export const watchingOptions = {
  /**
   * In update steps. Null spaces ten evaluations evenly over the run: by update steps or, with a
   * budget, by time.
   */
  evaluateEvery: {
    kind: orNull(wholeNumber(0)),
    aliases: ['eval-every'],
    help: 'steps, 0 only at the end',
    defaultInWords: 'ten a run',
    isForWatching: true,
  },
  checkpointEvery: {
    kind: wholeNumber(0),
    help: 'steps, 0 only at the end',
    defaultInWords: 'ten a run',
    isForWatching: true,
  },
  keep: { kind: wholeNumber(0), help: 'newest checkpoints to keep by number', default: 0, isForWatching: true },
  /** Null spaces four samples over the run, in the same way as `evaluateEvery`. */
  sampleEvery: {
    kind: orNull(wholeNumber(0)),
    help: 'steps, 0 never',
    defaultInWords: 'four a run',
    isForWatching: true,
  },
  sampleLength: {
    kind: wholeNumber(1, MAX_SIZE),
    help: 'length of a sample in characters',
    default: 150,
    isForWatching: true,
  },
  /** The characters are in evenly spaced chunks. `rnn eval` always scores the whole text. */
  validationCharacters: {
    kind: wholeNumber(0),
    aliases: ['val-characters'],
    help: 'to validate on, 0 all',
    legacyValue: 0,
    defaultInWords: 'chosen',
    isForWatching: true,
  },
  /** With 1, the text is scored as one sequence, which is the strict measure. */
  evaluationStreams: {
    kind: wholeNumber(1),
    aliases: ['streams'],
    help: 'parallel chunks, 1 is strict',
    defaultInWords: 'chosen',
    isForWatching: true,
  },
} as const satisfies Options;

export const trainingOptions = {
  ...modelOptions,
  ...regularisationOptions,
  ...lengthOptions,
  ...learningOptions,
  ...learningRateOptions,
  ...watchingOptions,
};

/** The options of a training run, resolved: every value is known. */
export interface TrainingOptions extends ValuesOf<typeof trainingOptions> {}
export type TrainingOption = keyof TrainingOptions;

export const trainingNames = Object.keys(trainingOptions) as TrainingOption[];
