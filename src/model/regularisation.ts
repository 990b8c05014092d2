// What is done in training, and nowhere else, so that a model does not learn its text by heart.
// Plain data.

export interface Regularisation {
  /**
   * Probability with which an element of a layer's output is zeroed on its way up, never in time
   * (Zaremba et al., 2014).
   */
  readonly dropout: number;
  /**
   * The same elements are zeroed at all steps of a window (after Gal and Ghahramani, 2016, who zero
   * those that flow in time, too; as here in Merity et al., 2018).
   */
  readonly locked: boolean;
  /**
   * Probability with which a weight of a cell's recurrent matrices is zeroed, the same for a whole
   * window (DropConnect: Wan et al., 2013; Merity et al., 2018). Those of a skip through time stay.
   */
  readonly weightDropout: number;
  /**
   * Probability with which a symbol is zeroed wherever it stands in a window (Gal and Ghahramani,
   * 2016). Needs an embedding.
   */
  readonly embeddingDropout: number;
  /**
   * α: adds α·mean(y²) to the loss for the output y of the last layer's cell after dropout (Merity,
   * McCann and Socher, 2017).
   */
  readonly activation: number;
  /**
   * β: adds β·mean((h_t − h_{t−1})²) to the loss for the last layer's output before dropout (the
   * same). The first step of a window counts as no change, so that this is (T − 1)/T of the paper's
   * mean.
   */
  readonly temporal: number;
  /** ε: a target is 1 − ε of its symbol and ε of all symbols alike (Szegedy et al., 2016). */
  readonly smoothing: number;
  /**
   * Elements of the gradient that flows from a step to the one before it are kept within ±this; 0
   * for no limit.
   */
  readonly clipState: number;
}

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
