// The options of a training run: what it learns, how, and how it is watched. Each is a row; see
// option.ts. A row without a default has one that follows from the text or from other options, in
// training/resolve.ts.
import { choice, duration, number, onOff, orList, orNull, wholeNumber } from './kind.ts';
import { MAX_SIZE, fraction, hasTime, modelOptions, probability, regularisationOptions } from './network.ts';
import type { Condition, Options, ValuesOf } from './option.ts';

export const optimizerNames = ['adam', 'rmsprop', 'adagrad', 'sgd'] as const;
export type OptimizerName = (typeof optimizerNames)[number];
export const scheduleNames = ['constant', 'step', 'exponential', 'cosine', 'plateau', 'one-cycle'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/**
 * The lengths that windows of mean length T may have with `randomLength`: T−d, T−d/2, T, T+d/2 and
 * T+d with d near T/4, the least first. T alone below 4.
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
 * Exactly one of the first three is not null: the length of the whole run, and the end of its
 * schedule.
 */
export const lengthOptions = {
  epochs: {
    kind: orNull(number({ above: 0, max: 1e9 })),
    placeholder: '<n>',
    help: 'passes over the text',
    defaultInWords: 'chosen',
  },
  maxSteps: { kind: orNull(wholeNumber(1)), help: 'update steps; with --accumulate, windows', defaultInWords: '' },
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
  /** Evaluations without a new best before the run stops early. */
  patience: { kind: wholeNumber(0), help: 'evaluations without a best; 0 off', default: 0 },
} as const satisfies Options;

export const learningOptions = {
  /**
   * T, steps of truncated back-propagation. Longer sees further, and makes fewer updates per text.
   */
  sequenceLength: {
    kind: wholeNumber(1),
    aliases: ['seq-length'],
    help: 'time steps of a window',
    defaultInWords: '32 or 64',
  },
  /**
   * Probability with which a window starts from a zero state, for all streams (Melis, Dyer and
   * Blunsom, 2018). Without it a state is carried through the whole text, cells drift to values in
   * the hundreds, and the model may fail where every text begins: at zero.
   */
  stateReset: {
    kind: fraction,
    help: 'chance of a zero state',
    legacyValue: 0,
    defaultInWords: '0.05 or more',
  },
  /**
   * A stream that starts from a zero state starts with the start symbol (a line feed, else a
   * space), so that the model knows this as the start of a text: samples, primes and evaluated
   * texts start so. Off for text whose lines mean nothing.
   */
  textStarts: {
    kind: onOff,
    help: 'zero states only at line starts; on by default',
    default: true,
    legacyValue: false,
  },
  /** N, parallel streams. Larger is faster per character, and makes fewer updates per text. */
  batchSize: { kind: wholeNumber(1), help: 'parallel sequences', defaultInWords: '16 or 32' },
  optimizer: {
    kind: choice(optimizerNames, { adamw: 'adam' }),
    placeholder: '<name>',
    help: orList(optimizerNames),
    default: 'adam',
  },
  momentum: { kind: probability, help: 'momentum of sgd', default: 0.9, needs: [isSgd] },
  /** Global-norm clipping. The highest value that stops the spikes of the gradient norm. */
  clipNorm: { kind: number({ min: 0 }), help: 'limit of the gradient norm; 0 off', default: 0.5 },
  /** Mostly no worse than plain momentum, and steadier near 0.99. */
  nesterov: {
    kind: onOff,
    help: 'of sgd: momentum that looks one step ahead',
    legacyValue: false,
    needs: [isSgd, { option: 'momentum', holds: (momentum: number) => momentum > 0 }],
  },
  /** λ of decoupled weight decay: each update takes η·λ of every weight. */
  weightDecay: { kind: fraction, help: 'rate; 0.1-0.6 if it overfits', legacyValue: 0, defaultInWords: 'chosen' },
  /**
   * Clamps each element of the gradient, after clipping by norm: for what one weight's spike would
   * do to all others by the norm.
   */
  clipValue: { kind: number({ min: 0 }), help: 'limit of each gradient; 0 off', legacyValue: 0 },
  /**
   * d, weight averaging: evaluations, samples and checkpoints have the average of the weights, over
   * about 1/(1−d) updates. 0.99 for a thousand updates, 0.999 for ten thousand and more; most worth
   * where the learning rate stays high.
   */
  average: { kind: probability, help: 'EMA of the weights, 0.99-0.999', legacyValue: 0 },
  /**
   * n, windows whose gradients are averaged into one update: for what a larger batch would learn,
   * where memory has no room for it. Steps, and all that is counted in them, are windows; clipping
   * is of each window's gradient. Up to n−1 windows at the end of a run go without an update.
   */
  accumulate: { kind: wholeNumber(1, MAX_SIZE), help: 'windows to accumulate per update', legacyValue: 1 },
  /**
   * Recurrent matrices are made orthogonal again, gate by gate, on the host. For a tanh RNN that is
   * to remember over many steps, with orthogonal initialisation, as often as the time allows: a
   * gate takes 0.05 s with 128 units, 0.3 s with 256, 2.5 s with 512.
   */
  orthogonalEvery: { kind: wholeNumber(0), help: 'steps between orthogonalisations', legacyValue: 0 },
  /**
   * Each epoch begins at a place drawn from the seed, so that its windows are cut elsewhere. For
   * runs of many epochs: gradients reach back to the beginning of a window alone, and so never see
   * some characters together.
   */
  randomOffset: { kind: onOff, help: 'cut windows elsewhere in each epoch', legacyValue: false },
  /**
   * T is drawn around its mean, in an order drawn for each epoch (T ± d and T ± d/2, d near T/4):
   * no step is always the first. The idea is that of Merity et al. (2018), who draw from a normal
   * distribution and change the learning rate with T. Takes the time to compile and the memory of
   * five programs; on a GPU, only windows of one length go in a run of calls together.
   */
  randomLength: {
    kind: onOff,
    help: 'vary windows by a quarter of --sequence-length',
    legacyValue: false,
    needs: [{ option: 'sequenceLength', holds: (length: number) => lengthsAround(length).length > 1 }],
  },
  /**
   * Limit of each element of the gradient that flows from step to step. The gradient is that of a
   * mean over T·N characters, so small: 1 over T·N is about what clipping a sum at 1 would be.
   * (Graves, 2013, clips that of sums, and before the gates.)
   */
  clipState: { kind: number({ min: 0 }), help: 'limit of gradients through time', legacyValue: 0, needs: [hasTime] },
  /**
   * How often a run that diverges may go back and halve its learning rate before it is given up.
   */
  maxRecoveries: { kind: wholeNumber(0), help: 'times to go back when it diverges', default: 3, isForWatching: true },
  seed: { kind: wholeNumber(0), help: 'the same seed, the same model', default: 1 },
} as const satisfies Options;

export const learningRateOptions = {
  /**
   * The peak of the schedule. Adam a few thousandths, more for small layers (4 / H is the default
   * of an LSTM), RMSProp 2e-3, Adagrad 0.1, SGD 0.1–1.
   */
  learningRate: {
    kind: number({ above: 0, max: 1000 }),
    aliases: ['lr'],
    help: 'peak rate',
    defaultInWords: 'by cell and hidden',
  },
  schedule: {
    kind: choice(scheduleNames),
    placeholder: '<name>',
    aliases: ['lr-schedule'],
    help: 'how it decays; listed below',
    default: 'cosine',
  },
  warmupSteps: { kind: wholeNumber(0), aliases: ['warmup'], help: 'update steps in which it rises', default: 20 },
  /** The factor each time. For `plateau` 0.5, or 0.2 if evaluations are rare. */
  decay: {
    kind: number({ above: 0, max: 1 }),
    aliases: ['lr-decay'],
    help: 'factor; of plateau 0.5',
    default: 0.95,
    needs: scheduleIn('step', 'exponential', 'plateau'),
  },
  /** `step`: how many epochs between two factors; `exponential`: epochs per factor. */
  decayEpochs: {
    kind: number({ above: 0 }),
    placeholder: '<n>',
    aliases: ['lr-decay-epochs'],
    help: 'step, exponential: epochs between',
    default: 1,
    needs: scheduleIn('step', 'exponential'),
  },
  /** Epochs before the learning rate begins to decay. Until the validation loss slows down. */
  decayAfter: {
    kind: number({ min: 0 }),
    placeholder: '<n>',
    aliases: ['lr-decay-after'],
    help: 'step, exponential: epochs before',
    legacyValue: 0,
    needs: scheduleIn('step', 'exponential'),
  },
  /** Where the learning rate ends, as a fraction of its peak. */
  finalFraction: {
    kind: fraction,
    aliases: ['lr-final'],
    help: 'cosine, one-cycle: of the peak',
    default: 0.01,
    needs: scheduleIn('cosine', 'one-cycle'),
  },
  /** Of `plateau`: evaluations without a new best before the learning rate decays. */
  plateauPatience: {
    kind: wholeNumber(1),
    help: 'plateau: evaluations before decay',
    legacyValue: 1,
    needs: scheduleIn('plateau'),
  },
} as const satisfies Options;

export const watchingOptions = {
  /** Null spaces ten evaluations over the run: by its steps or, with a budget, by time. */
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
  /** Null spaces four samples over the run, as `evaluateEvery` does. */
  sampleEvery: {
    kind: orNull(wholeNumber(0)),
    help: 'steps, 0 never',
    defaultInWords: 'four a run',
    isForWatching: true,
  },
  sampleLength: { kind: wholeNumber(1, MAX_SIZE), help: 'characters of a sample', default: 150, isForWatching: true },
  /** In evenly spaced chunks. `rnn eval` scores all of the text in any case. */
  validationCharacters: {
    kind: wholeNumber(0),
    aliases: ['val-characters'],
    help: 'to validate on; 0 all',
    legacyValue: 0,
    defaultInWords: 'chosen',
    isForWatching: true,
  },
  /** 1 is the strict figure. */
  evaluationStreams: {
    kind: wholeNumber(1),
    aliases: ['streams'],
    help: 'chunks in parallel; 1 is strict',
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
