// The configuration of a model, without its weights: plain data, recorded in checkpoints. It knows
// nothing of training or devices.
//
// The letters used for dimensions everywhere in this project:
//   N batch size, T time steps in a window, D width of a layer's input, H hidden units, V vocabulary size, L layers.

/**
 * How weights start: `uniform` in ±`initScale`, by default ±1/√H as in PyTorch, `xavier` (Glorot
 * and Bengio, 2010), or `orthogonal` recurrent matrices (Saxe et al., 2014).
 */
export const initialisations = ['uniform', 'xavier', 'orthogonal'] as const;
type Initialisation = (typeof initialisations)[number];

/**
 * Skip connections (Graves, 2013): from the input to every layer, from every layer to the output.
 */
export const skips = ['none', 'input', 'output', 'both'] as const;
type Skip = (typeof skips)[number];

/**
 * How a layer above the first combines its input x with its output: see `connectLayers` in network.ts.
 */
export const stackings = ['plain', 'residual', 'highway'] as const;
type Stacking = (typeof stackings)[number];

/**
 * How cells are connected. Missing members are off. Members are only ever added, so that older
 * checkpoints still work.
 */
export interface Architecture {
  readonly skip?: Skip;
  readonly stacking?: Stacking;
  /**
   * k: each time step of a layer also reads the layer's output of k steps ago (Lin et al., 1996). 0
   * for none, else at least 2.
   */
  readonly timeSkip?: number;
  /** Weight tying: the output layer uses the embedding's weights (Press and Wolf, 2017). */
  readonly tied?: boolean;
  /** Layer normalisation inside the LSTM (Ba, Kiros and Hinton, 2016). */
  readonly layerNorm?: boolean;
  /**
   * The state at the start of a text is learned instead of zero. A skip through time reads zeros
   * from before the start.
   */
  readonly learnedState?: boolean;
  /** The bound of `uniform` initialisation. 0 for 1/√H. */
  readonly initScale?: number;
  /** Initial bias of the update gate, towards keeping the old state, where the cell has one. */
  readonly gateBias?: number;
}

/** The sizes and options that determine the shapes and meaning of a model's weights. */
export interface ModelConfiguration extends Architecture {
  /** A name in cells/registry.ts. */
  readonly cell: string;
  /** L, stacked recurrent layers. */
  readonly layers: number;
  /** H, units in each layer. */
  readonly hidden: number;
  /** Width of a learned embedding of the tokens. 0 feeds them one-hot. */
  readonly embedding: number;
  /** V, vocabulary size. */
  readonly vocabulary: number;
  /** Initial bias of the forget gate, where the cell has one. */
  readonly forgetBias: number;
  readonly initialisation: Initialisation;
  /**
   * Probability with which an input of a layer above the first, or of the output layer, is zeroed
   * in training.
   */
  readonly dropout: number;
  /**
   * The conventions of the cell on which libraries disagree (gate order, direction of blending),
   * for readers of a checkpoint.
   */
  readonly conventions: Readonly<Record<string, string>>;
}
