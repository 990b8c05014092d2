// What the page of `rnn inspect --html` is given to show. Types alone, for the page's program has them, too.

export interface CellsData {
  /** The text by symbols: what each adds to it. */
  readonly pieces: readonly string[];
  readonly shown: readonly ShownCells[];
  /** The cell that is chosen at first. */
  readonly first: { readonly layer: number; readonly name: string; readonly unit: number };
}

/** Units of one carried value of one layer. */
export interface ShownCells {
  readonly layer: number;
  readonly name: string;
  readonly units: readonly number[];
  /** The lowest value of each of the units, and the highest. */
  readonly lows: readonly number[];
  readonly highs: readonly number[];
  /** From the lowest, 0, to the highest, 255: the values of each unit at all places, then those of the next. In base64. */
  readonly levels: string;
}
