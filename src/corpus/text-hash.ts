// A hash of texts that is the same on every machine. Pure.
import { hash32 } from '../random.ts';

/** Two primes, so that the halves of a hash are independent (the first is FNV-1a's). */
const PRIMES = [0x01000193, 0x5bd1e995] as const;

/**
 * A hash of 53 bits: among a million texts, two have the same hash with a probability of 1 in
 * 18,000.
 */
export function hash53(text: string): number {
  let [high, low] = [0x811c9dc5, 0x9747b28c];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, PRIMES[0]);
    low = Math.imul(low ^ unit, PRIMES[1]);
    low ^= low >>> 15;
  }
  return (hash32(high ^ text.length) >>> 11) * 2 ** 32 + hash32(low);
}

/** A number in [0, 1) that follows from a hash. */
export function fractionOf(hash: number): number {
  return hash32((hash % 2 ** 32) ^ 0x5e1ec7) / 2 ** 32;
}
