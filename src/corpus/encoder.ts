// Bytes of UTF-8 to provisional ids, chunk by chunk: ASCII characters are their own ids, all others
// get theirs in the order in which they appear. read.ts renumbers them when all are known, so that
// a text is read once. Knows nothing of files.
import { isAscii, isUtf8 } from 'node:buffer';
import { TokenStore } from './store.ts';

const ASCII = 128;
const BYTE_ORDER_MARK = 0xfeff;
/** Bytes encoded at a time. One letter that is not ASCII sends so many on the slower path. */
const BLOCK = 16_384;

/** Where a file stops being UTF-8. */
export interface InvalidBytes {
  /** Bytes of the file before the first one that does not belong to a character. */
  readonly offset: number;
  /** The part of the file that has this byte, at `index`. */
  readonly bytes: Uint8Array;
  readonly index: number;
  /** The file ends within a character. */
  readonly isCutOff: boolean;
}

export class Encoder {
  readonly store = new TokenStore();
  /** Code points in the order of their ids. Not all the ASCII ones need occur. */
  readonly codePoints: number[] = Array.from({ length: ASCII }, (_, byte) => byte);
  /**
   * Id by code point, 0 for one that has not appeared. Those beyond U+FFFF, which few texts have,
   * make it longer.
   */
  #ids = new Int32Array(0x10000);
  readonly #scratch = new Uint32Array(BLOCK);
  /**
   * Whole characters of the present file so far, in bytes, and the bytes of an incomplete one after
   * them.
   */
  #offset = 0;
  #incomplete = Buffer.alloc(0);
  #last: Uint8Array = this.#incomplete;

  /**
   * Starts a file, even if the file before it was invalid. A byte order mark is dropped only here,
   * and offsets count from here.
   */
  begin(): void {
    this.#offset = 0;
    this.#incomplete = Buffer.alloc(0);
  }

  /**
   * Encodes more bytes of the file, which may be overwritten after the next call; null if all is
   * well.
   */
  push(more: Uint8Array): InvalidBytes | null {
    const bytes = this.#incomplete.length === 0 ? more : Buffer.concat([this.#incomplete, more]);
    const whole = bytes.subarray(0, bytes.length - incompleteBytes(bytes));
    const valid = isUtf8(whole) ? whole : whole.subarray(0, firstInvalid(whole));
    this.#encode(valid);
    this.#offset += valid.length;
    this.#incomplete = Buffer.from(bytes.subarray(whole.length));
    this.#last = bytes;
    return valid.length === whole.length ? null : { offset: this.#offset, bytes, index: valid.length, isCutOff: false };
  }

  /** Ends the file; null if its last character is complete. */
  end(): InvalidBytes | null {
    const { length } = this.#incomplete;
    if (length === 0) return null;
    // The start of a character decodes to one U+FFFD, other bytes to more.
    const isCutOff = this.#incomplete.toString().length === 1;
    return { offset: this.#offset, bytes: this.#last, index: this.#last.length - length, isCutOff };
  }

  /** @param bytes whole characters */
  #encode(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const block = bytes.subarray(at, at + BLOCK);
      const isPlain = this.store.width === 1 && isAscii(block);
      if (isPlain) this.store.append(block);
      at = isPlain ? at + block.length : this.#encodeCharacters(bytes, at, at + block.length);
    }
  }

  /**
   * Encodes the characters that begin from `start` to `end`; returns where the last of them ends.
   */
  #encodeCharacters(bytes: Uint8Array, start: number, end: number): number {
    let length = 0;
    let at = start;
    while (at < end) {
      const byte = bytes[at++];
      let codePoint = byte;
      if (byte >= 0xf0)
        codePoint =
          ((byte & 0x07) << 18) | ((bytes[at++] & 0x3f) << 12) | ((bytes[at++] & 0x3f) << 6) | (bytes[at++] & 0x3f);
      else if (byte >= 0xe0) codePoint = ((byte & 0x0f) << 12) | ((bytes[at++] & 0x3f) << 6) | (bytes[at++] & 0x3f);
      else if (byte >= ASCII) codePoint = ((byte & 0x1f) << 6) | (bytes[at++] & 0x3f);
      if (codePoint === BYTE_ORDER_MARK && this.#offset + at === 3) continue;
      this.#scratch[length++] = codePoint < ASCII ? codePoint : this.#ids[codePoint] || this.#add(codePoint);
    }
    this.store.widen(this.codePoints.length);
    this.store.append(this.#scratch.subarray(0, length));
    return at;
  }

  /** Gives a new character its id. */
  #add(codePoint: number): number {
    if (codePoint >= this.#ids.length) {
      const longer = new Int32Array(0x110000);
      longer.set(this.#ids);
      this.#ids = longer;
    }
    this.#ids[codePoint] = this.codePoints.length;
    return this.codePoints.push(codePoint) - 1;
  }
}

/** How many bytes at the end begin a character and do not complete it. */
function incompleteBytes(bytes: Uint8Array): number {
  for (let count = 1; count <= 3; count++) {
    const byte = bytes.at(-count) ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const least = [0, 0xc2, 0xe0, 0xf0][count]; // of the first bytes of characters with more bytes than that
    return byte >= least && byte <= 0xf4 ? count : 0;
  }
  return 0;
}

/** Where the first byte is that does not belong to a character. */
function firstInvalid(bytes: Uint8Array): number {
  const mended = Buffer.from(Buffer.from(bytes).toString()); // it has the three bytes of U+FFFD there
  let at = 0;
  while (mended[at] === bytes[at]) at++;
  while ((mended[at] & 0xc0) === 0x80) at--;
  return at;
}
