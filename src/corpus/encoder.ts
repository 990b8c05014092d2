// Bytes of UTF-8 to provisional ids, chunk by chunk: ASCII characters are their own ids, all others get theirs in the order in
// which they appear. read.ts renumbers them when all are known, so that a text is read once. In units of bytes, a byte is its
// own id, for good. Knows nothing of files.
import { isAscii } from 'node:buffer';
import { type Tokens, TokenStore } from './store.ts';
import type { Unit } from './vocabulary.ts';

const ASCII = 128;
const BYTE_ORDER_MARK = 0xfeff;
/** Bytes encoded at a time. One letter that is not ASCII sends so many on the slower path. */
const BLOCK = 16_384;

export class Encoder {
  readonly store = new TokenStore();
  /** Code points in the order of their ids. Not all the ASCII ones need occur. */
  readonly codePoints: number[] = Array.from({ length: ASCII }, (_, byte) => byte);
  readonly #unit: Unit;
  /** Id by code point, 0 for one that has not appeared. Those beyond U+FFFF make it longer. */
  #ids = new Int32Array(0x10000);
  #scratch: Tokens = this.store.scratch(BLOCK);
  /** Bytes of the present file before the present block. */
  #offset = 0;

  // An incomplete character: what is known of it, its bytes so far and still to come, and the bounds of the next byte.
  #codePoint = 0;
  #seen = 0;
  #needed = 0;
  #lower = 0x80;
  #upper = 0xbf;

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  /** Starts a file, whatever came of the one before: a byte order mark is dropped only there, and offsets count from there. */
  begin(): void {
    this.#offset = 0;
    this.#needed = 0;
    this.#lower = 0x80;
    this.#upper = 0xbf;
  }

  /** Bytes of the file so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Encodes more bytes of the file; returns the offset of the first that do not belong to a character, or −1. */
  push(bytes: Uint8Array): number {
    if (this.#unit === 'byte') {
      this.store.append(bytes, bytes.length);
      return -1;
    }
    for (let start = 0; start < bytes.length; start += BLOCK) {
      const block = bytes.subarray(start, start + BLOCK);
      if (this.#needed === 0 && this.store.width === 1 && isAscii(block)) {
        this.store.append(block, block.length);
        this.#offset += block.length;
        continue;
      }
      const invalid = this.#encode(block);
      if (invalid >= 0) return invalid;
    }
    return -1;
  }

  /** Ends the file; returns the offset of a character that is cut off, or −1. */
  end(): number {
    return this.#needed > 0 ? this.#offset - this.#seen : -1;
  }

  /** The decoder of the WHATWG Encoding Standard (section 8.1.1). */
  #encode(bytes: Uint8Array): number {
    let ids = this.#ids;
    let scratch = this.#scratch;
    let length = 0;
    let i = 0;
    while (i < bytes.length) {
      const byte = bytes[i++];
      let codePoint = byte;
      if (this.#needed === 0 && byte < ASCII) {
        scratch[length++] = byte;
        continue;
      } else if (this.#needed === 0 && byte >= 0xc2 && byte <= 0xdf && (bytes[i] & 0xc0) === 0x80) {
        codePoint = ((byte & 0x1f) << 6) | (bytes[i++] & 0x3f); // the most usual two cases at once
      } else if (this.#needed === 0 && byte > 0xe0 && byte < 0xed && (bytes[i] & 0xc0) === 0x80 && (bytes[i + 1] & 0xc0) === 0x80) {
        codePoint = ((byte & 0x0f) << 12) | ((bytes[i++] & 0x3f) << 6) | (bytes[i++] & 0x3f);
      } else {
        if (!this.#accept(byte)) {
          this.store.append(scratch, length);
          return this.#offset + i - this.#seen;
        }
        if (this.#needed > 0) continue;
        codePoint = this.#codePoint;
        if (codePoint === BYTE_ORDER_MARK && this.#offset + i === 3) continue;
      }
      let id = codePoint < ids.length ? ids[codePoint] : 0;
      if (id === 0) {
        this.store.append(scratch, length);
        length = 0;
        id = this.#add(codePoint);
        scratch = this.#scratch;
        ids = this.#ids;
      }
      scratch[length++] = id;
    }
    this.store.append(scratch, length);
    this.#offset += bytes.length;
    return -1;
  }

  /**
   * Takes a byte into the present character, or starts one of several bytes; false if it cannot be there. Complete when nothing is needed.
   */
  #accept(byte: number): boolean {
    if (this.#needed > 0) {
      this.#seen++;
      if (byte < this.#lower || byte > this.#upper) return false;
      this.#lower = 0x80;
      this.#upper = 0xbf;
      this.#codePoint = (this.#codePoint << 6) | (byte & 0x3f);
      this.#needed--;
      return true;
    }
    this.#seen = 1;
    if (byte >= 0xc2 && byte <= 0xdf) {
      this.#codePoint = byte & 0x1f;
      this.#needed = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
      this.#codePoint = byte & 0x0f;
      this.#needed = 2;
      if (byte === 0xe0) this.#lower = 0xa0; // less would be an overlong form
      if (byte === 0xed) this.#upper = 0x9f; // more would be a surrogate
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      this.#codePoint = byte & 0x07;
      this.#needed = 3;
      if (byte === 0xf0) this.#lower = 0x90; // less would be an overlong form
      if (byte === 0xf4) this.#upper = 0x8f; // more would be beyond U+10FFFF
    } else {
      return false;
    }
    return true;
  }

  /** Gives a new character its id. */
  #add(codePoint: number): number {
    const id = this.codePoints.length;
    this.codePoints.push(codePoint);
    if (codePoint >= this.#ids.length) {
      const longer = new Int32Array(0x110000);
      longer.set(this.#ids);
      this.#ids = longer;
    }
    this.#ids[codePoint] = id;
    if (this.store.widen(id + 1)) this.#scratch = this.store.scratch(BLOCK);
    return id;
  }
}
