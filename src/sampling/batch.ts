// Samples several texts as rows of one batch. Each step reads the weights once for all rows, and
// reading them takes longer than computing.
import type { Network, NetworkRows, StartState } from './network.ts';
import type { SampledText } from './text.ts';

/**
 * The caller gets the characters that were sampled within this time together. Returning to the
 * caller takes as long as sampling a character from a small model.
 */
const FLUSH_MS = 8;

/** Samples characters of all texts for up to FLUSH_MS. */
export type SampleMore = () => Promise<void>;

/**
 * Opens a batch with a row for each text. A row stays in the batch after its text has ended, until
 * all texts have ended. The first call of the result samples one character of each text, so that
 * output appears immediately.
 */
export function createBatchSampler(network: Network, start: StartState, texts: readonly SampledText[]): SampleMore {
  let rows: NetworkRows | null = null;
  /**
   * Samples a token for each text that has not ended, and makes it the next input of the row.
   * Returns the number of texts that have not ended.
   */
  const sampleTokens = ({ ids }: NetworkRows, logits: readonly Float32Array[]): number => {
    let continuing = 0;
    for (let row = 0; row < texts.length; row++) {
      const text = texts[row];
      if (text.isEnded) continue;
      ids[row] = text.sampleToken(logits[row]);
      if (!text.isEnded) continuing++;
    }
    return continuing;
  };
  return async () => {
    if (rows === null) {
      rows = await network.start(start, texts.length);
      sampleTokens(
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
      continuing = sampleTokens(rows, rows.logits);
    } while (continuing > 0 && performance.now() - began < FLUSH_MS);
  };
}
