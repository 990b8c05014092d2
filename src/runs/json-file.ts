// Reads a JSON file of any size as one value. Its long base64 texts stay on the disk until their
// numbers are requested. So the file is never in memory as a whole, and nothing is allocated that
// the file is too short to fill. From checkpoint.ts it takes only the limits.
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

import { checkpointLimits } from './checkpoint.ts';
import { type Fail, isObject, describeValue, problemInJson } from './json-values.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CHUNK_BYTES = 2 ** 20;
/** A multiple of 4, so that only the last piece of base64 has padding. */
const PIECE_CHARACTERS = 2 ** 18;
/** Longer texts named `data` stay on the disk. */
const MAX_KEPT_BYTES = 4096;
/** The end of the part of a tensor before its data, and the maximum length of that part. */
const DATA_PREFIX = '"data": "';
const MAX_PREFIX_BYTES = 512;

/** A text that stays on the disk. */
interface DeferredText {
  readonly start: number;
  readonly length: number;
}

export class JsonFile {
  readonly size: number;
  readonly #descriptor: number;
  readonly #fail: Fail;
  /** A text `#3` in the value represents the text `#deferred[3]` of the file. */
  readonly #deferred: DeferredText[] = [];
  readonly #requested = new Set<DeferredText>();

  /**
   * @throws the system's error if the file cannot be opened, or `EISDIR` if it is not a plain file
   */
  constructor(path: string, fail: Fail) {
    // Opening a named pipe would wait for a writer. Windows has no such flag.
    this.#descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    this.#fail = fail;
    const status = fstatSync(this.#descriptor);
    this.size = status.size;
    if (status.isFile()) return;
    this.close();
    throw Object.assign(new Error(`${path} is not a plain file`), { code: 'EISDIR' });
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  bytes(start: number, length: number): Buffer {
    const bytes = Buffer.alloc(Math.min(length, this.size - start));
    return bytes.subarray(0, readSync(this.#descriptor, bytes, 0, bytes.length, start));
  }

  /**
   * The object in the file, parsed by JSON.parse, and the SHA-256 of the first `hashedBytes` bytes
   * in hex. Refuses an object that is too large or too deep, or has a duplicate key or a key that
   * could reach a prototype.
   *
   * @param extent `head` reads only the part before the first list of the object, and null instead of
   * the list. `skimmed` does not read the data of tensors, and hashes nothing
   */
  parse(
    hashedBytes: number,
    extent: 'whole' | 'head' | 'skimmed' = 'whole',
  ): { value: Record<string, unknown>; digest: string } {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(Math.min(this.size, CHUNK_BYTES));
    let [depth, keys, values, at, textStart, cutBytes] = [0, 0, 0, 0, 0, 0];
    let inText = false;
    let end = this.size;
    for (let base = 0, count = 0; base < end; base += count, at -= count) {
      if (extent === 'skimmed') [base, at] = [base + at, 0]; // at is after the data that was skipped
      count = readSync(this.#descriptor, chunk, 0, chunk.length, base);
      if (count === 0) this.#cutOff();
      hash.update(chunk.subarray(0, Math.max(0, Math.min(count, hashedBytes - base))));
      while (at < count && end === this.size) {
        if (inText) {
          const quote = chunk.indexOf(QUOTE, at);
          const text = chunk.subarray(at, quote < 0 ? count : Math.min(quote, count));
          if (text.includes(0)) this.#fail(`it has a NUL character in a text (after byte ${base + at})`);
          const escape = text.indexOf(BACKSLASH);
          inText = escape >= 0 || at + text.length === count;
          at += escape < 0 ? text.length : escape + 2;
          if (inText) continue;
          if (this.#isCut(textStart, base + at)) {
            this.#deferred.push({ start: textStart, length: base + at - textStart });
            cutBytes += base + at - textStart;
          }
          at++;
          continue;
        }
        const byte = chunk[at++];
        if (byte === QUOTE) {
          inText = true;
          textStart = base + at;
          if (extent === 'skimmed')
            at += this.#dataLength(chunk.subarray(Math.max(0, at - MAX_PREFIX_BYTES), at), base + at);
        } else if (byte === 0x7b || byte === 0x5b) {
          if (extent === 'head' && depth === 1 && byte === 0x5b) end = base + at - 1;
          else if (++depth > checkpointLimits.depth)
            this.#fail(`it is nested more than ${checkpointLimits.depth} levels deep`);
          values++;
        } else if (byte === 0x7d || byte === 0x5d) depth--;
        else if (byte === 0x3a) keys++;
        else if (byte === 0x2c) values++;
      }
      const read = base + count;
      const unfinished = inText && this.#isCut(textStart, read) ? read - textStart : 0;
      if (read - cutBytes - unfinished > checkpointLimits.textBytes)
        this.#failTooLarge(`${checkpointLimits.textBytes / 2 ** 20} MB`);
      if (keys + values > checkpointLimits.values) this.#failTooLarge(`${checkpointLimits.values} values`);
    }
    if (end === this.size && (depth > 0 || inText)) this.#cutOff();
    const text = this.#textBefore(end);
    return { value: this.#valueOf(end < this.size ? `${text}null}` : text, keys), digest: hash.digest('hex') };
  }

  /**
   * The little-endian numbers that a text holds as base64. Empty if they are not kept: then only
   * the checksum of the file verifies the text.
   */
  numbers(text: unknown, count: number, isKept: boolean, what: string): Float32Array {
    if (typeof text !== 'string') this.#fail(`${what} has the data ${describeValue(text)}: expected base64`);
    const deferred = text.startsWith('#') ? this.#deferred[Number(text.slice(1))] : undefined;
    if (deferred !== undefined) this.#requested.add(deferred);
    const length = deferred?.length ?? text.length;
    const expected = base64Length(count);
    if (length !== expected) this.#fail(`${what} is ${length < expected ? 'shorter' : 'longer'} than its shape says`);
    if (count > checkpointLimits.numbers) this.#fail(`${what} has more than ${checkpointLimits.numbers} numbers`);
    if (!isKept) return new Float32Array(0);
    const data = new Float32Array(count);
    const target = Buffer.from(data.buffer);
    for (let done = 0; done < length; done += PIECE_CHARACTERS) {
      const left = Math.min(PIECE_CHARACTERS, length - done);
      const piece = deferred === undefined ? text : this.bytes(deferred.start + done, left).toString('latin1');
      if (!decodes(piece, target, (done / 4) * 3, done + left === length)) this.#fail(`${what} is not base64`);
    }
    return data;
  }

  /** Refuses a file that has a text on the disk whose numbers were not requested. */
  refuseStrayData(): void {
    if (this.#requested.size < this.#deferred.length) this.#fail('it has "data" that does not belong to a tensor');
  }

  /**
   * The length of the data of a tensor as rnn writes it, from its shape. 0 for any other text, whose
   * end must be searched.
   *
   * @param before the bytes before the text
   */
  #dataLength(before: Buffer, start: number): number {
    if (before.subarray(-DATA_PREFIX.length).toString('latin1') !== DATA_PREFIX) return 0;
    const shape = /"shape": ?\[([\d,]*)\][^[\]]*$/.exec(before.toString('latin1'))?.[1];
    if (shape === undefined) return 0;
    const length = base64Length(shape.split(',').reduce((product, factor) => product * Number(factor), 1));
    const endsThere = start + length < this.size && this.bytes(start + length, 1)[0] === QUOTE;
    return endsThere ? length : 0;
  }

  /** Whether a text is long and named `data`. */
  #isCut(start: number, end: number): boolean {
    return (
      end - start > MAX_KEPT_BYTES &&
      /"data"\s*:\s*"$/.test(this.bytes(Math.max(0, start - 64), Math.min(start, 64)).toString('latin1'))
    );
  }

  /** The text before `end`, with placeholders for the texts on the disk. */
  #textBefore(end: number): string {
    const parts: Buffer[] = [];
    let from = 0;
    for (const [index, { start, length }] of this.#deferred.entries()) {
      parts.push(this.bytes(from, start - from), Buffer.from(`#${index}`));
      from = start + length;
    }
    const bytes = Buffer.concat([...parts, this.bytes(from, end - from)]);
    if (!isUtf8(bytes)) this.#fail('it is not UTF-8');
    return bytes.toString();
  }

  #valueOf(text: string, keys: number): Record<string, unknown> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      this.#fail(`it is not JSON: ${describeValue((cause as Error).message)}`, cause);
    }
    const check = problemInJson(value, '');
    if (check.message !== null) this.#fail(check.message);
    if (check.keys !== keys) this.#fail('it has a duplicate key');
    return isObject(value) ? value : this.#fail('it is not a JSON object');
  }

  #failTooLarge(max: string): never {
    return this.#fail(`it holds more than ${max} besides the data of its tensors`);
  }

  #cutOff(): never {
    return this.#fail(`it is cut off after ${this.size} bytes`);
  }
}

/** The length of the base64 text of float32 numbers. */
const base64Length = (count: number): number => Math.ceil((count * Float32Array.BYTES_PER_ELEMENT) / 3) * 4;

/**
 * Decodes a piece of base64 to `start`, and returns whether the piece is pure base64. Node skips
 * characters that are not base64 and accepts the URL-safe alphabet, so this checks the decoded
 * length and looks for - and _.
 */
function decodes(text: string, target: Buffer, start: number, isLast: boolean): boolean {
  const padding = isLast ? (3 - (target.length % 3)) % 3 : 0;
  const expected = (text.length / 4) * 3 - padding;
  return (
    target.write(text, start, expected, 'base64') === expected &&
    text.endsWith('='.repeat(padding)) &&
    !/[-_]/.test(text)
  );
}
