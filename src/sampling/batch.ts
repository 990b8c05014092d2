// Samples several texts as rows of one batch. Each step reads the weights once for all rows, and
// reading them takes longer than computing. A row whose text has ended continues with the next text,
// and few texts use few rows.
import type { Network, NetworkRows, RowStates, StartState } from './network.ts';
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
  /**
   * Called for each token of `start` except the first, with the logits that predict it. With it, all
   * tokens are read, even if the text has no length.
   */
  readonly onRead?: (id: number, logits: Float32Array) => void;
}

/** A text in a row of the batch. */
interface RowText extends TextToSample {
  /** The tokens that the row reads before it samples. */
  readonly context: Int32Array;
  /** How many of them it has read. */
  read: number;
  /** The next input. */
  id: number;
}

const NO_TOKENS = new Int32Array(0);

/** Samples texts in the rows of a batch. */
export class BatchSampler {
  readonly #network: Network;
  /** The next text, or null if none may begin now. */
  readonly #takeNext: () => TextToSample | null;
  #rows: NetworkRows;
  /** The text of each row. Null for a row without a text. */
  #texts: (RowText | null)[];
  #hasReturnedText = false;

  constructor(network: Network, takeNext: () => TextToSample | null) {
    this.#network = network;
    this.#takeNext = takeNext;
    this.#rows = network.rowsOf(1);
    this.#texts = [null];
  }

  /**
   * Samples characters of all texts for up to FLUSH_MS. The first call that samples anything returns
   * after one character of each text, so that output appears immediately.
   *
   * @returns the number of texts that have not ended
   */
  async sample(): Promise<number> {
    const began = performance.now();
    for (;;) {
      const hasSampled = await this.#beginTexts();
      const active = this.#texts.reduce((sum, text) => (text === null ? sum : sum + 1), 0);
      if (active === 0 || this.#isFirstText(hasSampled)) return active;
      const stepping = this.#rows.advance();
      if (stepping) await stepping;
      if (this.#isFirstText(this.#takeTokens()) || performance.now() - began >= FLUSH_MS) return active;
    }
  }

  /** Whether a text has left the batch, or has not begun. */
  isFree(text: SampledText): boolean {
    return !this.#texts.some((row) => row?.text === text);
  }

  #isFirstText(hasSampled: boolean): boolean {
    if (!hasSampled || this.#hasReturnedText) return false;
    this.#hasReturnedText = true;
    return true;
  }

  /** Begins texts while there are rows for them. Returns whether a token was sampled. */
  async #beginTexts(): Promise<boolean> {
    const { widths } = this.#network;
    let hasSampled = false;
    let active = 0;
    for (const [row, text] of this.#texts.entries()) {
      if (text !== null && isOver(text)) this.#texts[row] = null;
      else if (text !== null) active++;
    }
    const begun: [RowText, RowStates | null][] = [];
    while (active + begun.length < widths.at(-1)!) {
      const next = this.#takeNext();
      if (next === null) break;
      if (next.start instanceof Int32Array) {
        const text = { ...next, context: next.start, read: 1, id: next.start[0] };
        if (!isOver(text)) begun.push([text, null]);
        continue;
      }
      const { logits, states } = await next.start();
      const text = { ...next, context: NO_TOKENS, read: 0, id: next.text.sampleToken(logits) };
      hasSampled = true;
      if (!isOver(text)) begun.push([text, states]);
    }
    const count = active + begun.length;
    const width = widths.find((each) => each >= count)!;
    const states = new Map<number, RowStates | null>();
    if (width !== this.#rows.width) await this.#moveTo(width, states);
    for (const [text, state] of begun) {
      const row = this.#texts.indexOf(null);
      this.#texts[row] = text;
      this.#rows.ids[row] = text.id;
      states.set(row, state);
    }
    if (states.size > 0) await this.#rows.setStates(states);
    return hasSampled;
  }

  /**
   * Moves all texts to another number of rows.
   *
   * @param states receives their states
   */
  async #moveTo(width: number, states: Map<number, RowStates | null>): Promise<void> {
    const earlier = this.#texts;
    const active = earlier.flatMap((text, row) => (text === null ? [] : [{ text, row }]));
    const carried = active.length === 0 ? [] : await this.#rows.allStates();
    this.#rows = this.#network.rowsOf(width);
    this.#texts = new Array<RowText | null>(width).fill(null);
    for (const [index, { text, row }] of active.entries()) {
      this.#texts[index] = text;
      this.#rows.ids[index] = text.id;
      states.set(index, carried[row]);
    }
  }

  /** After a step: gives each row its next input. Returns whether a token was sampled. */
  #takeTokens(): boolean {
    let hasSampled = false;
    for (const [row, text] of this.#texts.entries()) {
      if (text === null) continue;
      const logits = this.#rows.logits[row];
      if (text.read < text.context.length) {
        text.id = text.context[text.read++];
        text.onRead?.(text.id, logits);
      } else {
        text.id = text.text.sampleToken(logits);
        hasSampled = true;
      }
      this.#rows.ids[row] = text.id;
      if (isOver(text)) this.#texts[row] = null;
    }
    return hasSampled;
  }
}

/** Whether a row is free: its text has ended, or the caller has ended it. */
const isOver = ({ text, onRead, read, context }: RowText): boolean =>
  text.isEnded && (text.isAbandoned || onRead === undefined || read === context.length);
