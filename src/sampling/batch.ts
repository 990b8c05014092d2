// Texts that are drawn together, a row each: the weights, which take longer to read than to compute
// with, are read once for all.
import type { Network, Rows, Start } from './network.ts';
import type { Text } from './text.ts';

/**
 * Characters drawn within this time are handed on together: handing on costs as much as drawing one
 * from a small model.
 */
const FLUSH_MS = 8;

/** Draws for a while. */
export type Draw = () => Promise<void>;

/**
 * Texts by row: those that have ended stay until all have. The very first time, one character of each
 * text is drawn, so that something is there at once.
 */
export function batchOf(network: Network, start: Start, texts: readonly Text[]): Draw {
  let rows: Rows | null = null;
  /** Draws a symbol for each text, which is what its row is fed next; gives how many of them go on. */
  const draw = ({ ids }: Rows, logits: readonly Float32Array[]): number => {
    let going = 0;
    for (let row = 0; row < texts.length; row++) {
      const text = texts[row];
      if (text.ended) continue;
      ids[row] = text.draw(logits[row]);
      if (!text.ended) going++;
    }
    return going;
  };
  return async () => {
    if (rows === null) {
      rows = await network.start(start, texts.length);
      draw(
        rows,
        texts.map(() => start.logits),
      );
      return;
    }
    const began = performance.now();
    let going: number;
    do {
      const stepping = rows.step();
      if (stepping) await stepping;
      going = draw(rows, rows.logits);
    } while (going > 0 && performance.now() - began < FLUSH_MS);
  };
}
