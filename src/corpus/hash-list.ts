// A growing list of hashes, eight bytes each.
/// <reference lib="es2024.arraybuffer" />

const MAX_BYTES = 2 ** 32;
const GROWTH = 2 ** 20;

/** Collects hashes, and finds the distinct ones. */
export class HashList {
  readonly #buffer = new ArrayBuffer(0, { maxByteLength: MAX_BYTES });
  readonly #hashes = new Float64Array(this.#buffer);
  #length = 0;
  /** Whether the hashes are sorted and distinct. Sorting fifty million takes many seconds. */
  #isDistinct = true;

  get length(): number {
    return this.#length;
  }

  /** Removes the hashes from position `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** @param hash a whole number below 2⁵³ */
  add(hash: number): void {
    if (this.#length === this.#hashes.length) this.#buffer.resize(this.#buffer.byteLength + 8 * GROWTH);
    this.#hashes[this.#length++] = hash;
    this.#isDistinct = false;
  }

  /** Keeps each hash once, ascending. The result is valid until another hash is added. */
  distinct(): Float64Array {
    const hashes = this.#hashes.subarray(0, this.#length);
    if (this.#isDistinct) return hashes;
    hashes.sort(); // in place: a copy would take as much memory again
    let distinctCount = 0;
    for (let at = 0; at < hashes.length; at++)
      if (at === 0 || hashes[at] !== hashes[at - 1]) hashes[distinctCount++] = hashes[at];
    this.#length = distinctCount;
    this.#isDistinct = true;
    return hashes.subarray(0, distinctCount);
  }
}
