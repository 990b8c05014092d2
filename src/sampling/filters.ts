// From logits to a sampled token: temperature, min-p, top-k, top-p. Pure arithmetic in float64,
// independent of models and text.
//
// The order is fixed. Temperature comes first, because the other three filter the distribution that
// is sampled from. Each of them keeps a prefix of the tokens sorted by probability (the lower id
// first if two are equal). So their order would not matter, except for top-p: it keeps a fraction
// of the total that min-p and top-k left, as in Hugging Face's transformers.

import { type RnnError, inQuotes, unexpected, usageError, checkpointError } from '../errors.ts';
import { keyOf } from '../options/option.ts';
import { filterOptions } from '../options/sampling-kinds.ts';
import type { Random } from '../random.ts';

export interface SamplingOptions {
  /**
   * Divides the logits. 1 samples from the model's prediction, less is safer and more repetitive,
   * more is wilder. 0 always takes the most likely token (the lowest id among equals) and uses no
   * random number. Default 1. 0.7 to 1 reads well for most models. Two numbers are the temperatures
   * of the first and of the last token of a text, between which it changes linearly.
   */
  readonly temperature?: number | readonly [number, number] | undefined;
  /**
   * Keeps the k most likely tokens (Fan et al., 2018). Default: all. 10 to 40 for characters. Less
   * useful than the next two, because it ignores how sure the model is.
   */
  readonly topK?: number | undefined;
  /**
   * Nucleus sampling: keeps the fewest most likely tokens that together have at least this
   * probability (Holtzman et al., 2019). Default 1: all. 0.9 to 0.95 cuts off the unlikely tail.
   */
  readonly topP?: number | undefined;
  /**
   * Keeps tokens whose probability is at least this fraction of the highest (Nguyen et al., 2024).
   * Default 0: all. 0.02 to 0.1 is usual. Works better than top-p at temperatures above 1.
   */
  readonly minP?: number | undefined;
  /**
   * Ids that are never sampled, such as the unknown token's. The other tokens share their
   * probability.
   */
  readonly never?: readonly number[] | undefined;
}

/** @throws RnnError `usage` that names the flag, its value and the allowed values */
export function validateSamplingOptions(options: SamplingOptions): void {
  for (const [name, row] of Object.entries(filterOptions)) {
    const value = options[name as keyof SamplingOptions];
    const { kind } = row;
    if (value === undefined || kind.holds(value)) continue;
    const flag = `--${keyOf(name, row)}`;
    throw usageError(
      unexpected(flag, inQuotes(value), kind.expected(value)),
      'omit it to sample from the unchanged distribution',
      { options: [flag] },
    );
  }
}

/** The error about a model with damaged weights. */
export const nonFiniteLogit = (id: number, logit: number): RnnError =>
  checkpointError(
    `the model's logit for token ${id} is ${logit}: expected a finite number`,
    'use an earlier checkpoint of the run: the weights are damaged, or training diverged',
  );

const NO_TOKENS: readonly number[] = [];

/** Samples tokens of a vocabulary of V with fixed options. Allocates its memory once. */
export class SymbolSampler {
  /** At the beginning and at the end of a text. */
  readonly #temperatures: readonly [number, number];
  readonly #topK: number;
  readonly #topP: number;
  readonly #minP: number;
  /** 1 if a token may be sampled. */
  readonly #allowed: Uint8Array; // (V)
  /** exp((logit - largest) / temperature): the largest is 1. 0 for an excluded token. */
  readonly #weights: Float64Array; // (V)
  /** Ids, as a heap whose root is the most likely. */
  readonly #heap: Uint32Array; // (V)
  #heapSize = 0;
  /** Ids to sample from: all in their order, or in the order in which they left the heap. */
  readonly #keptIds: Uint32Array; // (V)
  /**
   * The sum of the weights to sample from. It is a field, because a number that is returned is
   * allocated.
   */
  #mass = 0;

  /** @throws RnnError `usage` for options out of range, or if no token is left to sample */
  constructor(vocabulary: number, options: SamplingOptions = {}) {
    validateSamplingOptions(options);
    const { temperature = 1, topK = vocabulary, topP = 1, minP = 0, never = [] } = options;
    this.#temperatures = typeof temperature === 'number' ? [temperature, temperature] : temperature;
    this.#topK = Math.min(topK, vocabulary);
    this.#topP = topP;
    this.#minP = minP;
    this.#allowed = new Uint8Array(vocabulary).fill(1);
    for (const id of never) this.#allowed[id] = 0;
    if (!this.#allowed.includes(1))
      throw usageError(
        'cannot sample from the model: its vocabulary has no token that may be sampled',
        'train on text with more than one character',
      );
    this.#weights = new Float64Array(vocabulary);
    this.#heap = new Uint32Array(vocabulary);
    this.#keptIds = new Uint32Array(vocabulary);
  }

  /**
   * Samples the id of a token with probability proportional to exp(logit / temperature) among the
   * tokens that the options keep. Uses exactly one uniform random number, or none at temperature 0.
   *
   * @param logits (V)
   * @param fraction the part of the text that is sampled, from 0 to 1, for temperatures that change
   * @param excluded tokens that are not sampled this time, unless no other is left
   * @throws RnnError `checkpoint` if a logit is NaN or infinite: the weights are damaged or have
   * diverged
   */
  draw(
    logits: Float32Array | Float64Array,
    random: Random,
    fraction = 0,
    excluded: readonly number[] = NO_TOKENS,
  ): number {
    if (excluded.length > 0) return this.#drawWithout(excluded, logits, random, fraction);
    const greedy = this.#likeliest(logits);
    const [first, last] = this.#temperatures;
    const temperature = first === last ? first : first + (last - first) * Math.min(1, fraction);
    if (temperature === 0) return greedy;
    this.#weigh(logits, logits[greedy], temperature);
    const weights = this.#weights;
    const keptIds = this.#keptIds;
    const count = this.#topK === weights.length && this.#topP === 1 ? this.#keepAll() : this.#selectIds();
    let remainingMass = random.uniform() * this.#mass;
    for (let i = 0; i < count; i++) {
      remainingMass -= weights[keptIds[i]];
      if (remainingMass < 0) return keptIds[i];
    }
    // Rounding may leave a tiny rest of the total after the last token.
    return keptIds[count - 1];
  }

  #drawWithout(
    excluded: readonly number[],
    logits: Float32Array | Float64Array,
    random: Random,
    fraction: number,
  ): number {
    const allowed = this.#allowed;
    const removed = [...new Set(excluded)].filter((id) => allowed[id] === 1);
    for (const id of removed) allowed[id] = 0;
    const isAnyLeft = allowed.includes(1);
    if (!isAnyLeft) for (const id of removed) allowed[id] = 1;
    const drawn = this.draw(logits, random, fraction);
    for (const id of removed) allowed[id] = 1;
    return drawn;
  }

  /** The allowed id with the largest logit, the lowest of equals. */
  #likeliest(logits: Float32Array | Float64Array): number {
    const allowed = this.#allowed;
    if (logits.length !== allowed.length)
      throw new Error(`${logits.length} logits for a vocabulary of ${allowed.length}`);
    let largest = -Infinity;
    let greedy = -1;
    for (let id = 0; id < logits.length; id++) {
      const logit = logits[id];
      // Only for NaN and the infinities is the difference from themselves not 0.
      if (logit - logit !== 0) throw nonFiniteLogit(id, logit);
      if (logit > largest && allowed[id] === 1) {
        largest = logit;
        greedy = id;
      }
    }
    return greedy;
  }

  /** Computes the weights. They are 0 for tokens that are not allowed, or that min-p excludes. */
  #weigh(logits: Float32Array | Float64Array, largest: number, temperature: number): void {
    const weights = this.#weights;
    const allowed = this.#allowed;
    const minP = this.#minP;
    let total = 0;
    for (let id = 0; id < weights.length; id++) {
      let weight = allowed[id] === 1 ? Math.exp((logits[id] - largest) / temperature) : 0;
      // The most likely token has weight 1, so a weight is already the ratio that min-p compares.
      if (weight < minP) weight = 0;
      weights[id] = weight;
      total += weight;
    }
    this.#mass = total;
  }

  /** Puts all ids with a weight above 0 into `kept`, in their order. Returns their number. */
  #keepAll(): number {
    let count = 0;
    for (let id = 0; id < this.#weights.length; id++) if (this.#weights[id] > 0) this.#keptIds[count++] = id;
    return count;
  }

  /**
   * Puts ids, the most likely first, into `kept`. Returns how many of them top-k and then top-p
   * keep.
   */
  #selectIds(): number {
    const weights = this.#weights;
    const keptIds = this.#keptIds;
    this.#fillHeap();
    const cutByTopK = this.#topK < this.#heapSize;
    const limit = cutByTopK ? this.#topK : this.#heapSize;
    // The total of which top-p takes a fraction is known only after top-k.
    const goal = cutByTopK ? Infinity : this.#topP * this.#mass;
    let count = 0;
    let mass = 0;
    while (count < limit && mass < goal) {
      const id = this.#takeLikeliest();
      keptIds[count++] = id;
      mass += weights[id];
    }
    this.#mass = mass;
    if (!cutByTopK || this.#topP === 1) return count;
    let nucleus = 0;
    let size = 0;
    while (size < count && nucleus < this.#topP * mass) nucleus += weights[keptIds[size++]];
    this.#mass = nucleus;
    return size;
  }

  /**
   * A heap instead of a sort: O(V) to build and O(log V) for each kept token, of which there are
   * usually few.
   */
  #fillHeap(): void {
    this.#heapSize = this.#keepAll();
    this.#heap.set(this.#keptIds);
    for (let i = (this.#heapSize >>> 1) - 1; i >= 0; i--) this.#siftDown(i);
  }

  #takeLikeliest(): number {
    const heap = this.#heap;
    const id = heap[0];
    heap[0] = heap[--this.#heapSize];
    this.#siftDown(0);
    return id;
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    const size = this.#heapSize;
    const id = heap[start];
    let parent = start;
    for (let child = 2 * parent + 1; child < size; child = 2 * parent + 1) {
      if (child + 1 < size && this.#isBefore(heap[child + 1], heap[child])) child++;
      if (!this.#isBefore(heap[child], id)) break;
      heap[parent] = heap[child];
      parent = child;
    }
    heap[parent] = id;
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#weights[a] - this.#weights[b];
    return difference > 0 || (difference === 0 && a < b);
  }
}
