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
  for (const [id, logit] of logits.entries()) {
    if (!Number.isFinite(logit)) throw nonFiniteLogit(id, logit);
    largest = Math.max(largest, logit);
  }
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
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
  return Array.from(logits.keys())
    .toSorted((a, b) => logits[b] - logits[a] || a - b)
    .slice(0, count)
    .map((id) => ({ id, probability: Math.exp(logits[id] - total), nats: total - logits[id] }));
}
