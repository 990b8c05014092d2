// Texts that are sampled together, one per row, so that the weights, which take longer to read than
// to compute with, are read once for all.
import type { Network, Rows, Start } from './network.ts';
import type { Text } from './text.ts';

/**
 * Characters sampled within this time are passed on together, because passing on costs as much as
 * sampling a character from a small model.
 */
const FLUSH_MS = 8;

/** Samples for a while. */
export type Draw = () => Promise<void>;

/**
 * Samples texts in rows. The rows of texts that have ended stay until all have ended. The first
 * call samples one character of each text, so that output appears immediately.
 */
export function batchOf(network: Network, start: Start, texts: readonly Text[]): Draw {
  let rows: Rows | null = null;
  /**
   * Samples a token for each text, which is the next input of its row. Returns how many texts
   * continue.
   */
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
