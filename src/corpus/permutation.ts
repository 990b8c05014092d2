// Permutations of 0 … count − 1 in constant memory, for any count. Pure.
import { hash32 } from '../random.ts';

/** Enough for a uniform shuffle: more rounds do not mix measurably better. */
const ROUNDS = 4;

/**
 * Returns a permutation of 0 … count − 1 that depends only on `key`: a Feistel network over the
 * next power of four, applied repeatedly until the result is below `count` (cycle walking; Black
 * and Rogaway, 2002).
 *
 * @param count at most 2³²
 */
export function permutationOf(count: number, key: number): (index: number) => number {
  let bitsPerHalf = 1;
  while (4 ** bitsPerHalf < count) bitsPerHalf++;
  const mask = 2 ** bitsPerHalf - 1;
  const keys = Array.from({ length: ROUNDS }, (_, round) => hash32(hash32(key) + round));
  return (index) => {
    let permuted = index;
    do {
      let left = Math.floor(permuted / (mask + 1));
      let right = permuted & mask;
      for (const roundKey of keys) [left, right] = [right, left ^ (hash32(right ^ roundKey) & mask)];
      permuted = left * (mask + 1) + right;
    } while (permuted >= count);
    return permuted;
  };
}
