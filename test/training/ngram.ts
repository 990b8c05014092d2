// Models that only count, in plain maps, as a measure for learning and for
// src/evaluation/ngrams.ts: they predict the next token from the last ones.

/**
 * Mean nats per token of `held`, after its first, under counts of `train`. Shorter contexts
 * complement rare longer ones (interpolated, Witten and Bell, 1991).
 *
 * @param order tokens that are counted together: 1 for a unigram, 3 for a trigram
 */
export function ngramLoss(train: ArrayLike<number>, held: ArrayLike<number>, order: number, symbols: number): number {
  const counts = Array.from({ length: order }, () => new Map<string, Map<number, number>>());
  for (let at = 0; at < train.length; at++) {
    for (let length = 0; length < order && length <= at; length++) {
      const seen = followers(counts[length], train, at, length);
      seen.set(train[at], (seen.get(train[at]) ?? 0) + 1);
    }
  }
  let nats = 0;
  for (let at = 1; at < held.length; at++) {
    let probability = 1 / symbols;
    for (let length = 0; length < order && length <= at; length++) {
      const seen = followers(counts[length], held, at, length);
      const total = [...seen.values()].reduce((sum, count) => sum + count, 0);
      if (total > 0) probability = ((seen.get(held[at]) ?? 0) + seen.size * probability) / (total + seen.size);
    }
    nats -= Math.log(probability);
  }
  return nats / (held.length - 1);
}

/** The tokens that followed a context, and how often. */
function followers(
  counts: Map<string, Map<number, number>>,
  text: ArrayLike<number>,
  at: number,
  length: number,
): Map<number, number> {
  const context = Array.from({ length }, (_, back) => text[at - 1 - back]).join();
  const known = counts.get(context) ?? new Map<number, number>();
  counts.set(context, known);
  return known;
}
