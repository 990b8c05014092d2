// The options of a run that say what is trained: the network, and what keeps it from overfitting.
// Each is a row; see option.ts.
import { cellNamed, cells } from '../model/cells/registry.ts';
import { initialisations, skips, stackings } from '../model/configuration.ts';
import { choice, number, onOff, orList, orNull, wholeNumber } from './kind.ts';
import type { Condition, Options } from './option.ts';

export const presetNames = ['quick', 'good', 'best', 'char-rnn', 'karpathy-2015', 'min-char-rnn'] as const;
export type PresetName = (typeof presetNames)[number];

/**
 * The largest value that is added to weights or multiplied with them: they are float32, and soon
 * infinite beyond.
 */
export const MAX_FACTOR = 1e6;
export const MAX_SIZE = 2 ** 20;

export const probability = number({ min: 0, below: 1 });
export const fraction = number({ min: 0, max: 1 });
const nonNegative = number({ min: 0, max: MAX_FACTOR });
const bias = number({ min: -MAX_FACTOR, max: MAX_FACTOR });

const hasLayers: Condition = {
  option: 'layers',
  holds: (layers: number) => layers > 1,
  otherwise: 'there is one layer',
};
const hasEmbedding: Condition = {
  option: 'embedding',
  holds: (embedding: number) => embedding > 0,
  orError: 'give --embedding a width, such as that of a layer (--hidden)',
};
export const hasTime: Condition = { option: 'sequenceLength', holds: (length: number) => length > 1 };

export const modelOptions = {
  /** The name in presets.ts of what options were taken from that were not given; null for none. */
  preset: {
    kind: orNull(choice(presetNames)),
    placeholder: '<name>',
    help: 'options that go together; listed below',
    legacyValue: null,
    fixedFor: 'run',
  },
  /**
   * `lstm` is good on large texts, `mlstm` better on small ones; `gru` is a quarter smaller and
   * faster; `rnn` is for study.
   */
  cell: {
    kind: choice(cells.map(({ name }) => name)),
    placeholder: '<name>',
    help: 'architecture',
    defaultInWords: 'mlstm, above 400 kB lstm',
    fixedFor: 'weights',
  },
  /** L. Two with skip connections learn more than one in the same time; three need hours. */
  layers: {
    kind: wholeNumber(1, 1024),
    help: 'recurrent layers',
    defaultInWords: '1 up to 25 kB, else 2',
    fixedFor: 'weights',
  },
  /**
   * H. The first thing to raise if the training loss stays high, the first to lower if only the
   * validation loss does.
   */
  hidden: {
    kind: wholeNumber(1, MAX_SIZE),
    help: 'units of each layer',
    defaultInWords: 'chosen',
    fixedFor: 'weights',
  },
  /**
   * Width of a learned embedding; 0 is one-hot, which costs nothing with fewer than a few hundred
   * symbols.
   */
  embedding: {
    kind: wholeNumber(0, MAX_SIZE),
    help: 'width, 0 one-hot',
    defaultInWords: '64 above 300 symbols',
    fixedFor: 'weights',
  },
  /** 0.1–0.5 when the validation loss rises while the training loss falls; 0 otherwise. */
  dropout: { kind: probability, help: 'rate; more if the run overfits', defaultInWords: 'chosen' },
  /**
   * Initial bias of the forget gate: 1 lets gradients through from the first step (Jozefowicz et
   * al., 2015).
   */
  forgetBias: {
    kind: bias,
    help: '1 lets an LSTM remember at first',
    default: 1,
    fixedFor: 'start',
    needs: [
      {
        option: 'cell',
        holds: (cell: string) => cellNamed(cell).forgetGate !== undefined,
        otherwise: 'the cell has no forget gate',
      },
    ],
  },
  initialisation: {
    kind: choice(initialisations),
    placeholder: '<name>',
    aliases: ['init', 'initialization'],
    help: orList(initialisations),
    default: 'uniform',
    fixedFor: 'start',
  },
  /** Limit of uniform initialisation; 0 is 1/√H, which is mostly right. 0.08 is char-rnn's. */
  initScale: {
    kind: nonNegative,
    help: 'limit of uniform; 0 is 1/sqrt(H)',
    legacyValue: 0,
    fixedFor: 'start',
    needs: [{ option: 'initialisation', holds: (name: string) => name === 'uniform' }],
  },
  /**
   * Initial bias of the update gate of GRU, MUT1–3, towards keeping the old state: 1 or 2 for long
   * dependencies.
   */
  gateBias: {
    kind: bias,
    help: '1-2 lets a GRU or MUT remember',
    legacyValue: 0,
    fixedFor: 'start',
    needs: [
      {
        option: 'cell',
        holds: (cell: string) => cellNamed(cell).updateGate !== undefined,
        otherwise: 'the cell has no update gate',
      },
    ],
  },
  /** `both` for two layers and more: then every layer learns from the first step. */
  skip: {
    kind: choice(skips),
    placeholder: '<which>',
    help: orList(skips),
    defaultInWords: 'both',
    legacyValue: 'none',
    fixedFor: 'weights',
    needs: [hasLayers],
  },
  /**
   * `residual` or `highway` for stacks that are slow to begin to learn; two layers need neither.
   */
  stacking: {
    kind: choice(stackings),
    placeholder: '<how>',
    help: orList(stackings),
    legacyValue: 'plain',
    fixedFor: 'weights',
    needs: [hasLayers],
  },
  /**
   * k, for a vanilla network that has to remember over more than ten steps; gated cells gain
   * nothing.
   */
  timeSkip: {
    kind: number({ whole: true, min: 2, max: 2 ** 16, orZero: true }),
    placeholder: '<k>',
    help: 'also read the output k steps ago',
    legacyValue: 0,
    fixedFor: 'weights',
  },
  /**
   * With a large vocabulary: saves V × H weights. Best where the embedding is as wide as a layer.
   */
  tied: {
    kind: onOff,
    help: 'tie the output weights to the embedding',
    legacyValue: false,
    fixedFor: 'weights',
    needs: [hasEmbedding],
  },
  /** LSTM only: steadier at high learning rates, and half as fast. */
  layerNorm: {
    kind: onOff,
    help: 'normalise inside the LSTM; steadier, half as fast',
    legacyValue: false,
    fixedFor: 'weights',
    needs: [{ option: 'cell', holds: (cell: string) => cell === 'lstm', orError: 'only --cell lstm has it' }],
  },
  /** Matters where state is often reset: many short streams, or short primes. */
  learnedState: {
    kind: onOff,
    help: 'learn the state at the start of a text',
    legacyValue: false,
    fixedFor: 'weights',
  },
} as const satisfies Options;

export const regularisationOptions = {
  /**
   * Dropout zeroes the same elements at all steps of a window. The rate can then be higher by half.
   */
  lockedDropout: {
    kind: onOff,
    help: 'variational dropout: one mask for all time steps',
    legacyValue: false,
    needs: [{ option: 'dropout', holds: (dropout: number) => dropout > 0 }],
  },
  /**
   * Probability with which a weight from state to state is zeroed for a window: 0.2–0.5 beside
   * dropout, for small texts and long runs. Slower.
   */
  weightDropout: { kind: probability, help: 'DropConnect on recurrent weights', legacyValue: 0 },
  /** Probability with which a symbol is zeroed for a window; 0.02–0.1. Needs an embedding. */
  embeddingDropout: {
    kind: probability,
    aliases: ['embed-dropout'],
    help: 'of whole tokens; needs --embedding',
    legacyValue: 0,
    needs: [hasEmbedding],
  },
  /** α, weight of mean(y²) of the last layer's output; 1–2 beside dropout. */
  activationPenalty: { kind: nonNegative, aliases: ['ar'], help: 'activation regularisation, 1-2', legacyValue: 0 },
  /** β, weight of mean((h_t − h_{t−1})²) of the last layer; 0.5–1 beside dropout. */
  temporalPenalty: {
    kind: nonNegative,
    aliases: ['tar'],
    help: 'temporal activation regularisation',
    legacyValue: 0,
    needs: [hasTime],
  },
  /**
   * ε, how much of a target belongs to all symbols alike: 0.01–0.1. Makes the model less sure,
   * which its reported loss has to pay for.
   */
  labelSmoothing: { kind: probability, help: 'part of a target for all tokens', legacyValue: 0 },
} as const satisfies Options;
