// Regularisation: changes in training, and only there, so that a model does not overfit. Plain
// data.

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
  readonly locked: boolean;
  /**
   * DropConnect: probability with which a weight of a cell's recurrent matrices is zeroed, the same
   * for a whole window (Wan et al., 2013; Merity et al., 2018). Not for weights of a skip through
   * time.
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
  readonly activation: number;
  /**
   * β of temporal activation regularisation (TAR): adds β·mean((h_t − h_{t−1})²) to the loss for
   * the last layer's output before dropout (Merity, McCann and Socher, 2017). The first step of a
   * window counts as no change, so this is (T − 1)/T of the paper's mean.
   */
  readonly temporal: number;
  /**
   * ε of label smoothing: a target is 1 − ε of its token and ε spread evenly over all tokens
   * (Szegedy et al., 2016).
   */
  readonly smoothing: number;
  /**
   * Elements of the gradient that flows from a time step to its predecessor are clipped to ±this. 0
   * for no limit.
   */
  readonly clipState: number;
}

/** Training without regularisation, and every program that does not train. */
export const noRegularisation: Regularisation = {
  dropout: 0,
  locked: false,
  weightDropout: 0,
  embeddingDropout: 0,
  activation: 0,
  temporal: 0,
  smoothing: 0,
  clipState: 0,
};
