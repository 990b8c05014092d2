// Choices by a random generator that is a parameter, so that a seed gives the same mutations
// everywhere.

/** A whole number from 0 to `count` − 1. */
export const below = (random, count) => random.uint32() % count;

export const pick = (random, list) => list[below(random, list.length)];

export const chance = (random, probability) => random.uniform() < probability;

/**
 * A whole number from 1 to about `most`, small numbers more often: each doubling has the same
 * probability.
 */
export const skewed = (random, most) => Math.max(1, Math.floor(2 ** (random.uniform() * Math.log2(most))));
