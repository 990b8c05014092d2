// What a model is, apart from its weights: plain data, recorded in checkpoints. Knows nothing of
// training or devices.
//
// The letters used for dimensions everywhere in this project:
//   N batch (parallel streams), T time steps in a window, D width of a layer's input, H hidden units, V vocabulary, L layers.

/**
 * How weights start: `uniform` in ±`initScale`, by default ±1/√H as PyTorch does, `xavier` (Glorot
 * and Bengio, 2010), or `orthogonal` recurrent matrices (Saxe et al., 2014).
 */
export const initialisations = ['uniform', 'xavier', 'orthogonal'] as const;
type Initialisation = (typeof initialisations)[number];

/**
 * Which connections leave out layers (Graves, 2013): from the input to every layer, from every
 * layer to the output.
 */
export const skips = ['none', 'input', 'output', 'both'] as const;
type Skip = (typeof skips)[number];

/**
 * What a layer above the first does with its input x besides reading it: see `stacked` in
 * network.ts.
 */
export const stackings = ['plain', 'residual', 'highway'] as const;
type Stacking = (typeof stackings)[number];

/**
 * How cells are connected; what is left out is not there. Members are only ever added, so that
 * older checkpoints go on.
 */
export interface Architecture {
  readonly skip?: Skip;
  readonly stacking?: Stacking;
  /**
   * k: each step of a layer also reads the layer's own output of k steps ago (Lin et al., 1996). 0
   * for none, else at least 2.
   */
  readonly timeSkip?: number;
  /** The output layer uses the embedding's weights (Press and Wolf, 2017). */
  readonly tied?: boolean;
  /** Layer normalisation inside the LSTM (Ba, Kiros and Hinton, 2016). */
  readonly layerNorm?: boolean;
  /**
   * The state at the start of a text is learned, not zero. What a skip through time reads from
   * before it is zero.
   */
  readonly learnedState?: boolean;
  /** Of `uniform` initialisation; 0 for 1/√H. */
  readonly initScale?: number;
  /** Initial bias of the update gate, towards keeping the old state, where the cell has one. */
  readonly gateBias?: number;
}

export interface ModelConfiguration extends Architecture {
  /** A name in cells/registry.ts. */
  readonly cell: string;
  /** L, recurrent layers on top of each other. */
  readonly layers: number;
  /** H, units in each layer. */
  readonly hidden: number;
  /** Width of a learned embedding of the symbols; 0 feeds them one-hot. */
  readonly embedding: number;
  /** V, how many symbols the model knows. */
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
