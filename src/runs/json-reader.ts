// A pull parser for one large JSON file: objects member by member, lists element by element, small
// values whole, and base64 strings of any length into numbers. Knows JSON and base64, and nothing
// of checkpoints.

import { isUtf8 } from 'node:buffer';
import { endianness } from 'node:os';

import { limits } from './checkpoint.ts';
import { type Fail, forbiddenKeys, shown, troubleInJson } from './json-values.ts';
import type { ByteSource } from './source.ts';

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
/** A multiple of 4, so that only the last piece of base64 has padding. */
const pieceCharacters = 2 ** 18;

export class JsonReader {
  readonly source: ByteSource;
  readonly fail: Fail;
  /** So far: characters of base64, and all other values, keys among them. */
  #base64Characters = 0;
  #values = 0;

  constructor(source: ByteSource, fail: Fail) {
    this.source = source;
    this.fail = fail;
  }

  /**
   * The keys of the next object, one by one; the caller must read the value before it asks for the
   * next key.
   */
  *members(what: string): Generator<string, void> {
    const seen = new Set<string>();
    this.#expect('{', what);
    if (this.#take('}')) return;
    do {
      const key = this.value(`a key of ${what}`);
      if (typeof key !== 'string') this.fail(`${what} has ${shown(key)} where a key was expected`);
      if (key.length > limits.name)
        this.fail(`${what} has a key of ${key.length} characters, expected at most ${limits.name}`);
      if (forbiddenKeys.has(key)) this.fail(`${what}.${key} is a forbidden name`);
      if (seen.has(key)) this.fail(`${what} has ${JSON.stringify(key)} twice`);
      seen.add(key);
      this.#expect(':', what);
      yield key;
    } while (this.#take(','));
    this.#expect('}', what);
  }

  /**
   * The indices of the next list; the caller must read each element before it asks for the next
   * index.
   */
  *elements(what: string): Generator<number, void> {
    this.#expect('[', what);
    if (this.#take(']')) return;
    let index = 0;
    do yield index++;
    while (this.#take(','));
    this.#expect(']', what);
  }

  /**
   * The next value, by JSON.parse. Refuses one that is too large or too deep, or has a key twice,
   * or one that could reach a prototype.
   */
  value(what: string): unknown {
    const { end, keys, others } = this.#measure(what);
    const source = this.source;
    this.#values += 1 + keys + others;
    this.#refuseBulk(end - source.position, what);
    const bytes = source.buffer.subarray(source.position, end);
    if (!isUtf8(bytes)) this.fail(`${what} is not UTF-8`);
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      this.fail(`${what} is not JSON (at byte ${source.offset})`, cause);
    }
    source.position = end;
    const trouble = troubleInJson(value, what);
    if (trouble.message !== null) this.fail(trouble.message);
    if (trouble.keys !== keys) this.fail(`${what} has a key twice`);
    return value;
  }

  /** Whether the next value is null; consumes it if so. */
  takeNull(): boolean {
    if (this.#peek() !== 'n') return false;
    return this.value('a value') === null;
  }

  /**
   * Reads a string of base64 that must hold exactly `bytes` bytes, little-endian: into `target`, or
   * without decoding it if that is null. Then only the checksum of the file vouches for what is in
   * it.
   */
  base64(bytes: number, target: Float32Array | null, what: string): void {
    const { source } = this;
    const decoded = target === null ? null : Buffer.from(target.buffer, target.byteOffset, target.byteLength);
    this.#expect('"', what);
    const length = base64Length(bytes);
    for (let done = 0; done < length;) {
      const available = source.end - source.position;
      const count = Math.min(length - done, pieceCharacters, available - (available % 4));
      if (count === 0) {
        if (!source.more()) this.#cutOff();
        continue;
      }
      const piece = source.buffer.subarray(source.position, source.position + count);
      const start = (done / 4) * 3;
      done += count;
      const isWhole =
        decoded === null ? !piece.includes(quote) : decodes(piece.toString('latin1'), decoded, start, done === length);
      if (!isWhole)
        this.fail(
          `${what} ${piece.includes(quote) ? 'is shorter than its shape says' : `is not base64 (near byte ${source.offset})`}`,
        );
      source.position += count;
      this.#base64Characters += count;
    }
    if (this.#peekByte() !== quote) this.fail(`${what} is longer than its shape says`);
    source.position++;
    if (endianness() === 'BE') decoded?.swap32();
  }

  /** Nothing but white space may follow. */
  finish(): void {
    const rest = this.#peek();
    if (rest !== '') this.fail(`something follows the end of the JSON (at byte ${this.source.offset})`);
  }

  /** Refuses a claim to more characters than are left, and a file that was cut off. */
  ensure(characters: number, what: string): void {
    const left = this.source.size - this.source.offset;
    if (characters <= left) return;
    if (!this.source.tail(16).toString('latin1').trimEnd().endsWith('}')) this.#cutOff();
    this.fail(`${what} needs ${characters} characters of base64, and ${left} are left`);
  }

  /**
   * Refuses a file that is large apart from the data of its tensors: a few bytes may become a
   * hundred in memory (`[[],[],…`).
   */
  #refuseBulk(ahead: number, what: string): void {
    const bytes = this.source.offset + ahead - this.#base64Characters;
    if (bytes <= limits.textBytes && this.#values <= limits.values) return;
    const most = bytes > limits.textBytes ? `${limits.textBytes / 2 ** 20} MB` : `${limits.values} values`;
    this.fail(`with ${what}, it holds more than ${most} besides the data of its tensors`);
  }

  /** Finds the end of the next value, and counts its keys and, at most, its other values. */
  #measure(what: string): { end: number; keys: number; others: number } {
    const source = this.source;
    if (this.#peek() === '') this.#cutOff();
    let { buffer, position: at, end } = source;
    let depth = 0;
    let keys = 0;
    let others = 0;
    let inString = false;
    for (; ; at++) {
      while (at >= end) {
        this.#refuseBulk(end - source.position, what);
        at -= source.position;
        if (!source.more()) this.#cutOff();
        ({ buffer, end } = source);
      }
      const byte = buffer[at];
      if (inString) {
        if (byte === backslash) at++;
        else if (byte === quote) {
          inString = false;
          if (depth === 0) break;
        }
      } else if (byte === quote) inString = true;
      else if (byte === 0x7b || byte === 0x5b) {
        if (++depth > limits.depth) this.fail(`${what} is nested more than ${limits.depth} deep`);
        others++;
      } else if (byte === 0x7d || byte === 0x5d) {
        // A brace that closes what lies around a bare value ends that value.
        if (depth === 0) return { end: at, keys, others };
        if (--depth === 0) break;
      } else if (depth === 0) {
        if (byte === colon || byte === comma || isSpace(byte)) return { end: at, keys, others };
      } else if (byte === colon) keys++;
      else if (byte === comma) others++;
    }
    return { end: at + 1, keys, others };
  }

  #peekByte(): number {
    const source = this.source;
    if (source.position === source.end) {
      this.#refuseBulk(0, 'white space');
      if (!source.more()) return -1;
    }
    return source.buffer[source.position];
  }

  /** The next character that is not white space, or '' at the end of the file. */
  #peek(): string {
    let byte = this.#peekByte();
    while (isSpace(byte)) {
      this.source.position++;
      byte = this.#peekByte();
    }
    return byte < 0 ? '' : String.fromCharCode(byte);
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.source.position++;
    return true;
  }

  #expect(character: string, what: string): void {
    const found = this.#peek();
    if (found === '') this.#cutOff();
    if (found !== character)
      this.fail(`${what} has ${JSON.stringify(found)} where ${character} was expected (at byte ${this.source.offset})`);
    this.source.position++;
  }

  #cutOff(): never {
    return this.fail(`it is cut off after ${this.source.size} bytes`);
  }
}

/**
 * Decodes a piece of base64 from `start` on, and says whether it is base64 and nothing else. Node
 * skips characters that are not base64 and takes the URL-safe alphabet, so a shortfall or one of -
 * and _ tells.
 */
function decodes(text: string, target: Buffer, start: number, isLast: boolean): boolean {
  const padding = isLast ? (3 - (target.length % 3)) % 3 : 0;
  const expected = (text.length / 4) * 3 - padding;
  return (
    target.write(text, start, expected, 'base64') === expected &&
    text.endsWith('='.repeat(padding)) &&
    !text.includes('-') &&
    !text.includes('_')
  );
}

/** Characters that `bytes` bytes become. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
