// Prompts that arrive while earlier prompts are answered.
import type { TextOrBytes } from '../sampling/sample.ts';

/** The maximum number of prompts to read ahead. */
const MAX_AHEAD = 1024;

/** Reads up to 1,024 prompts ahead, so that all prompts that have arrived are answered together. */
export class PromptQueue {
  readonly #prompts: AsyncGenerator<TextOrBytes, void, undefined>;
  readonly #ready: TextOrBytes[] = [];
  #reading: Promise<void> | null = null;
  #isEnded = false;
  #failure: { readonly cause: unknown } | null = null;

  constructor(prompts: Iterable<TextOrBytes> | AsyncIterable<TextOrBytes>) {
    this.#prompts = (async function* () {
      yield* prompts;
    })();
  }

  /** Removes and returns the next prompt that has arrived, or null. */
  take(): TextOrBytes | null {
    const next = this.#ready.shift() ?? null;
    this.#read();
    return next;
  }

  /** Waits for a prompt. False after the last. Throws the error of the source. */
  async wait(): Promise<boolean> {
    for (;;) {
      if (this.#ready.length > 0) return true;
      if (this.#failure !== null) throw this.#failure.cause;
      if (this.#isEnded) return false;
      this.#read();
      await this.#reading;
    }
  }

  /** Ends the source, so that it frees its resources. A prompt that it waits for comes first. */
  close(): void {
    this.#isEnded = true;
    void this.#prompts.return().catch(() => {});
  }

  #read(): void {
    if (this.#reading !== null || this.#isEnded || this.#ready.length >= MAX_AHEAD) return;
    this.#reading = this.#readNext().finally(() => {
      this.#reading = null;
      this.#read();
    });
  }

  async #readNext(): Promise<void> {
    try {
      const { done, value } = await this.#prompts.next();
      if (done) this.#isEnded = true;
      else this.#ready.push(value);
    } catch (cause) {
      this.#isEnded = true;
      this.#failure = { cause };
    }
  }
}
