// The probabilities that a model gives to tokens, without any sampling option. Pure arithmetic in
// float64.
import { nonFiniteLogit } from './filters.ts';

/** A token and its probability. */
export interface TokenProbability {
  readonly id: number;
  readonly probability: number;
  /** The surprisal, −ln of the probability. */
  readonly nats: number;
}

/**
 * ln Σ exp(logit): the logit of a token minus this is its log-probability.
 *
 * @throws RnnError `checkpoint` if a logit is NaN or infinite
 */
export function logSumExp(logits: Float32Array): number {
  let largest = -Infinity;
  // An index, because an iterator takes twice as long.
  for (let id = 0; id < logits.length; id++) {
    if (!Number.isFinite(logits[id])) throw nonFiniteLogit(id, logits[id]);
    largest = Math.max(largest, logits[id]);
  }
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id] - largest);
  return largest + Math.log(sum);
}

/**
 * The likeliest tokens, in descending order. Among equals, the lower id comes first.
 *
 * @param logits (V)
 * @param count tokens, at most
 * @throws RnnError as `logSumExp` does
 */
export function likeliestTokens(logits: Float32Array, count: number): TokenProbability[] {
  const total = logSumExp(logits);
  const ids = count < logits.length ? likeliestIds(logits, count) : Array.from(logits.keys());
  return ids
    .toSorted((a, b) => logits[b] - logits[a] || a - b)
    .map((id) => ({ id, probability: Math.exp(logits[id] - total), nats: total - logits[id] }));
}

/** Without sorting all tokens, which takes longer than sampling one. */
function likeliestIds(logits: Float32Array, count: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    let place = ids.length;
    while (place > 0 && logits[id] > logits[ids[place - 1]]) place--;
    if (place === count) continue;
    ids.splice(place, 0, id);
    if (ids.length > count) ids.pop();
  }
  return ids;
}
