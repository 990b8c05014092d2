// The ids of a corpus while it is read: one growing buffer of the narrowest integers that hold them. Knows nothing of text.
//
// Memory is the point of this file. A corpus of 1 GB must cost 1 GB and never, not even for a moment, 2: so the buffer grows in
// place (address space is reserved beforehand, memory is used as it is written), and when ids need wider integers, or get
// other numbers, they are rewritten in place block by block.

// Resizable buffers are in Node since 20 and in TypeScript's library since ES2024.
/// <reference lib="es2024.arraybuffer" />
import { RnnError } from '../errors.ts';
import { type Pieces, runAtOnce } from '../pieces.ts';

export type Tokens = Uint8Array | Uint16Array | Uint32Array;

/** Ids rewritten or counted at a time, in less than a millisecond: small enough for the cache of one core. */
const BLOCK = 65_536;
/** Ids of one byte are counted and replaced as two pairs at a time, which takes a third of the time: this many pairs there are. */
const PAIRS = 65_536;
const NO_FOURS = new Uint32Array(0);
/** Address space reserved for a corpus; also the largest buffer that Node 20 has. */
const RESERVED_BYTES = 2 ** 32;
/** Growing costs next to nothing; giving back what was too much costs as long as writing it. */
const GROWTH_BYTES = 2 ** 20;

export class TokenStore {
  readonly #buffer = reserve();
  #tokens: Tokens = new Uint8Array(this.#buffer);
  #length = 0;

  /** How many ids there are. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of one id at present. */
  get width(): number {
    return this.#tokens.BYTES_PER_ELEMENT;
  }

  /** The ids from `start` to `end`, until more are added. */
  view(start: number, end = this.#length): Tokens {
    return this.#tokens.subarray(start, end);
  }

  /** Adds the first `count` of these ids. Their type should be that of `scratch`. */
  append(ids: Tokens, count: number): void {
    this.#grow((this.#length + count) * this.#tokens.BYTES_PER_ELEMENT);
    this.#tokens.set(ids.subarray(0, count), this.#length);
    this.#length += count;
  }

  /** Drops the ids from `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** An empty array of the type that holds the ids at present. */
  scratch(length: number): Tokens {
    return tokensOf(this.#tokens.BYTES_PER_ELEMENT, new ArrayBuffer(length * this.#tokens.BYTES_PER_ELEMENT));
  }

  /** Makes room for ids below `symbols`; true if that changed the type of integers. */
  widen(symbols: number): boolean {
    const width = widthFor(symbols);
    if (width <= this.width) return false;
    runAtOnce(this.#rewrite(width, null));
    return true;
  }

  /** Replaces each id by `table[id]`, and afterwards uses the narrowest integers for ids below `symbols`. Yields after each block. */
  remap(table: Uint32Array, symbols: number): Pieces<void> {
    return this.#rewrite(widthFor(symbols), table);
  }

  /** How often each id below `symbols` occurs from `start` to `end`. Yields after each block. */
  *count(symbols: number, start: number, end: number): Pieces<Uint32Array> {
    const counts = new Uint32Array(Math.max(symbols, 256));
    if (start === end) return counts.subarray(0, symbols);
    const pairCounts = new Uint32Array(PAIRS);
    for (let from = start; from < end; from += BLOCK) {
      const ids = this.#tokens.slice(from, Math.min(from + BLOCK, end));
      const fours = foursOf(ids);
      for (let i = 0; i < fours.length; i++) {
        const four = fours[i];
        pairCounts[four & 0xffff]++;
        pairCounts[four >>> 16]++;
      }
      for (let i = fours.length * 4; i < ids.length; i++) counts[ids[i]]++;
      yield;
    }
    for (let pair = 0; pair < PAIRS; pair++) {
      counts[pair & 0xff] += pairCounts[pair];
      counts[pair >> 8] += pairCounts[pair];
    }
    return counts.subarray(0, symbols);
  }

  /**
   * The ids between these cuts, in ascending order, as views of one buffer, which gives back the memory that it does not need. The last
   * thing to call.
   */
  finish(...cuts: readonly number[]): readonly Tokens[] {
    const width = this.#tokens.BYTES_PER_ELEMENT;
    this.#buffer.resize(this.#length * width);
    const starts = [0, ...cuts];
    return starts.map((start, index) => tokensOf(width, this.#buffer, start * width, (starts[index + 1] ?? this.#length) - start));
  }

  /** From the end backwards when ids get wider, and forwards otherwise, so that nothing is overwritten before it was read. */
  *#rewrite(width: number, table: Uint32Array | null): Pieces<void> {
    this.#grow(this.#length * width);
    const source = this.#tokens;
    const target = tokensOf(width, this.#buffer);
    const backwards = width > source.BYTES_PER_ELEMENT;
    const mapped = tokensOf(width, new ArrayBuffer(BLOCK * width));
    const mappedFours = foursOf(mapped);
    const pairTable = table !== null && width === 1 ? tableOfPairs(table) : null;
    const blocks = Math.ceil(this.#length / BLOCK);
    for (let step = 0; step < blocks; step++) {
      const start = (backwards ? blocks - 1 - step : step) * BLOCK;
      const ids = source.slice(start, Math.min(start + BLOCK, this.#length));
      if (table === null) {
        mapped.set(ids);
      } else {
        const fours = pairTable === null ? NO_FOURS : foursOf(ids);
        if (pairTable !== null) replaceFours(fours, pairTable, mappedFours);
        for (let i = fours.length * 4; i < ids.length; i++) mapped[i] = table[ids[i]];
      }
      target.set(mapped.subarray(0, ids.length), start);
      yield;
    }
    this.#tokens = target;
  }

  #grow(bytes: number): void {
    if (bytes <= this.#buffer.byteLength) return;
    const limit = this.#buffer.maxByteLength;
    if (bytes > limit) {
      throw new RnnError(
        'corpus',
        `the corpus needs more than ${Math.round(limit / 2 ** 20).toLocaleString('en')} MiB of memory, the most that it can have`,
        {
          hint: 'train on a part of it',
        },
      );
    }
    try {
      this.#buffer.resize(Math.min(limit, Math.ceil(bytes / GROWTH_BYTES) * GROWTH_BYTES));
    } catch (cause) {
      throw new RnnError('machine', `not enough memory for a corpus of ${this.#length.toLocaleString('en')} characters and more`, {
        hint: 'end other programs, or train on a part of it',
        cause,
      });
    }
  }
}

/** Reserves as much address space as there is to be had: `ulimit -v` may allow less than the whole. */
function reserve(): ArrayBuffer {
  for (let bytes = RESERVED_BYTES; ; bytes /= 2) {
    try {
      return new ArrayBuffer(0, { maxByteLength: bytes });
    } catch (cause) {
      if (bytes <= 2 ** 24)
        throw new RnnError('machine', 'not enough memory to read a corpus', {
          hint: 'end other programs, or raise what ulimit -v allows',
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

/** Ids of one byte by fours, without the last ones of an odd number; none of wider ids. The order of bytes does not matter. */
function foursOf(ids: Tokens): Uint32Array {
  return ids.BYTES_PER_ELEMENT === 1 ? new Uint32Array(ids.buffer, ids.byteOffset, ids.length >> 2) : NO_FOURS;
}

function replaceFours(fours: Uint32Array, pairTable: Uint16Array, replaced: Uint32Array): void {
  for (let i = 0; i < fours.length; i++) {
    const four = fours[i];
    replaced[i] = pairTable[four & 0xffff] | (pairTable[four >>> 16] << 16);
  }
}

function tableOfPairs(table: Uint32Array): Uint16Array {
  const replacements = new Uint16Array(PAIRS);
  const symbols = Math.min(256, table.length);
  for (let second = 0; second < symbols; second++) {
    for (let first = 0; first < symbols; first++) replacements[first | (second << 8)] = table[first] | (table[second] << 8);
  }
  return replacements;
}

function tokensOf(width: number, buffer: ArrayBuffer, offset = 0, length?: number): Tokens {
  if (width === 1) return new Uint8Array(buffer, offset, length);
  return width === 2 ? new Uint16Array(buffer, offset, length) : new Uint32Array(buffer, offset, length);
}
