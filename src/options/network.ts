// The options of the network, and of its regularisation. Each option is a row: see option.ts.
import { cellNamed, allCells } from '../model/cells/registry.ts';
import { initialisations, skips, stackings } from '../model/configuration.ts';
import { choice, number, onOff, orList, orNull, wholeNumber } from './kind.ts';
import type { Condition, Options } from './option.ts';

/** The presets: three for a training time, and three of other programs and papers. */
export const presetNames = ['quick', 'good', 'best', 'char-rnn', 'karpathy-2015', 'min-char-rnn'] as const;
export type PresetName = (typeof presetNames)[number];

/**
 * The largest value that is added to weights or multiplied by them. Weights are float32, and soon
 * become infinite beyond it.
 */
export const MAX_FACTOR = 1e6;
/** The largest width, length or batch size that an option accepts. */
export const MAX_SIZE = 2 ** 20;

/** A number in [0, 1), such as a rate of dropout. */
export const probability = number({ min: 0, below: 1 });
/** A number in [0, 1]. */
export const fraction = number({ min: 0, max: 1 });
const nonNegative = number({ min: 0, max: MAX_FACTOR });
const bias = number({ min: -MAX_FACTOR, max: MAX_FACTOR });

const hasLayers: Condition = {
  option: 'layers',
  holds: (layers: number) => layers > 1,
  noEffectReason: 'there is one layer',
};
const hasEmbedding: Condition = {
  option: 'embedding',
  holds: (embedding: number) => embedding > 0,
  errorHint: 'give --embedding a width, such as the width of a layer (--hidden)',
};
/** Holds if gradients flow through more than one time step. */
export const hasTime: Condition = { option: 'sequenceLength', holds: (length: number) => length > 1 };

/** The options that determine the shapes and the initial values of the weights. */
export const modelOptions = {
  /** The preset (presets.ts) from which omitted options were taken, or null. */
  preset: {
    kind: orNull(choice(presetNames)),
    placeholder: '<name>',
    help: "Use a named set of options, such as quick. 'rnn help presets' lists them",
    legacyValue: null,
    fixedFor: 'run',
    isCommon: true,
  },
  /**
   * `lstm` is good on large texts, and `mlstm` is better on small texts. `gru` is a quarter smaller
   * and faster. `rnn` is for study.
   */
  cell: {
    kind: choice(allCells.map(({ name }) => name)),
    placeholder: '<name>',
    help: "Use this architecture. 'rnn help cells' lists them. Up to 400,000 training characters, the default is mlstm",
    defaultInWords: 'mlstm or lstm',
    fixedFor: 'weights',
    isCommon: true,
  },
  /**
   * L. Two layers with skip connections learn more than one layer in the same time. Three layers
   * need hours.
   */
  layers: {
    kind: wholeNumber(1, 1024),
    help: 'Use this many recurrent layers. Two layers learn more than one in the same time. Three need hours of training. Up to 25,000 training characters, the default is 1',
    defaultInWords: '1 or 2',
    fixedFor: 'weights',
    isCommon: true,
  },
  /**
   * H. Raise it first if the training loss stays high (underfitting). Lower it first if only the
   * validation loss does (overfitting).
   */
  hidden: {
    kind: wholeNumber(1, MAX_SIZE),
    help: 'Use this many units per layer. Try more first if the run underfits, and fewer first if it overfits',
    defaultInWords: 'chosen from the text',
    fixedFor: 'weights',
    isCommon: true,
  },
  /**
   * Width of a learned embedding. 0 is one-hot, which costs nothing for a vocabulary of less than a
   * few hundred tokens.
   */
  embedding: {
    kind: wholeNumber(0, MAX_SIZE),
    help: 'Learn an embedding of this width. 0 feeds one-hot vectors',
    defaultInWords: '64 if there are more than 300 tokens, else 0',
    fixedFor: 'weights',
  },
  /** 0.1–0.5 when the validation loss rises while the training loss falls; 0 otherwise. */
  dropout: {
    kind: probability,
    help: 'Set values between layers to zero with this probability. Raise it if the run overfits',
    defaultInWords: 'chosen from the text',
    isCommon: true,
  },
  /**
   * Initial bias of the forget gate. With 1, gradients flow from the first update step (Jozefowicz
   * et al., 2015).
   */
  forgetBias: {
    kind: bias,
    help: 'Set the initial bias of forget gates. 1 lets an LSTM remember from the first update step',
    default: 1,
    fixedFor: 'start',
    needs: [
      {
        option: 'cell',
        holds: (cell: string) => cellNamed(cell).forgetGate !== undefined,
        noEffectReason: 'the cell has no forget gate',
      },
    ],
  },
  initialisation: {
    kind: choice(initialisations),
    placeholder: '<name>',
    aliases: ['init', 'initialization'],
    help: `Set the initial weights: ${orList(initialisations)}`,
    default: 'uniform',
    fixedFor: 'start',
  },
  /**
   * Limit of uniform initialisation. 0 is 1/√H, which is mostly right. 0.08 is char-rnn's limit.
   */
  initScale: {
    kind: nonNegative,
    help: 'Limit uniform initial weights to this size. 0 stands for 1/sqrt(hidden)',
    legacyValue: 0,
    fixedFor: 'start',
    needs: [{ option: 'initialisation', holds: (name: string) => name === 'uniform' }],
  },
  /**
   * Initial bias of the update gate of GRU and MUT1–3, towards keeping the old state. Use 1 or 2
   * for long dependencies.
   */
  gateBias: {
    kind: bias,
    help: 'Set the initial bias of update gates. 1 or 2 lets a GRU or MUT remember longer',
    legacyValue: 0,
    fixedFor: 'start',
    needs: [
      {
        option: 'cell',
        holds: (cell: string) => cellNamed(cell).updateGate !== undefined,
        noEffectReason: 'the cell has no update gate',
      },
    ],
  },
  /** Use `both` for two layers and more, so that every layer learns from the first update step. */
  skip: {
    kind: choice(skips),
    placeholder: '<which>',
    help: `Add skip connections from the input and to the output: ${orList(skips)}`,
    defaultInWords: 'both',
    legacyValue: 'none',
    fixedFor: 'weights',
    needs: [hasLayers],
  },
  /**
   * Use `residual` or `highway` for stacks that are slow to begin to learn. Two layers need
   * neither.
   */
  stacking: {
    kind: choice(stackings),
    placeholder: '<how>',
    help: `Connect stacked layers: ${orList(stackings)}. Use residual or highway if a stack is slow to learn`,
    legacyValue: 'plain',
    fixedFor: 'weights',
    needs: [hasLayers],
  },
  /**
   * k, for a vanilla network that has to remember over more than ten time steps. Gated cells do not
   * gain from it.
   */
  timeSkip: {
    kind: number({ whole: true, min: 2, max: 2 ** 16, orZero: true }),
    placeholder: '<k>',
    help: 'Also read the output of k time steps ago. It helps a vanilla network, but not gated cells',
    legacyValue: 0,
    fixedFor: 'weights',
  },
  /**
   * Saves V × H parameters, which matters for a large vocabulary. Works best with an embedding as
   * wide as a layer.
   */
  tied: {
    kind: onOff,
    help: 'Use the embedding as the weights of the output layer (weight tying)',
    legacyValue: false,
    fixedFor: 'weights',
    needs: [hasEmbedding],
  },
  /** LSTM only. Steadier at high learning rates, and half as fast. */
  layerNorm: {
    kind: onOff,
    help: 'Normalise inside the LSTM. This is more stable at high learning rates, but half as fast',
    legacyValue: false,
    fixedFor: 'weights',
    needs: [
      {
        option: 'cell',
        holds: (cell: string) => cell === 'lstm',
        errorHint: 'use --cell lstm, the only cell that has it',
      },
    ],
  },
  /** Matters if the state is often reset: many short sequences, or short prompts. */
  learnedState: {
    kind: onOff,
    help: 'Learn the state at the start of a text, instead of starting from zeros',
    legacyValue: false,
    fixedFor: 'weights',
  },
} as const satisfies Options;

/** The options of regularisation, except dropout and weight decay. */
export const regularisationOptions = {
  /**
   * Dropout zeroes the same elements at all time steps of a sequence. The rate can then be higher
   * by half.
   */
  lockedDropout: {
    kind: onOff,
    help: 'Use one dropout mask for all time steps of a sequence (variational dropout)',
    legacyValue: false,
    needs: [{ option: 'dropout', holds: (dropout: number) => dropout > 0 }],
  },
  /**
   * Probability that a recurrent weight is zeroed for a sequence. Use 0.2–0.5 together with
   * dropout, for small texts and long runs.
   */
  weightDropout: {
    kind: probability,
    help: 'Apply DropConnect to recurrent weights. Try 0.2 to 0.5 for small texts and long runs',
    legacyValue: 0,
  },
  /** Probability that a token is zeroed for a sequence, 0.02–0.1. Needs an embedding. */
  embeddingDropout: {
    kind: probability,
    aliases: ['embed-dropout'],
    help: 'Set whole tokens to zero with this probability. Try 0.02 to 0.1, with --embedding',
    legacyValue: 0,
    needs: [hasEmbedding],
  },
  /** α, the weight of mean(y²) of the last layer's output. Use 1–2 together with dropout. */
  activationPenalty: {
    kind: nonNegative,
    aliases: ['ar'],
    help: 'Set the activation regularisation (AR). Try 1 to 2, with dropout',
    legacyValue: 0,
  },
  /** β, the weight of mean((h_t − h_{t−1})²) of the last layer. Use 0.5–1 together with dropout. */
  temporalPenalty: {
    kind: nonNegative,
    aliases: ['tar'],
    help: 'Set the temporal activation regularisation (TAR). Try 0.5 to 1, with dropout',
    legacyValue: 0,
    needs: [hasTime],
  },
  /**
   * ε, the fraction of a target that is spread over all tokens, 0.01–0.1. It makes the model less
   * confident, which raises the reported loss.
   */
  labelSmoothing: {
    kind: probability,
    help: 'Spread this fraction of each target over all tokens. Try 0.01 to 0.1',
    legacyValue: 0,
  },
} as const satisfies Options;
