// Takes the records of a text: decides to which part each belongs, stores its tokens, and counts.
import { type TokenEncoder, TokenStore } from './store.ts';
import { columnsOf } from './columns.ts';
import type { CorpusOptions } from './corpus-options.ts';
import { type Divider, dividerOf } from './divide.ts';
import { weightOf } from './record-options.ts';
import { HashList } from './hash-list.ts';
import type { RecordWeight } from './records.ts';
import { fractionOf, hash53 } from './text-hash.ts';

type RecordOptions = Pick<
  CorpusOptions,
  'records' | 'column' | 'learnAfter' | 'weights' | 'lowercase' | 'validationFraction' | 'testFraction'
>;

export const PARTS = ['train', 'validation', 'test'] as const;
export type RecordPart = (typeof PARTS)[number];

interface Tally {
  train: number;
  validation: number;
  test: number;
  /** Records without text, which are dropped. */
  empty: number;
  /** Records without the text after which the model learns, which are dropped. */
  withoutDelimiter: number;
  /** In UTF-16 code units, without end tokens. */
  characters: number;
  maxLength: number;
}

/** Facts about the records of a corpus: how many each part has, and their lengths in characters. */
export interface RecordFacts extends Readonly<Omit<Tally, 'characters'>> {
  /** Records that occurred before. */
  readonly duplicates: number;
  readonly meanLength: number;
}

/**
 * Equal records belong to the same part, because the part follows from a hash of the record. With
 * `learnAfter` it follows from the text before it, so that no question is in two parts.
 */
export class RecordSink {
  readonly #encoder: TokenEncoder;
  readonly #learnAfter: string | null;
  readonly #options: RecordOptions;
  /** Parts other than the first, which are appended to it in the end. */
  readonly #stores: Record<RecordPart, TokenStore>;
  readonly #hashes = new HashList();
  #weights: readonly RecordWeight[] = [];
  #tally: Tally = { train: 0, validation: 0, test: 0, empty: 0, withoutDelimiter: 0, characters: 0, maxLength: 0 };

  constructor(encoder: TokenEncoder, options: RecordOptions) {
    this.#encoder = encoder;
    this.#options = options;
    const { learnAfter, lowercase } = options;
    this.#learnAfter = lowercase && learnAfter !== null ? learnAfter.toLowerCase() : learnAfter;
    this.#stores = { train: encoder.store, validation: new TokenStore(), test: new TokenStore() };
    encoder.pushEnd(encoder.store); // the model reads an end token before the first record
  }

  /**
   * Returns the divider that takes the text of a file.
   *
   * @param part the part that its records belong to. Null if the hash of each record decides
   */
  dividerFor(file: string, part: RecordPart | null): Divider {
    const { records, column } = this.#options;
    if (part === null || part === 'train') this.#weigh(weightOf(file, this.#options));
    const add = (record: string): void => this.add(record, part);
    return column.length > 0 ? columnsOf(file, column, add) : dividerOf(records!, file, add);
  }

  /** Records that follow count this many times in an epoch. */
  #weigh(weight: number): void {
    if ((this.#weights.at(-1)?.weight ?? 1) === weight) return;
    this.#weights = [...this.#weights, { from: this.#stores.train.length, weight }];
  }

  /** @param part the part that the record belongs to. Null if its hash decides */
  add(record: string, part: RecordPart | null): void {
    const text = this.#options.lowercase ? record.toLowerCase() : record;
    if (text === '') {
      this.#tally.empty++;
      return;
    }
    const learnAfter = this.#learnAfter;
    const before = learnAfter === null ? text.length : text.indexOf(learnAfter);
    if (before < 0) {
      this.#tally.withoutDelimiter++;
      return;
    }
    const hash = hash53(text);
    this.#hashes.add(hash);
    const chosen = part ?? this.#partOf(learnAfter === null ? hash : hash53(text.slice(0, before)));
    this.#tally[chosen]++;
    this.#tally.characters += text.length;
    this.#tally.maxLength = Math.max(this.#tally.maxLength, text.length);
    const store = this.#stores[chosen];
    this.#encoder.push(text, store);
    this.#encoder.pushEnd(store);
  }

  /** Returns a function that removes all records that are added from now on. */
  undo(): () => void {
    const lengths = PARTS.map((part) => this.#stores[part].length);
    const [tally, weights, hashes] = [{ ...this.#tally }, this.#weights, this.#hashes.length];
    return () => {
      for (const [index, part] of PARTS.entries()) this.#stores[part].truncate(lengths[index]);
      this.#hashes.truncate(hashes);
      [this.#tally, this.#weights] = [tally, weights];
    };
  }

  /**
   * Appends the other parts to the training part. Call it after the last record.
   *
   * @returns the end of each part in the store of the encoder
   */
  finish(): readonly number[] {
    const { store, codePoints } = this.#encoder;
    return PARTS.map((part) => {
      if (part !== 'train') {
        store.widen(codePoints.length);
        store.appendStore(this.#stores[part]);
      }
      return store.length;
    });
  }

  /** From which token on training records have a weight other than 1. */
  get weights(): readonly RecordWeight[] {
    return this.#weights;
  }

  facts(): RecordFacts {
    const { characters, ...tally } = this.#tally;
    const all = tally.train + tally.validation + tally.test;
    return { ...tally, duplicates: all - this.#hashes.distinct().length, meanLength: all === 0 ? 0 : characters / all };
  }

  #partOf(hash: number): RecordPart {
    const { validationFraction, testFraction } = this.#options;
    const fraction = fractionOf(hash);
    if (fraction < validationFraction) return 'validation';
    return fraction < validationFraction + testFraction ? 'test' : 'train';
  }
}
