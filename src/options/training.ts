// The options of a training run: what it learns, how, and how it is watched. Each is a row; see option.ts. A row without a default has one
// that follows from the text or from other options, in training/resolve.ts.
import { lengthsAround } from '../corpus/cuts.ts';
import { cellNamed, cells } from '../model/cells/registry.ts';
import { initialisations, skips, stackings } from '../model/configuration.ts';
import { choice, duration, number, onOff, orNull, wholeNumber } from './kind.ts';
import type { Condition, Options, ValuesOf } from './option.ts';

export const presetNames = ['quick', 'good', 'best', 'char-rnn', 'karpathy-2015', 'min-char-rnn'] as const;
export type PresetName = (typeof presetNames)[number];
export const optimizerNames = ['adam', 'rmsprop', 'adagrad', 'sgd'] as const;
export type OptimizerName = (typeof optimizerNames)[number];
export const scheduleNames = ['constant', 'step', 'exponential', 'cosine', 'plateau', 'one-cycle'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/** The largest value that is added to weights or multiplied with them: they are float32, and soon infinite beyond. */
export const LARGEST = 1e6;
const MAX_SIZE = 2 ** 20;

const probability = number({ min: 0, below: 1 });
const fraction = number({ min: 0, max: 1 });
const penalty = number({ min: 0, max: LARGEST });
const bias = number({ min: -LARGEST, max: LARGEST });

const scheduleIn = (...names: readonly string[]): readonly Condition[] => [
  { option: 'schedule', holds: (schedule: string) => names.includes(schedule) },
];
const isSgd: Condition = { option: 'optimizer', holds: (optimizer: string) => optimizer === 'sgd' };
const hasLayers: Condition = { option: 'layers', holds: (layers: number) => layers > 1, otherwise: 'there is one layer' };
const hasTime: Condition = { option: 'sequenceLength', holds: (length: number) => length > 1 };

export const modelOptions = {
  /** The name in presets.ts of what options were taken from that were not given; null for none. */
  preset: {
    kind: orNull(choice(presetNames)),
    placeholder: '<name>',
    help: 'options that go together; listed below',
    earlier: null,
    isFixed: 'run',
  },
  /** `lstm` is good on large texts, `mlstm` better on small ones; `gru` is a quarter smaller and faster; `rnn` is for study. */
  cell: {
    kind: choice(cells.map(({ name }) => name)),
    placeholder: '<name>',
    help: 'the architecture; chosen: mlstm, above 400 kB lstm',
    isChosen: true,
    isFixed: 'weights',
  },
  /** L. Two with skip connections learn more than one in the same time; three need hours. */
  layers: {
    kind: wholeNumber(1, 1024),
    help: 'recurrent layers; chosen: 1 up to 25 kB, else 2',
    isChosen: true,
    isFixed: 'weights',
  },
  /** H. The first thing to raise if the training loss stays high, the first to lower if only the validation loss does. */
  hidden: { kind: wholeNumber(1, MAX_SIZE), help: 'units a layer; chosen; raise if it underfits', isChosen: true, isFixed: 'weights' },
  /** Width of a learned embedding; 0 is one-hot, which costs nothing with fewer than a few hundred symbols. */
  embedding: {
    kind: wholeNumber(0, MAX_SIZE),
    help: 'width; 0 is one-hot; chosen: 64 above 300 characters',
    isChosen: true,
    isFixed: 'weights',
  },
  /** 0.1–0.5 when the validation loss rises while the training loss falls; 0 otherwise. */
  dropout: { kind: probability, help: 'chosen; raise if it overfits, up to 0.6', isChosen: true },
  /** Initial bias of the forget gate: 1 lets gradients through from the first step (Jozefowicz et al., 2015). */
  forgetBias: {
    kind: bias,
    help: '1 lets an LSTM remember from the start',
    default: 1,
    isFixed: 'start',
    needs: [
      { option: 'cell', holds: (cell: string) => cellNamed(cell).forgetGate !== undefined, otherwise: 'the cell has no forget gate' },
    ],
  },
  initialisation: {
    kind: choice(initialisations),
    flag: 'init',
    placeholder: '<name>',
    help: 'uniform, xavier or orthogonal',
    default: 'uniform',
    isFixed: 'start',
  },
  /** Limit of uniform initialisation; 0 is 1/√H, which is mostly right. 0.08 is char-rnn's. */
  initScale: {
    kind: penalty,
    help: 'limit of uniform; 0 is 1/sqrt(hidden)',
    earlier: 0,
    isFixed: 'start',
    needs: [{ option: 'initialisation', holds: (name: string) => name === 'uniform' }],
  },
  /** Initial bias of the update gate of GRU, MUT1–3, towards keeping the old state: 1 or 2 for long dependencies. */
  gateBias: {
    kind: bias,
    help: '1-2 lets a GRU or MUT remember, as well',
    earlier: 0,
    isFixed: 'start',
    needs: [
      { option: 'cell', holds: (cell: string) => cellNamed(cell).updateGate !== undefined, otherwise: 'the cell has no update gate' },
    ],
  },
  /** `both` for two layers and more: then every layer learns from the first step. */
  skip: {
    kind: choice(skips),
    placeholder: '<which>',
    help: 'input, output, none (as with 1 layer)',
    default: 'both',
    earlier: 'none',
    isFixed: 'weights',
    needs: [hasLayers],
  },
  /** `residual` or `highway` for stacks that are slow to begin to learn; two layers need neither. */
  stacking: {
    kind: choice(stackings),
    placeholder: '<how>',
    help: 'plain, residual, highway',
    earlier: 'plain',
    isFixed: 'weights',
    needs: [hasLayers],
  },
  /** k, for a vanilla network that has to remember over more than ten steps; gated cells gain nothing. */
  timeSkip: {
    kind: number({ whole: true, min: 2, max: 2 ** 16, orZero: true }),
    placeholder: '<k>',
    help: 'also read the output k steps ago',
    earlier: 0,
    isFixed: 'weights',
  },
  /** With a large vocabulary: saves V × H weights. Best where the embedding is as wide as a layer. */
  tied: { kind: onOff, help: "the output layer uses the embedding's weights", earlier: false, isFixed: 'weights' },
  /** LSTM only: steadier at high learning rates, and half as fast. */
  layerNorm: { kind: onOff, help: 'normalise inside the LSTM; steadier, half as fast', earlier: false, isFixed: 'weights' },
  /** Matters where state is often reset: many short streams, or short primes. */
  learnedState: { kind: onOff, help: 'learn the state at the start of a text', earlier: false, isFixed: 'weights' },
} as const satisfies Options;

export const regularisationOptions = {
  /** Dropout zeroes the same elements at all steps of a window. The rate can then be higher by half. */
  lockedDropout: {
    kind: onOff,
    help: 'the same units at all steps of a window',
    earlier: false,
    needs: [{ option: 'dropout', holds: (dropout: number) => dropout > 0 }],
  },
  /**
   * Probability with which a weight from state to state is zeroed for a window: 0.2–0.5 beside dropout, for small texts and long runs.
   * Slower.
   */
  weightDropout: { kind: probability, help: 'of weights from state to state', earlier: 0 },
  /** Probability with which a symbol is zeroed for a window; 0.02–0.1. Needs an embedding. */
  embeddingDropout: { kind: probability, flag: 'embed-dropout', help: 'of whole symbols; needs --embedding', earlier: 0 },
  /** α, weight of mean(y²) of the last layer's output; 1–2 beside dropout. */
  activationPenalty: { kind: penalty, flag: 'ar', help: 'on the size of outputs, 1-2', earlier: 0 },
  /** β, weight of mean((h_t − h_{t−1})²) of the last layer; 0.5–1 beside dropout. */
  temporalPenalty: { kind: penalty, flag: 'tar', help: 'on their change in time, 0.5-1', earlier: 0, needs: [hasTime] },
  /** ε, how much of a target belongs to all symbols alike: 0.01–0.1. Makes the model less sure, which its reported loss has to pay for. */
  labelSmoothing: { kind: probability, help: 'part of each target for all symbols', earlier: 0 },
} as const satisfies Options;

/** Exactly one of the first three is not null: the length of the whole run, and the end of its schedule. */
export const lengthOptions = {
  epochs: { kind: orNull(number({ above: 0, max: 1e9 })), placeholder: '<n>', help: 'passes over the text', isChosen: true },
  maxSteps: { kind: orNull(wholeNumber(1)), help: 'updates of the weights; with --accumulate windows', isChosen: true },
  budgetMs: { kind: orNull(duration), help: 'training time of the whole run: 30s, 3m, 1.5h', isChosen: true },
  maxTimeMs: { kind: orNull(duration), help: 'end this invocation then; shapes nothing', isForWatching: true },
  /** Evaluations without a new best before the run stops early. */
  patience: { kind: wholeNumber(0), help: 'end after n without a best loss; 0 never', default: 0 },
} as const satisfies Options;

/** The names of those of which one ends a run. */
export const lengths = ['epochs', 'maxSteps', 'budgetMs'] as const satisfies readonly (keyof typeof lengthOptions)[];

export const learningOptions = {
  /** T, steps of truncated back-propagation. Longer sees further, and makes fewer updates per text. */
  sequenceLength: {
    kind: wholeNumber(1),
    flag: 'seq-length',
    help: 'steps back in time; chosen: 32, or 64 for long runs',
    isChosen: true,
  },
  /**
   * Probability with which a window starts from a zero state, for all streams (Melis, Dyer and Blunsom, 2018). Without it a state is
   * carried through the whole text, cells drift to values in the hundreds, and the model may fail where every text begins: at zero.
   */
  stateReset: {
    kind: fraction,
    help: 'chance of a zero state; 0.05, more for short lines',
    earlier: 0,
    isChosen: true,
  },
  /**
   * A stream that starts from a zero state starts with the start symbol (a line feed, else a space), so that the model knows this as the
   * start of a text: samples, primes and evaluated texts start so. Off for text whose lines mean nothing.
   */
  textStarts: { kind: onOff, help: 'zero states only at line starts; on unless --no-…', default: true, earlier: false },
  /** N, parallel streams. Larger is faster per character, and makes fewer updates per text. */
  batchSize: { kind: wholeNumber(1), help: 'parallel sequences; chosen: 16, or 32 for long runs', isChosen: true },
  optimizer: {
    kind: choice(optimizerNames, { adamw: 'adam' }),
    placeholder: '<name>',
    help: 'adam, rmsprop, adagrad or sgd',
    default: 'adam',
  },
  /**
   * The peak of the schedule. Adam a few thousandths, more for small layers (4 / H is the default of an LSTM), RMSProp 2e-3, Adagrad 0.1,
   * SGD 0.1–1.
   */
  learningRate: {
    kind: number({ above: 0, max: 1000 }),
    flag: 'lr',
    help: 'peak; chosen from cell and hidden; halve if loss jumps',
    isChosen: true,
  },
  schedule: {
    kind: choice(scheduleNames),
    flag: 'lr-schedule',
    placeholder: '<name>',
    help: 'how it falls; listed below',
    default: 'cosine',
  },
  /** The factor each time. For `plateau` 0.5, or 0.2 if evaluations are rare. */
  decay: {
    kind: number({ above: 0, max: 1 }),
    flag: 'lr-decay',
    help: 'step, exponential; of plateau 0.5',
    default: 0.95,
    needs: scheduleIn('step', 'exponential', 'plateau'),
  },
  /** `step`: how many epochs between two factors; `exponential`: epochs per factor. */
  decayEpochs: {
    kind: number({ above: 0 }),
    flag: 'lr-decay-epochs',
    placeholder: '<n>',
    help: 'step, exponential: epochs between',
    default: 1,
    needs: scheduleIn('step', 'exponential'),
  },
  /** Epochs before the learning rate begins to decay. Until the validation loss slows down. */
  decayAfter: {
    kind: number({ min: 0 }),
    flag: 'lr-decay-after',
    placeholder: '<n>',
    help: 'step, exponential: epochs before',
    earlier: 0,
    needs: scheduleIn('step', 'exponential'),
  },
  /** Where the learning rate ends, as a fraction of its peak. */
  finalFraction: {
    kind: fraction,
    flag: 'lr-final',
    help: 'cosine, one-cycle: end, of the peak',
    default: 0.01,
    needs: scheduleIn('cosine', 'one-cycle'),
  },
  warmupSteps: { kind: wholeNumber(0), flag: 'warmup', help: 'steps in which it rises to its peak', default: 20 },
  momentum: { kind: probability, help: 'of sgd', default: 0.9, needs: [isSgd] },
  /** Global-norm clipping. The highest value that stops the spikes of the gradient norm. */
  clipNorm: { kind: number({ min: 0 }), help: 'limit of the gradient norm; 0 off', default: 0.5 },
  /** Mostly no worse than plain momentum, and steadier near 0.99. */
  nesterov: {
    kind: onOff,
    help: 'of sgd: momentum that looks one step ahead',
    earlier: false,
    needs: [isSgd, { option: 'momentum', holds: (momentum: number) => momentum > 0 }],
  },
  /** λ of decoupled weight decay: each update takes η·λ of every weight. */
  weightDecay: { kind: fraction, help: 'chosen; 0.1-0.6 if it overfits; 0 is off', earlier: 0, isChosen: true },
  /** Clamps each element of the gradient, after clipping by norm: for what one weight's spike would do to all others by the norm. */
  clipValue: { kind: number({ min: 0 }), help: 'then clamp each element to this; 0 off', earlier: 0 },
  /**
   * d, weight averaging: evaluations, samples and checkpoints have the average of the weights, over about 1/(1−d) updates. 0.99 for a
   * thousand updates, 0.999 for ten thousand and more; most worth where the learning rate stays high.
   */
  average: { kind: probability, help: 'use mean weights, 0.99 or 0.999; 0 off', earlier: 0 },
  /**
   * n, windows whose gradients are averaged into one update: for what a larger batch would learn, where memory has no room for it. Steps,
   * and all that is counted in them, are windows; clipping is of each window's gradient. Up to n−1 windows at the end of a run go without
   * an update.
   */
  accumulate: { kind: wholeNumber(1, MAX_SIZE), help: 'windows per update: a larger batch', earlier: 1 },
  /**
   * Recurrent matrices are made orthogonal again, gate by gate, on the host. For a tanh RNN that is to remember over many steps, with
   * orthogonal initialisation, as often as the time allows: a gate takes 0.05 s with 128 units, 0.3 s with 256, 2.5 s with 512.
   */
  orthogonalEvery: { kind: wholeNumber(0), help: 'steps between; keeps long memory; 0 never', earlier: 0 },
  /**
   * Each epoch begins at a place drawn from the seed, so that its windows are cut elsewhere. For runs of many epochs: gradients reach back
   * to the beginning of a window alone, and so never see some characters together.
   */
  randomOffset: { kind: onOff, help: 'windows are cut elsewhere in each epoch', earlier: false },
  /**
   * T is drawn around its mean, in an order drawn for each epoch (T ± d and T ± d/2, d near T/4): no step is always the first. The idea is
   * that of Merity et al. (2018), who draw from a normal distribution and change the learning rate with T. Takes the time to compile and
   * the memory of five programs; on a GPU, only windows of one length go in a run of calls together.
   */
  randomLength: {
    kind: onOff,
    help: 'windows vary by a quarter around --seq-length',
    earlier: false,
    needs: [{ option: 'sequenceLength', holds: (length: number) => lengthsAround(length).length > 1 }],
  },
  /** Of `plateau`: evaluations without a new best before the learning rate decays. */
  plateauPatience: {
    kind: wholeNumber(1),
    help: 'plateau: evaluations without a best',
    earlier: 1,
    needs: scheduleIn('plateau'),
  },
  /**
   * Limit of each element of the gradient that flows from step to step. The gradient is that of a mean over T·N characters, so small: 1
   * over T·N is about what clipping a sum at 1 would be. (Graves, 2013, clips that of sums, and before the gates.)
   */
  clipState: { kind: number({ min: 0 }), help: 'limit of what flows through time; 0 off', earlier: 0, needs: [hasTime] },
  /** How often a run that diverges may go back and halve its learning rate before it is given up. */
  maxRecoveries: { kind: wholeNumber(0), help: 'times a run that diverges may go back', default: 3, isForWatching: true },
  seed: { kind: wholeNumber(0), help: 'the same seed, the same model', default: 1 },
} as const satisfies Options;

export const watchingOptions = {
  /** Null spaces ten evaluations over the run: by its steps or, with a budget, by time. */
  evaluateEvery: {
    kind: orNull(wholeNumber(0)),
    flag: 'eval-every',
    help: 'steps between validation losses; 0 only at the end',
    isChosen: true,
    isForWatching: true,
  },
  checkpointEvery: { kind: wholeNumber(0), help: 'steps between checkpoints; 0 only at the end', isChosen: true, isForWatching: true },
  keep: { kind: wholeNumber(0), help: 'newest checkpoints that stay by number', default: 0, isForWatching: true },
  /** Null spaces four samples over the run, as `evaluateEvery` does. */
  sampleEvery: { kind: orNull(wholeNumber(0)), help: 'steps between samples of text; 0 never', isChosen: true, isForWatching: true },
  sampleLength: { kind: wholeNumber(1, MAX_SIZE), help: 'characters of such a text', default: 150, isForWatching: true },
  /** In evenly spaced chunks. `rnn eval` scores all of the text in any case. */
  validationCharacters: {
    kind: wholeNumber(0),
    flag: 'val-characters',
    help: 'how many of those held out to validate on; 0 all',
    earlier: 0,
    isChosen: true,
    isForWatching: true,
  },
  /** 1 is the strict figure. */
  evaluationStreams: {
    kind: wholeNumber(1),
    flag: 'streams',
    help: 'chunks of validation text side by side; at most 16',
    isChosen: true,
    isForWatching: true,
  },
} as const satisfies Options;

export const trainingOptions = {
  ...modelOptions,
  ...regularisationOptions,
  ...lengthOptions,
  ...learningOptions,
  ...watchingOptions,
};

/** The options of a training run, resolved: every value is known. */
export interface TrainingOptions extends ValuesOf<typeof trainingOptions> {}
export type TrainingOption = keyof TrainingOptions;

export const trainingNames = Object.keys(trainingOptions) as TrainingOption[];
