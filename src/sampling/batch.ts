// Texts that are drawn together, a row each: the weights, which take longer to read than to compute
// with, are read once for all.
import type { Network, Rows, Start } from './network.ts';
import type { Text } from './text.ts';

/**
 * Characters drawn within this time are handed on together: handing on costs as much as drawing one
 * from a small model.
 */
const FLUSH_MS = 8;

export class Batch {
  readonly #network: Network;
  readonly #start: Start;
  /** By row. Those that have ended stay until all have. */
  readonly #texts: readonly Text[];
  #rows: Rows | null = null;
  constructor(network: Network, start: Start, texts: readonly Text[]) {
    this.#network = network;
    this.#start = start;
    this.#texts = texts;
  }

  /**
   * Draws for a while: the very first time one character of each text, so that something is there
   * at once.
   */
  async advance(): Promise<void> {
    if (this.#rows === null) {
      this.#rows = await this.#network.start(this.#start, this.#texts.length);
      this.#draw(
        this.#rows,
        this.#texts.map(() => this.#start.logits),
      );
      return;
    }
    const rows = this.#rows;
    const began = performance.now();
    let going: number;
    do {
      const stepping = rows.step();
      if (stepping) await stepping;
      going = this.#draw(rows, rows.logits);
    } while (going > 0 && performance.now() - began < FLUSH_MS);
  }

  /**
   * Draws a symbol for each text, which is what its row is fed next; gives how many of them go on.
   */
  #draw({ ids }: Rows, logits: readonly Float32Array[]): number {
    const texts = this.#texts;
    let going = 0;
    for (let row = 0; row < texts.length; row++) {
      const text = texts[row];
      if (text.ended) continue;
      ids[row] = text.draw(logits[row]);
      if (!text.ended) going++;
    }
    return going;
  }
}
