// Prompts that arrive while earlier prompts are answered.
import type { TextOrBytes } from '../sampling/sample.ts';

/** Prompts that are read ahead. */
const MAX_AHEAD = 1024;

/** Reads prompts ahead, so that all that have arrived are answered together. */
export class PromptQueue {
  readonly #prompts: AsyncIterator<TextOrBytes>;
  readonly #ready: TextOrBytes[] = [];
  #reading: Promise<void> | null = null;
  #isEnded = false;
  #failure: { readonly cause: unknown } | null = null;

  constructor(prompts: Iterable<TextOrBytes> | AsyncIterable<TextOrBytes>) {
    this.#prompts = (async function* () {
      yield* prompts;
    })();
  }

  /** The next prompt that has arrived, or null. */
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
