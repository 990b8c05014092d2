// Permutations of whole numbers that need no memory, whatever their size. Pure.
import { hash32 } from '../random.ts';

/** More rounds mix no better for an even shuffle. */
const ROUNDS = 4;

/**
 * Returns a permutation of 0 … count − 1 that depends only on `key`: a Feistel network over the
 * next power of four, followed until the result is below `count` (cycle walking; Black and Rogaway,
 * 2002).
 *
 * @param count at most 2³²
 */
export function permutationOf(count: number, key: number): (index: number) => number {
  let half = 1;
  while (4 ** half < count) half++;
  const mask = 2 ** half - 1;
  const keys = Array.from({ length: ROUNDS }, (_, round) => hash32(hash32(key) + round));
  return (index) => {
    let place = index;
    do {
      let left = Math.floor(place / (mask + 1));
      let right = place & mask;
      for (const round of keys) [left, right] = [right, left ^ (hash32(right ^ round) & mask)];
      place = left * (mask + 1) + right;
    } while (place >= count);
    return place;
  };
}
