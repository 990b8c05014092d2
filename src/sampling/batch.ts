// Samples several texts as rows of one batch. Each step reads the weights once for all rows, and
// reading them takes longer than computing. A row whose text has ended continues with the next text.
import type { NetworkRows, RowStates, StartState } from './network.ts';
import type { SampledText } from './text.ts';

/**
 * The caller gets the characters that were sampled within this time together. Returning to the
 * caller takes as long as sampling a character from a small model.
 */
const FLUSH_MS = 8;

/** A text, and where it starts. */
export interface TextToSample {
  readonly text: SampledText;
  /** Tokens to read from a zero state (at least one), or a state that several texts share. */
  readonly start: Int32Array | (() => Promise<StartState>);
}

/** A text in a row of the batch. */
interface RowText {
  readonly text: SampledText;
  /** The tokens that the row reads before it samples. */
  readonly context: Int32Array;
  /** How many of them it has read. */
  read: number;
}

const NO_TOKENS = new Int32Array(0);

/** Samples texts in the rows of a batch. */
export class BatchSampler {
  /** The next text, or null if none may begin now. */
  readonly #takeNext: () => TextToSample | null;
  readonly #rows: NetworkRows;
  /** The text of each row. Null for a row without a text. */
  readonly #texts: (RowText | null)[];
  #hasReturnedText = false;

  constructor(rows: NetworkRows, takeNext: () => TextToSample | null) {
    this.#takeNext = takeNext;
    this.#rows = rows;
    this.#texts = new Array<RowText | null>(this.#rows.width).fill(null);
  }

  /**
   * Samples characters of all texts for up to FLUSH_MS. The first call that samples anything returns
   * after one character of each text, so that output appears immediately.
   */
  async sample(): Promise<void> {
    const began = performance.now();
    do {
      const hasSampled = await this.#beginTexts();
      if (this.#texts.every((row) => row === null) || this.#isFirstText(hasSampled)) return;
      const stepping = this.#rows.advance();
      if (stepping) await stepping;
      if (this.#isFirstText(this.#sampleTokens())) return;
    } while (performance.now() - began < FLUSH_MS);
  }

  #isFirstText(hasSampled: boolean): boolean {
    if (!hasSampled || this.#hasReturnedText) return false;
    this.#hasReturnedText = true;
    return true;
  }

  /** Gives each row without a text the next text. Returns whether a token was sampled. */
  async #beginTexts(): Promise<boolean> {
    let hasSampled = false;
    const states = new Map<number, RowStates | null>();
    for (let row = 0; row < this.#texts.length; row++) {
      while (this.#texts[row] === null) {
        const next = this.#takeNext();
        if (next === null) break;
        const { text, start } = next;
        if (start instanceof Int32Array) {
          this.#texts[row] = { text, context: start, read: 1 };
          states.set(row, null);
          this.#rows.ids[row] = start[0];
        } else {
          const { logits, states: carried } = await start();
          this.#texts[row] = { text, context: NO_TOKENS, read: 0 };
          states.set(row, carried);
          this.#sampleToken(row, logits);
          hasSampled = true;
        }
      }
    }
    if (states.size > 0) await this.#rows.setStates(states);
    return hasSampled;
  }

  /** After a step: gives each row its next input. Returns whether a token was sampled. */
  #sampleTokens(): boolean {
    let hasSampled = false;
    for (const [row, reading] of this.#texts.entries()) {
      if (reading === null) continue;
      if (reading.read < reading.context.length) this.#rows.ids[row] = reading.context[reading.read++];
      else {
        this.#sampleToken(row, this.#rows.logits[row]);
        hasSampled = true;
      }
    }
    return hasSampled;
  }

  #sampleToken(row: number, logits: Float32Array): void {
    const { text } = this.#texts[row]!;
    this.#rows.ids[row] = text.sampleToken(logits);
    if (text.isEnded) this.#texts[row] = null;
  }
}
