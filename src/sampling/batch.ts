// Texts that are sampled together, one per row, so that the weights, which take longer to read than
// to compute with, are read once for all.
import type { Network, NetworkRows, StartState } from './network.ts';
import type { SampledText } from './text.ts';

/**
 * Characters sampled within this time are passed on together, because passing on costs as much as
 * sampling a character from a small model.
 */
const FLUSH_MS = 8;

/** Samples for a while. */
export type DrawMore = () => Promise<void>;

/**
 * Samples texts in rows. The rows of texts that have ended stay until all have ended. The first
 * call samples one character of each text, so that output appears immediately.
 */
export function openBatch(network: Network, start: StartState, texts: readonly SampledText[]): DrawMore {
  let rows: NetworkRows | null = null;
  /**
   * Samples a token for each text, which is the next input of its row. Returns how many texts
   * continue.
   */
  const drawTokens = ({ ids }: NetworkRows, logits: readonly Float32Array[]): number => {
    let continuing = 0;
    for (let row = 0; row < texts.length; row++) {
      const text = texts[row];
      if (text.isEnded) continue;
      ids[row] = text.drawTokens(logits[row]);
      if (!text.isEnded) continuing++;
    }
    return continuing;
  };
  return async () => {
    if (rows === null) {
      rows = await network.start(start, texts.length);
      drawTokens(
        rows,
        texts.map(() => start.logits),
      );
      return;
    }
    const began = performance.now();
    let continuing: number;
    do {
      const stepping = rows.advance();
      if (stepping) await stepping;
      continuing = drawTokens(rows, rows.logits);
    } while (continuing > 0 && performance.now() - began < FLUSH_MS);
  };
}
