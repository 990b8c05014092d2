// Choices by a generator of random numbers that is handed in, so that a seed gives the same
// mutations wherever they are made.

/** A whole number from 0 up to, not including, `count`. */
export const below = (random, count) => random.uint32() % count;

export const pick = (random, list) => list[below(random, list.length)];

export const chance = (random, probability) => random.uniform() < probability;

/**
 * A whole number from 1 to about `most`, small ones more often: each doubling is as likely as the
 * next.
 */
export const skewed = (random, most) => Math.max(1, Math.floor(2 ** (random.uniform() * Math.log2(most))));
