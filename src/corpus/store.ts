// The ids of a corpus while it is read: one growing buffer of the narrowest integers that hold
// them, and what gives characters their ids. Knows nothing of files.
//
// Memory is the point of this file. A corpus of 1 GB must cost 1 GB and never, not even for a
// moment, 2. So the buffer grows in place (address space is reserved first, memory is used as it is
// written), and ids that need wider integers, or get other numbers, are rewritten in place block by
// block.

// Resizable buffers are in Node since 20 and in TypeScript's library since ES2024.
/// <reference lib="es2024.arraybuffer" />
import { count } from '../count.ts';
import { corpusError, machineError } from '../errors.ts';
import { type Pieces, runAtOnce } from '../pieces.ts';

export type Tokens = Uint8Array | Uint16Array | Uint32Array;

/**
 * Ids rewritten or counted at a time, in less than a millisecond. They are copied: V8 is slow where
 * a buffer may be resized.
 */
const BLOCK = 65_536;
/** Address space reserved for a corpus; also the largest buffer that Node 20 has. */
const RESERVED_BYTES = 2 ** 32;
/** Growing costs next to nothing; giving back unused memory takes as long as writing it. */
const GROWTH_BYTES = 2 ** 20;

export class TokenStore {
  readonly #buffer = reserve();
  #tokens: Tokens = new Uint8Array(this.#buffer);
  #length = 0;

  /** How many ids there are. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of one id now. */
  get width(): number {
    return this.#tokens.BYTES_PER_ELEMENT;
  }

  /** The ids from `start` to `end`, until more are added. */
  view(start: number, end = this.#length): Tokens {
    return this.#tokens.subarray(start, end);
  }

  append(ids: Tokens): void {
    this.#grow((this.#length + ids.length) * this.width);
    this.#tokens.set(ids, this.#length);
    this.#length += ids.length;
  }

  /** Drops the ids from `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Makes room for ids below `symbols`. */
  widen(symbols: number): void {
    if (widthFor(symbols) > this.width) runAtOnce(this.#rewrite(widthFor(symbols), null));
  }

  /**
   * Replaces each id by `table[id]`, and afterwards uses the narrowest integers for ids below
   * `symbols`. Yields after each block.
   */
  remap(table: Uint32Array, symbols: number): Pieces<void> {
    return this.#rewrite(widthFor(symbols), table);
  }

  /** How often each id below `symbols` occurs from `start` to `end`. Yields after each block. */
  *count(symbols: number, start: number, end: number): Pieces<Uint32Array> {
    const counts = new Uint32Array(symbols);
    for (let from = start; from < end; from += BLOCK) {
      const ids = this.#tokens.slice(from, Math.min(from + BLOCK, end));
      for (let i = 0; i < ids.length; i++) counts[ids[i]]++;
      yield;
    }
    return counts;
  }

  /**
   * All ids, in a buffer that gives back the memory that it does not need. The last thing to call.
   */
  finish(): Tokens {
    this.#buffer.resize(this.#length * this.width);
    return tokensOf(this.width, this.#buffer, this.#length);
  }

  /**
   * From the end backwards when ids get wider, and forwards otherwise, so that nothing is
   * overwritten before it was read.
   */
  *#rewrite(width: number, table: Uint32Array | null): Pieces<void> {
    this.#grow(this.#length * width);
    const source = this.#tokens;
    const target = tokensOf(width, this.#buffer);
    const mapped = new Uint32Array(BLOCK);
    const starts = Array.from({ length: Math.ceil(this.#length / BLOCK) }, (_, block) => block * BLOCK);
    for (const start of width > this.width ? starts.toReversed() : starts) {
      const ids = source.slice(start, Math.min(start + BLOCK, this.#length));
      for (let i = 0; i < ids.length; i++) mapped[i] = table === null ? ids[i] : table[ids[i]];
      target.set(mapped.subarray(0, ids.length), start);
      yield;
    }
    this.#tokens = target;
  }

  #grow(bytes: number): void {
    if (bytes <= this.#buffer.byteLength) return;
    const limit = this.#buffer.maxByteLength;
    if (bytes > limit) {
      const mebibytes = count(Math.round(limit / 2 ** 20));
      throw corpusError(
        `the corpus needs more than ${mebibytes} MiB of memory, the most that it can have`,
        'train on a part of it',
      );
    }
    try {
      this.#buffer.resize(Math.min(limit, Math.ceil(bytes / GROWTH_BYTES) * GROWTH_BYTES));
    } catch (cause) {
      throw machineError(
        `not enough memory for a corpus of ${count(this.#length)} characters and more`,
        'end other programs, or train on a part of it',
        { cause },
      );
    }
  }
}

/**
 * Reserves as much address space as there is to be had: `ulimit -v` may allow less than the whole.
 */
function reserve(): ArrayBuffer {
  for (let bytes = RESERVED_BYTES; ; bytes /= 2) {
    try {
      return new ArrayBuffer(0, { maxByteLength: bytes });
    } catch (cause) {
      if (bytes <= 2 ** 24)
        throw machineError('not enough memory to read a corpus', 'end other programs, or raise what ulimit -v allows', {
          cause,
        });
    }
  }
}

/** Bytes of an integer that holds the ids below `symbols`. */
function widthFor(symbols: number): number {
  if (symbols <= 2 ** 8) return 1;
  return symbols <= 2 ** 16 ? 2 : 4;
}

/** @param length number of ids; without it, the ids grow with the buffer */
function tokensOf(width: number, buffer: ArrayBuffer, length?: number): Tokens {
  if (width === 1) return new Uint8Array(buffer, 0, length);
  return width === 2 ? new Uint16Array(buffer, 0, length) : new Uint32Array(buffer, 0, length);
}

const ASCII = 128;
/** Characters encoded at a time. */
const ENCODED_AT_A_TIME = 16_384;

/**
 * Text to provisional ids: ASCII characters are their own ids, all others get theirs in the order
 * in which they appear. read.ts renumbers them when all are known, so that a text is read once.
 */
export class Encoder {
  readonly store = new TokenStore();
  /** Code points in the order of their ids. Not all the ASCII ones need occur. */
  readonly codePoints: number[] = Array.from({ length: ASCII }, (_, byte) => byte);
  /** Id by code point, 0 for one that has not appeared. */
  readonly #ids = new Int32Array(0x110000);
  readonly #scratch = new Uint32Array(ENCODED_AT_A_TIME);

  push(text: string): void {
    for (let at = 0; at < text.length;) {
      let length = 0;
      while (length < ENCODED_AT_A_TIME && at < text.length) {
        const codePoint = text.codePointAt(at)!;
        at += codePoint > 0xffff ? 2 : 1;
        this.#scratch[length++] = codePoint < ASCII ? codePoint : this.#ids[codePoint] || this.#add(codePoint);
      }
      this.store.widen(this.codePoints.length);
      this.store.append(this.#scratch.subarray(0, length));
    }
  }

  /** Gives a new character its id. */
  #add(codePoint: number): number {
    this.#ids[codePoint] = this.codePoints.length;
    return this.codePoints.push(codePoint) - 1;
  }
}
