// n-gram models, as a baseline for the loss of a network. They count how often each token followed
// the last few tokens.
import type { Tokens } from '../corpus/read.ts';
import { type RecordLayout, learntFrom } from '../corpus/records.ts';
import { inQuotes, usageError } from '../errors.ts';
import { type SlicedWork, runUninterrupted } from '../sliced-work.ts';

/**
 * Maximum number of distinct strings of all orders together, which take half a gigabyte of memory.
 */
const MAX_STRINGS = 2 ** 24;
/**
 * Fields of a string: the string without its last token, that token, how often the string occurs,
 * how often any token follows it, and how many different tokens follow it. They are adjacent,
 * because reading memory takes most of the time.
 */
const [PARENT, SYMBOL, COUNT, FOLLOWED, FOLLOWERS, FIELDS] = [0, 1, 2, 3, 4, 5];
/** Tokens counted or scored at a time, in a few milliseconds. */
const BLOCK = 4096;
/** A string is identified by the position of its fields. This is the empty string. */
const ROOT = 0;
const NONE = -1;

/**
 * Counts all strings of up to `order` tokens of a text, in a tree whose branches are found by one
 * hash table. The probability of a token s after the context c of n − 1 tokens is p_n(s | c) =
 * (count(cs) + followers(c)·p_{n−1}(s | c'))/(count(c·) + followers(c)), where c' is c without its
 * first token, followers(c) is the number of different tokens that have followed c, and p_0 = 1/V
 * (interpolated, Witten and Bell, 1991).
 *
 * In a text that is divided into records, no context reaches further back than the end token before
 * the record, which the model reads first, too.
 */
export class Ngrams {
  /** How much of the text was counted before the table was full. */
  characters = 0;
  readonly #V: number;
  readonly #order: number;
  readonly #maxStrings: number;
  /** Id of the end token of records. Null for a text without records. */
  readonly #end: number | null;
  #strings = 1;
  /** The `FIELDS` fields of each string. */
  #fields = new Uint32Array(1024 * FIELDS);
  /**
   * Positions of the fields of strings, each at its hash or at the next free place. At most half of
   * the places are used.
   */
  #table = new Uint32Array(2048);

  /**
   * Counts all strings of up to `order` tokens in a text.
   *
   * @param V vocabulary size
   * @param most the number of different strings after which counting stops
   * @param end id of the end token if the text is divided into records
   * @throws RnnError `usage` if the text is not a vector of ids, or V is not a size
   */
  constructor(text: Tokens, V: number, { order = 6, most = MAX_STRINGS, end = null as number | null } = {}) {
    if (!ArrayBuffer.isView(text))
      throw usageError(`text is ${inQuotes(text)}: expected token ids, such as the train part of a corpus`);
    if (!Number.isSafeInteger(V) || V < 1) throw usageError(`V is ${inQuotes(V)}: expected the size of the vocabulary`);
    this.#V = V;
    this.#order = order;
    this.#maxStrings = most;
    this.#end = end;
    runUninterrupted(this.#count(text));
  }

  /** Counts a text in pieces, with the result of the constructor. */
  static *inPieces(text: Tokens, V: number, end: number | null = null): SlicedWork<Ngrams> {
    const ngrams = new Ngrams(text.subarray(0, 0), V, { end });
    yield* ngrams.#count(text);
    return ngrams;
  }

  /**
   * Mean nats per token for each order 1, 2, …, over all tokens except the first. The text needs at
   * least two tokens.
   *
   * @param records if the text is divided into records, only their learnt tokens are scored
   */
  nats(text: Tokens, records: RecordLayout | null = null): Float64Array {
    return runUninterrupted(this.natsInPieces(text, records));
  }

  /** The same, in pieces. */
  *natsInPieces(text: Tokens, records: RecordLayout | null = null): SlicedWork<Float64Array> {
    const sums = new Float64Array(this.#order);
    const context = this.#start();
    if (text.length > 0) this.#follow(context, text[0]);
    let scored = 0;
    for (const { from, to, isLearnt } of rangesOf(text, records)) {
      for (let start = from; start < to; start += BLOCK) {
        const block = text.subarray(start, Math.min(start + BLOCK, to));
        if (isLearnt) this.#addNats(sums, context, block);
        else for (const symbol of block) this.#follow(context, symbol);
        yield;
      }
      if (isLearnt) scored += to - from;
    }
    return sums.map((sum) => sum / scored);
  }

  #addNats(sums: Float64Array, context: Int32Array, text: Tokens): void {
    const fields = this.#fields;
    for (const symbol of text) {
      let p = 1 / this.#V;
      for (let length = 0; length < this.#order; length++) {
        const string = context[length];
        if (string !== NONE && fields[string + FOLLOWED] > 0) {
          const longer = this.#find(string, symbol);
          const followers = fields[string + FOLLOWERS];
          p =
            ((longer === NONE ? 0 : fields[longer + COUNT]) + followers * p) / (fields[string + FOLLOWED] + followers);
        }
        sums[length] -= Math.log(p);
      }
      this.#follow(context, symbol);
    }
  }

  #follow(context: Int32Array, symbol: number): void {
    if (symbol === this.#end) this.#forget(context);
    for (let length = this.#order - 1; length > 0; length--)
      context[length] = context[length - 1] === NONE ? NONE : this.#find(context[length - 1], symbol);
  }

  *#count(text: Tokens): SlicedWork<void> {
    const context = this.#start();
    for (let start = 0; start < text.length; start += BLOCK) {
      this.#addCounts(context, text.subarray(start, start + BLOCK));
      yield;
    }
  }

  #addCounts(context: Int32Array, text: Tokens): void {
    for (const symbol of text) {
      if (this.#strings + this.#order > this.#maxStrings) return;
      // Longest first, because the extension of each context becomes the next longer context.
      for (let length = this.#order - 1; length >= 0; length--) {
        const string = context[length];
        if (string === NONE) continue;
        const known = this.#find(string, symbol);
        const longer = known === NONE ? this.#add(string, symbol) : known;
        this.#fields[longer + COUNT]++;
        this.#fields[string + FOLLOWED]++;
        if (length + 1 < this.#order) context[length + 1] = longer;
      }
      if (symbol === this.#end) this.#forget(context, 2);
      this.characters++;
    }
  }

  /** Removes the contexts of `from` and more tokens. */
  #forget(context: Int32Array, from = 1): void {
    context.fill(NONE, from);
  }

  /**
   * The strings of the last 0, 1, … tokens. Before the first token only the empty string exists.
   */
  #start(): Int32Array {
    const context = new Int32Array(this.#order).fill(NONE);
    context[0] = ROOT;
    return context;
  }

  #find(parent: number, symbol: number): number {
    const string = this.#table[this.#placeOf(parent, symbol)];
    return string === ROOT ? NONE : string;
  }

  #add(parent: number, symbol: number): number {
    if (this.#strings * FIELDS === this.#fields.length) this.#grow();
    const string = this.#strings++ * FIELDS;
    this.#fields[string + PARENT] = parent;
    this.#fields[string + SYMBOL] = symbol;
    this.#fields[parent + FOLLOWERS]++;
    this.#table[this.#placeOf(parent, symbol)] = string;
    return string;
  }

  /**
   * The place of a string in the table, or the free place where it belongs. The empty string, which
   * is never looked up, marks a free place.
   */
  #placeOf(parent: number, symbol: number): number {
    const fields = this.#fields;
    const table = this.#table;
    const last = table.length - 1;
    const mixed = Math.imul(Math.imul(parent, 0x9e3779b1) ^ symbol, 0x85ebca6b);
    let place = (mixed ^ (mixed >>> 15)) & last;
    for (;;) {
      const string = table[place];
      if (string === ROOT || (fields[string + PARENT] === parent && fields[string + SYMBOL] === symbol)) return place;
      place = (place + 1) & last;
    }
  }

  #grow(): void {
    const fields = new Uint32Array(2 * this.#fields.length);
    fields.set(this.#fields);
    this.#fields = fields;
    this.#table = new Uint32Array(2 * this.#table.length);
    for (let string = FIELDS; string < this.#strings * FIELDS; string += FIELDS)
      this.#table[this.#placeOf(fields[string + PARENT], fields[string + SYMBOL])] = string;
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly isLearnt: boolean;
}

/** The ranges of a text that a model learns, and the ranges that it only reads. */
function* rangesOf(text: Tokens, records: RecordLayout | null): Generator<Range> {
  if (records === null || records.learnAfter.length === 0) {
    yield { from: 1, to: text.length, isLearnt: true };
    return;
  }
  for (let start = 1, end = 0; (end = text.indexOf(records.end, start)) >= 0; start = end + 1) {
    const learnt = learntFrom({ ...records, tokens: text }, start);
    yield { from: start, to: learnt, isLearnt: false };
    yield { from: learnt, to: end + 1, isLearnt: true };
  }
}
