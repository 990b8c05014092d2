// What a model is, apart from its weights: plain data, recorded in checkpoints. Knows nothing of training or devices.
//
// The letters used for dimensions everywhere in this project:
//   N batch (parallel streams), T time steps in a window, D width of a layer's input, H hidden units, V vocabulary, L layers.

/** How weights start: `uniform` in ±1/√H as PyTorch does, `xavier` (Glorot and Bengio, 2010), or `orthogonal` recurrent matrices (Saxe et al., 2014). */
export type Initialisation = 'uniform' | 'xavier' | 'orthogonal';

export interface ModelConfiguration {
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
  /** Probability with which an input of a layer above the first, or of the output layer, is zeroed in training. */
  readonly dropout: number;
  /** The conventions of the cell on which libraries disagree (gate order, direction of blending), for readers of a checkpoint. */
  readonly conventions: Readonly<Record<string, string>>;
}
