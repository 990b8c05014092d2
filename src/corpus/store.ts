// The ids of a corpus while it is read: a growing buffer of the narrowest integers that hold them,
// and the encoder that assigns ids to characters.
//
// This file exists to save memory: a corpus of 1 GB must never need 2 GB, not even for a moment. So
// the buffer grows in place: address space is reserved first, and memory is used on writing.
// Ids that need wider integers or other numbers are rewritten in place, block by block.

// Node has resizable buffers since version 20, TypeScript's library since ES2024.
/// <reference lib="es2024.arraybuffer" />
import { count } from '../count.ts';
import { corpusError, machineError } from '../errors.ts';
import { type SlicedWork, runUninterrupted } from '../sliced-work.ts';

/** Ids of tokens, in the narrowest integers that hold the vocabulary. */
export type Tokens = Uint8Array | Uint16Array | Uint32Array;

/**
 * Ids rewritten or counted at a time, in less than a millisecond. Each block is copied, because V8
 * is slow on buffers that can be resized.
 */
const BLOCK = 65_536;
/** Address space reserved for a corpus. Also the maximum size of a buffer in Node 20. */
const RESERVED_BYTES = 2 ** 32;
/** Growing is almost free. Releasing unused memory takes as long as writing it. */
const GROWTH_BYTES = 2 ** 20;

/** A growing list of ids. */
export class TokenStore {
  readonly #buffer = reserve();
  #tokens: Tokens = new Uint8Array(this.#buffer);
  #length = 0;

  /** The number of ids. */
  get length(): number {
    return this.#length;
  }

  /** The current size of an id in bytes. */
  get width(): number {
    return this.#tokens.BYTES_PER_ELEMENT;
  }

  /** The ids from `start` to `end`. Valid until more ids are added. */
  view(start: number, end = this.#length): Tokens {
    return this.#tokens.subarray(start, end);
  }

  /** Adds ids, which must fit the current width. */
  append(ids: Tokens): void {
    this.#grow((this.#length + ids.length) * this.width);
    this.#tokens.set(ids, this.#length);
    this.#length += ids.length;
  }

  /** Adds the ids of another store, which must fit the current width. */
  appendStore(other: TokenStore): void {
    for (let from = 0; from < other.length; from += BLOCK)
      this.append(other.view(from, Math.min(from + BLOCK, other.length)));
  }

  /** Removes the ids from position `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Makes ids wide enough for values below `symbols`. */
  widen(symbols: number): void {
    if (widthFor(symbols) > this.width) runUninterrupted(this.#rewrite(widthFor(symbols), null));
  }

  /**
   * Replaces each id by `table[id]`, then uses the narrowest integers for ids below `symbols`.
   * Yields after each block.
   */
  remap(table: Uint32Array, symbols: number): SlicedWork<void> {
    return this.#rewrite(widthFor(symbols), table);
  }

  /** Counts each id below `symbols` from `start` to `end`. Yields after each block. */
  *count(symbols: number, start: number, end: number): SlicedWork<Uint32Array> {
    const counts = new Uint32Array(symbols);
    for (let from = start; from < end; from += BLOCK) {
      const ids = this.#tokens.slice(from, Math.min(from + BLOCK, end));
      for (let i = 0; i < ids.length; i++) counts[ids[i]]++;
      yield;
    }
    return counts;
  }

  /** Returns all ids and releases unused memory. Call it last. */
  finish(): Tokens {
    this.#buffer.resize(this.#length * this.width);
    return tokensOf(this.width, this.#buffer, this.#length);
  }

  /**
   * Runs backwards from the end if ids get wider, otherwise forwards, so that it never overwrites
   * an id before reading it.
   */
  *#rewrite(width: number, table: Uint32Array | null): SlicedWork<void> {
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
        `cannot hold the corpus in memory: it needs more than ${mebibytes} MiB, the maximum`,
        'train on a part of it',
      );
    }
    try {
      this.#buffer.resize(Math.min(limit, Math.ceil(bytes / GROWTH_BYTES) * GROWTH_BYTES));
    } catch (cause) {
      throw machineError(
        `cannot allocate memory for a corpus of more than ${count(this.#length)} characters`,
        'close other programs, or train on a part of it',
        { cause },
      );
    }
  }
}

/** Reserves as much address space as possible: `ulimit -v` may allow less than RESERVED_BYTES. */
function reserve(): ArrayBuffer {
  for (let bytes = RESERVED_BYTES; ; bytes /= 2) {
    try {
      return new ArrayBuffer(0, { maxByteLength: bytes });
    } catch (cause) {
      if (bytes <= 2 ** 24)
        throw machineError(
          'cannot allocate memory to read a corpus',
          'close other programs, or raise the limit of ulimit -v',
          {
            cause,
          },
        );
    }
  }
}

/** The size in bytes of an integer that holds ids below `symbols`. */
function widthFor(symbols: number): number {
  if (symbols <= 2 ** 8) return 1;
  return symbols <= 2 ** 16 ? 2 : 4;
}

/** @param length number of ids. If omitted, the view grows with the buffer */
function tokensOf(width: number, buffer: ArrayBuffer, length?: number): Tokens {
  if (width === 1) return new Uint8Array(buffer, 0, length);
  return width === 2 ? new Uint16Array(buffer, 0, length) : new Uint32Array(buffer, 0, length);
}

/** Stands for the end of a record among code points: no code point has this value. */
export const RECORD_END = 0x110000;
const ASCII = 128;
/** Characters encoded at a time. */
const ENCODED_AT_A_TIME = 16_384;

/**
 * Converts text to provisional ids. ASCII characters are their own ids, other characters get ids in
 * the order in which they appear. read.ts renumbers them when all are known, so that a text is read
 * only once.
 */
export class TokenEncoder {
  readonly store = new TokenStore();
  /**
   * Code points in the order of their ids. Includes all of ASCII, even characters that do not
   * occur.
   */
  readonly codePoints: number[] = Array.from({ length: ASCII }, (_, byte) => byte);
  /** Id of each code point, or 0 if it has not appeared. */
  readonly #ids = new Int32Array(0x110000);
  readonly #scratch = new Uint32Array(ENCODED_AT_A_TIME);
  #end: number | null = null;

  /** Adds the ids of a text to a store. */
  push(text: string, store = this.store): void {
    for (let at = 0; at < text.length;) {
      let length = 0;
      while (length < ENCODED_AT_A_TIME && at < text.length) {
        const codePoint = text.codePointAt(at)!;
        at += codePoint > 0xffff ? 2 : 1;
        this.#scratch[length++] = codePoint < ASCII ? codePoint : this.#ids[codePoint] || this.#add(codePoint);
      }
      this.#append(store, length);
    }
  }

  /** Adds the id of the end of a record to a store. */
  pushEnd(store: TokenStore): void {
    this.#end ??= this.codePoints.push(RECORD_END) - 1;
    this.#scratch[0] = this.#end;
    this.#append(store, 1);
  }

  #append(store: TokenStore, length: number): void {
    store.widen(this.codePoints.length);
    store.append(this.#scratch.subarray(0, length));
  }

  /** Assigns an id to a new character. */
  #add(codePoint: number): number {
    this.#ids[codePoint] = this.codePoints.length;
    return this.codePoints.push(codePoint) - 1;
  }
}
