// Regularisation: the settings that keep a model from overfitting. They apply only in training.
// Plain data.

/** The strengths of all kinds of regularisation. 0 or false switches one off. */
export interface Regularisation {
  /**
   * Dropout: probability with which an element of a layer's output is zeroed on its way to the
   * layer above, but not through time (Zaremba et al., 2014).
   */
  readonly dropout: number;
  /**
   * Variational dropout: the same elements are zeroed at all time steps of a window (after Gal and
   * Ghahramani, 2016, who also drop recurrent inputs, and as in Merity et al., 2018).
   */
  readonly lockedDropout: boolean;
  /**
   * DropConnect: probability with which a weight of a cell's recurrent matrices is zeroed, the same
   * for a whole window (Wan et al., 2013; Merity et al., 2018). Does not apply to the weights of
   * `--time-skip`.
   */
  readonly weightDropout: number;
  /**
   * Embedding dropout: probability with which a token is zeroed wherever it occurs in a window (Gal
   * and Ghahramani, 2016). Needs an embedding.
   */
  readonly embeddingDropout: number;
  /**
   * α of activation regularisation (AR): adds α·mean(y²) to the loss for the output y of the last
   * layer's cell after dropout (Merity, McCann and Socher, 2017).
   */
  readonly activationPenalty: number;
  /**
   * β of temporal activation regularisation (TAR): adds β·mean((h_t − h_{t−1})²) to the loss for
   * the last layer's output before dropout (Merity, McCann and Socher, 2017). The first time step
   * of a window contributes 0, so the penalty is (T − 1)/T of the paper's.
   */
  readonly temporalPenalty: number;
  /**
   * ε of label smoothing: a target is 1 − ε of its token and ε spread evenly over all tokens
   * (Szegedy et al., 2016).
   */
  readonly labelSmoothing: number;
  /**
   * The limit of each element of the gradient that flows from a time step to the previous one: the
   * element is clipped to ±`clipState`. 0 means no limit.
   */
  readonly clipState: number;
}

/** No regularisation. For programs that do not train, and for training without it. */
export const noRegularisation: Regularisation = {
  dropout: 0,
  lockedDropout: false,
  weightDropout: 0,
  embeddingDropout: 0,
  activationPenalty: 0,
  temporalPenalty: 0,
  labelSmoothing: 0,
  clipState: 0,
};
