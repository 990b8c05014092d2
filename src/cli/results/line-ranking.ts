// Keeps the lines with the highest measure in memory.

/** Lines in descending order of their measure. Equal lines keep their order. */
export class LineRanking<Line extends { readonly measure: number }> {
  readonly #max: number;
  #lines: Line[] = [];

  /** @param max the number of lines to keep */
  constructor(max: number) {
    this.#max = max;
  }

  add(lines: readonly Line[]): void {
    for (const line of lines) this.#lines.push(line);
    if (this.#lines.length > 2 * this.#max) this.#lines = this.lines.slice();
  }

  /** The lines so far, the highest first. */
  get lines(): readonly Line[] {
    return this.#lines.toSorted((a, b) => b.measure - a.measure).slice(0, this.#max);
  }
}
