// Finds the tokens that would repeat a passage of a text.

/** A text remembers passages of about this many tokens back. */
const MAX_PASSAGES = 100_000;

/**
 * The tokens of a text, in which no passage of `length` tokens may occur twice, as with
 * no_repeat_ngram_size in Hugging Face's transformers.
 */
export class RepeatGuard {
  readonly #length: number;
  /** The last `length` − 1 tokens. */
  #last: number[] = [];
  /** By passages of `length` − 1 tokens: the tokens that followed. The older half is in `#older`. */
  #followers = new Map<string, number[]>();
  #older = new Map<string, number[]>();

  /** @param length tokens, at least 2 */
  constructor(length: number) {
    this.#length = length;
  }

  /** The tokens that would complete a passage that the text has. */
  get repeating(): readonly number[] {
    if (this.#last.length < this.#length - 1) return [];
    const key = keyOf(this.#last);
    return [...(this.#followers.get(key) ?? []), ...(this.#older.get(key) ?? [])];
  }

  push(id: number): void {
    if (this.#last.length === this.#length - 1) {
      const key = keyOf(this.#last);
      const followers = this.#followers.get(key);
      if (followers === undefined) this.#followers.set(key, [id]);
      else followers.push(id);
      if (this.#followers.size > MAX_PASSAGES / 2) {
        this.#older = this.#followers;
        this.#followers = new Map();
      }
      this.#last.shift();
    }
    this.#last.push(id);
  }
}

const keyOf = (ids: readonly number[]): string => String.fromCodePoint(...ids);

/** Characters at the end of a text in which a repetition is searched. */
const TAIL = 600;
/** A passage that occurs this often in a row, and fills half of the tail, is a repetition. */
const MIN_TIMES = 4;

/** Finds texts that repeat one passage at their end. */
export class RepetitionDetector {
  #tail = '';

  push(piece: string): void {
    this.#tail = `${this.#tail}${piece}`.slice(-TAIL);
  }

  /** The passage that the end of the text repeats, or null. */
  get repeated(): string | null {
    const tail = this.#tail;
    for (let period = 1; period <= tail.length / MIN_TIMES; period++) {
      let same = 0;
      while (same + period < tail.length && tail.at(-1 - same) === tail.at(-1 - same - period)) same++;
      if (same + period >= Math.max(TAIL / 2, MIN_TIMES * period)) return tail.slice(-period);
    }
    return null;
  }
}
