// A hash of texts that is the same on every machine. Pure.
import { hash32 } from '../random.ts';

/** Two primes, so that the halves of a hash are independent (the first is FNV-1a's). */
const PRIMES = [0x01000193, 0x5bd1e995] as const;

/**
 * A hash of 53 bits: among a million texts, two have the same hash with a probability of 1 in
 * 18,000.
 */
export function hash53(text: string): number {
  const hash = new TextHash();
  hash.add(text);
  return hash.value;
}

/** The hash of a text that comes in pieces. */
export class TextHash {
  #high = 0x811c9dc5 | 0;
  #low = 0x9747b28c | 0;
  #length = 0;

  add(piece: string): void {
    let [high, low] = [this.#high, this.#low];
    for (let at = 0; at < piece.length; at++) {
      const unit = piece.charCodeAt(at);
      high = Math.imul(high ^ unit, PRIMES[0]);
      low = Math.imul(low ^ unit, PRIMES[1]);
      low ^= low >>> 15;
    }
    [this.#high, this.#low] = [high, low];
    this.#length += piece.length;
  }

  /** The hash of 53 bits of all pieces. */
  get value(): number {
    return (hash32(this.#high ^ this.#length) >>> 11) * 2 ** 32 + hash32(this.#low);
  }
}

/** A number in [0, 1) that follows from a hash. */
export function fractionOf(hash: number): number {
  return hash32((hash % 2 ** 32) ^ 0x5e1ec7) / 2 ** 32;
}
