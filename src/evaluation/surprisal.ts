// The surprisal −log p of each character of a text that a model read. Pure arithmetic on logits,
// computed in float64 and stored in float32.

/** The number of most likely tokens stored for each character. */
export const ALTERNATIVES = 5;

/** The surprisal of C characters. */
export interface Surprisal {
  readonly nats: Float32Array; // (C)
  /** How many tokens were more likely, or equally likely with a lower id. */
  readonly ranks: Uint32Array; // (C)
  /** K, the smaller of V and `ALTERNATIVES`. */
  readonly alternatives: number;
  /** The most likely tokens, in descending order. */
  readonly likeliest: Uint32Array; // (C, K)
  readonly probabilities: Float32Array; // (C, K)
}

/**
 * Room for a number of characters, to fill in any order.
 * @param V vocabulary size
 */
export class SurprisalRecord implements Surprisal {
  readonly nats: Float32Array;
  readonly ranks: Uint32Array;
  readonly alternatives: number;
  readonly likeliest: Uint32Array;
  readonly probabilities: Float32Array;
  readonly #V: number;

  constructor(characters: number, V: number) {
    this.#V = V;
    this.alternatives = Math.min(V, ALTERNATIVES);
    this.nats = new Float32Array(characters);
    this.ranks = new Uint32Array(characters);
    this.likeliest = new Uint32Array(characters * this.alternatives);
    this.probabilities = new Float32Array(characters * this.alternatives);
  }

  get characters(): number {
    return this.nats.length;
  }

  /** @param start index of the V logits that predict `symbol` */
  put(character: number, logits: Float32Array, start: number, symbol: number): void {
    const K = this.alternatives;
    const first = character * K;
    const targetLogit = logits[start + symbol];
    let rank = 0;
    let alternativeCount = 0;
    for (let id = 0; id < this.#V; id++) {
      const logit = logits[start + id];
      if (logit > targetLogit || (logit === targetLogit && id < symbol)) rank++;
      let place = alternativeCount;
      while (place > 0 && logit > logits[start + this.likeliest[first + place - 1]]) place--;
      if (place === K) continue;
      if (alternativeCount < K) alternativeCount++;
      this.likeliest.copyWithin(first + place + 1, first + place, first + alternativeCount - 1);
      this.likeliest[first + place] = id;
    }
    const highest = logits[start + this.likeliest[first]];
    let sum = 0;
    for (let id = 0; id < this.#V; id++) sum += Math.exp(logits[start + id] - highest);
    this.nats[character] = Math.log(sum) + highest - targetLogit;
    this.ranks[character] = rank;
    for (let place = 0; place < K; place++)
      this.probabilities[first + place] = Math.exp(logits[start + this.likeliest[first + place]] - highest) / sum;
  }
}

/** Steps of the table of e^−x per unit of x, and the x from which on a term is too small to matter. */
const TABLE_STEPS = 16;
const NEGLIGIBLE = 32;
const exponentials = Float64Array.from({ length: TABLE_STEPS * NEGLIGIBLE }, (_, at) => Math.exp(-at / TABLE_STEPS));

/**
 * The surprisal of a token in nats, from V logits. e^−x is a value of a table times a Taylor polynomial
 * of degree 4, with a relative error below 1e-8. This takes a third of the time of `Math.exp`.
 */
export function surprisalNats(logits: Float32Array, start: number, V: number, symbol: number): number {
  let highest = logits[start];
  for (let at = start + 1; at < start + V; at++) if (logits[at] > highest) highest = logits[at];
  let sum = 0;
  for (let at = start; at < start + V; at++) {
    const x = highest - logits[at];
    if (x >= NEGLIGIBLE) continue;
    const step = (x * TABLE_STEPS) | 0;
    const rest = step / TABLE_STEPS - x;
    sum += exponentials[step] * (1 + rest * (1 + rest * (1 / 2 + rest * (1 / 6 + rest / 24))));
  }
  return Math.log(sum) + highest - logits[start + symbol];
}

/**
 * Whether a token has rank 0: it has the highest of V logits, and the lowest id among equals. False
 * if a logit is NaN.
 */
export function isLikeliest(logits: Float32Array, start: number, V: number, symbol: number): boolean {
  const targetLogit = logits[start + symbol];
  for (let id = 0; id < symbol; id++) if (!(logits[start + id] < targetLogit)) return false;
  for (let id = symbol + 1; id < V; id++) if (!(logits[start + id] <= targetLogit)) return false;
  return !Number.isNaN(targetLogit);
}
