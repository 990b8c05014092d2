// The options of a training run, resolved: every value is known. Where a value was not given, resolve.ts chose it or the default
// below holds. Each comment says how to choose.
import type { Initialisation, Skip, Stacking } from '../model/configuration.ts';

export type PresetName = 'quick' | 'good' | 'best' | 'char-rnn' | 'karpathy-2015' | 'min-char-rnn';
export const optimizerNames = ['adam', 'rmsprop', 'adagrad', 'sgd'] as const;
export type OptimizerName = (typeof optimizerNames)[number];
export const scheduleNames = ['constant', 'step', 'exponential', 'cosine', 'plateau', 'one-cycle'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export interface TrainingOptions {
  /** The name in presets.ts of what options were taken from that were not given; null for none. */
  readonly preset: PresetName | null;
  /**
   * A name in model/cells/registry.ts. `lstm` is good on large texts, `mlstm` better on small ones; `gru` is a quarter smaller
   * and faster; `rnn` is for study.
   */
  readonly cell: string;
  /** L. Two with skip connections learn more than one in the same time; three need hours. */
  readonly layers: number;
  /** H. The first thing to raise if the training loss stays high, the first to lower if only the validation loss does. */
  readonly hidden: number;
  /** Width of a learned embedding; 0 is one-hot, which costs nothing with fewer than a few hundred symbols. */
  readonly embedding: number;
  /** 0.1–0.5 when the validation loss rises while the training loss falls; 0 otherwise. */
  readonly dropout: number;
  /** Initial bias of the forget gate: 1 lets gradients through from the first step (Jozefowicz et al., 2015). */
  readonly forgetBias: number;
  readonly initialisation: Initialisation;
  /** Limit of uniform initialisation; 0 is 1/√H, which is mostly right. 0.08 is char-rnn's. */
  readonly initScale: number;
  /** `both` for two layers and more: then every layer learns from the first step. */
  readonly skip: Skip;
  /** `residual` or `highway` for stacks that are slow to begin to learn; two layers need neither. */
  readonly stacking: Stacking;
  /** k, for a vanilla network that has to remember over more than ten steps; gated cells gain nothing. */
  readonly timeSkip: number;
  /** With a large vocabulary: saves V × H weights. Best where the embedding is as wide as a layer. */
  readonly tied: boolean;
  /** LSTM only: steadier at high learning rates, and half as fast. */
  readonly layerNorm: boolean;
  /** Matters where state is often reset: many short streams, or short primes. */
  readonly learnedState: boolean;
  /** Initial bias of the update gate of GRU, MUT1–3, towards keeping the old state: 1 or 2 for long dependencies. */
  readonly gateBias: number;

  /** Dropout zeroes the same elements at all steps of a window. The rate can then be higher by half. */
  readonly lockedDropout: boolean;
  /**
   * Probability with which a weight from state to state is zeroed for a window: 0.2–0.5 beside dropout, for small texts and long runs.
   * Slower.
   */
  readonly weightDropout: number;
  /** Probability with which a symbol is zeroed for a window; 0.02–0.1. Needs an embedding. */
  readonly embeddingDropout: number;
  /** α, weight of mean(y²) of the last layer's output; 1–2 beside dropout. */
  readonly activationPenalty: number;
  /** β, weight of mean((h_t − h_{t−1})²) of the last layer; 0.5–1 beside dropout. */
  readonly temporalPenalty: number;
  /**
   * ε, how much of a target belongs to all symbols alike: 0.01–0.1. Makes the model less sure, which the loss that is told has to pay for.
   */
  readonly labelSmoothing: number;
  /**
   * Limit of each element of the gradient that flows from step to step; 0 is off. The gradient is that of a mean over T·N characters, so
   * small: 1 over T·N is about what clipping a sum at 1 would be. (Graves, 2013, clips that of sums, and before the gates.)
   */
  readonly clipState: number;

  /** T, steps of truncated back-propagation. Longer sees further, and makes fewer updates per text. */
  readonly sequenceLength: number;
  /**
   * Probability with which a window starts from a zero state, for all streams (Melis, Dyer and Blunsom, 2018). Without it a state is
   * carried through the whole text, cells drift to values in the hundreds, and the model may fail where every text begins: at zero. 0 to
   * 0.05.
   */
  readonly stateReset: number;
  /**
   * A stream that starts from a zero state starts with the start symbol (a line feed, else a space), so that the model knows this as the
   * start of a text: samples, primes and evaluated texts start so. Off for text whose lines mean nothing, and in runs of earlier versions.
   */
  readonly textStarts: boolean;
  /** N, parallel streams. Larger is faster per character, and makes fewer updates per text. */
  readonly batchSize: number;

  readonly optimizer: OptimizerName;
  /**
   * The peak of the schedule. Adam a few thousandths, more for small layers (4 / H is the default of an LSTM), RMSProp 2e-3, Adagrad 0.1,
   * SGD 0.1–1. Halve it when the loss jumps.
   */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  /** Steps over which the learning rate rises from nothing to its peak. */
  readonly warmupSteps: number;
  /** `step`, `exponential` and `plateau`: the factor each time. For `plateau` 0.5, or 0.2 if evaluations are rare. */
  readonly decay: number;
  /** `step`: how many epochs between two factors; `exponential`: epochs per factor. */
  readonly decayEpochs: number;
  /** `step` and `exponential`: epochs before the learning rate begins to fall. Until the validation loss slows down. */
  readonly decayAfter: number;
  /** `cosine` and `one-cycle`: where the learning rate ends, as a fraction of its peak. */
  readonly finalFraction: number;
  /** SGD only. */
  readonly momentum: number;
  /** Global-norm clipping; 0 turns it off. The highest value that stops the spikes of the gradient norm. */
  readonly clipNorm: number;
  /** SGD only: Nesterov's momentum, which looks one step ahead. Mostly no worse than the plain one, and steadier near 0.99. */
  readonly nesterov: boolean;
  /**
   * λ of decoupled weight decay: each update takes η·λ of every weight. 0.1–0.5 when the validation loss rises while the training loss
   * falls; 0 is off.
   */
  readonly weightDecay: number;
  /**
   * Clamps each element of the gradient, after clipping by norm; 0 turns it off. For what one weight's spike would do to all others by the
   * norm.
   */
  readonly clipValue: number;
  /**
   * d, weight averaging: evaluations, samples and checkpoints have the average of the weights, over about 1/(1−d) updates. 0.99 for a
   * thousand updates, 0.999 for ten thousand and more; most worth where the learning rate stays high. 0 is off.
   */
  readonly average: number;
  /**
   * n, windows whose gradients are averaged into one update: for what a larger batch would learn, where memory has no room for it. Steps,
   * and all that is counted in them, are windows; clipping is of each window's gradient. Up to n−1 windows at the end of a run go without
   * an update.
   */
  readonly accumulate: number;
  /**
   * In steps; 0 is never. Recurrent matrices are made orthogonal again, gate by gate, on the host. For a tanh RNN that is to remember over
   * many steps, with `--init orthogonal`, as often as the time allows: a gate takes 0.05 s with 128 units, 0.3 s with 256, 2.5 s with 512.
   */
  readonly orthogonalEvery: number;
  /**
   * Each epoch begins at a place drawn from the seed, so that its windows are cut elsewhere. For runs of many epochs: gradients reach back
   * to the beginning of a window alone, and so never see some characters together.
   */
  readonly randomOffset: boolean;
  /**
   * T is drawn around its mean, in an order drawn for each epoch (T ± d and T ± d/2, d near T/4): no step is always the first. The idea is
   * that of Merity et al. (2018), who draw from a normal distribution and change the learning rate with T. Takes the time to compile and
   * the memory of five programs; on a GPU, only windows of one length go in a run of calls together.
   */
  readonly randomLength: boolean;
  /**
   * `plateau`: the learning rate falls after so many evaluations without a new best. 1 if evaluations are epochs apart, 3–10 if the loss
   * wobbles between them.
   */
  readonly plateauPatience: number;

  /** Length of the whole run, the end of its schedule: exactly one of these three is not null. */
  readonly epochs: number | null;
  readonly maxSteps: number | null;
  readonly budgetMs: number | null;
  /** Ends this invocation only. */
  readonly maxTimeMs: number | null;

  readonly seed: number;
  /** In steps; 0 is only at the end. Null spaces ten evaluations over the run: by its steps or, with a budget, by time. */
  readonly evaluateEvery: number | null;
  /** In steps; 0 is only at the end. */
  readonly checkpointEvery: number;
  /** How many of the newest checkpoints stay under a name of their own. */
  readonly keep: number;
  /** In steps; 0 is never. Null spaces four samples over the run, as `evaluateEvery` does. */
  readonly sampleEvery: number | null;
  /** Characters of each sample taken in training. */
  readonly sampleLength: number;
  /** Evaluations without a new best before the run stops early; 0 never stops. */
  readonly patience: number;
  /** How often a run that comes apart may go back and halve its learning rate before it is given up. */
  readonly maxRecoveries: number;
  /** Contiguous streams that the validation text is read in; 1 is the strict figure. */
  readonly evaluationStreams: number;
  /** Characters of the validation text to validate on, in evenly spaced chunks; 0 is all of it. `rnn eval` scores all of it in any case. */
  readonly validationCharacters: number;
}
