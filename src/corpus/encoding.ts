// Text in other encodings than UTF-8: converted to it chunk by chunk, and recognised if the user
// did not name the encoding. Touches no file.
import { TextDecoder } from 'node:util';
import { UTF8, encodingNamed } from '../options/choices.ts';

/** Bytes at the start of a file from which its encoding is recognised. */
export const HEAD_BYTES = 8192;
/** Characters shown on each side of a byte that is not UTF-8. */
const CONTEXT = 12;

function orNull<Result>(attempt: () => Result): Result | null {
  try {
    return attempt();
  } catch {
    return null;
  }
}

const startsWith = (head: Uint8Array, ...mark: readonly number[]): boolean =>
  mark.every((byte, index) => head[index] === byte);

/** The encoding that a byte order mark announces, or null. */
export function encodingOfMark(bytes: Uint8Array): string | null {
  if (startsWith(bytes, 0xff, 0xfe)) return 'utf-16le';
  if (startsWith(bytes, 0xfe, 0xff)) return 'utf-16be';
  return startsWith(bytes, 0xef, 0xbb, 0xbf) ? UTF8 : null;
}

/**
 * The encoding of a file that starts with these bytes: where another one than UTF-8 was asked for,
 * a mark knows better.
 */
export const encodingOf = (head: Uint8Array, asked: string): string =>
  asked === UTF8 ? UTF8 : (encodingOfMark(head) ?? encodingNamed(asked) ?? asked);

/**
 * Whether a file starts with a byte order mark of UTF-32, which the Encoding Standard does not
 * have.
 */
export const hasUtf32Mark = (head: Uint8Array): boolean =>
  startsWith(head, 0xff, 0xfe, 0, 0) || startsWith(head, 0, 0, 0xfe, 0xff);

/**
 * `utf-16le` or `utf-16be` if a file that starts with these bytes is such a text, by its mark or
 * since much of it is ASCII; else null.
 */
export function recogniseUtf16(head: Uint8Array): string | null {
  const marked = encodingOfMark(head);
  if (marked !== null) return marked === UTF8 ? null : marked;
  if (!head.subarray(0, 2).includes(0)) return null;
  return ['utf-16le', 'utf-16be'].find((encoding) => isPlain(startOf(head.subarray(0, HEAD_BYTES), encoding))) ?? null;
}

/**
 * The text that starts with these bytes, whatever comes after them; null if they are not of this
 * encoding.
 */
const startOf = (bytes: Uint8Array, encoding: string): string | null =>
  orNull(() => new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true }));

/** Whether a text has no control characters that are rare in texts, and some ASCII. */
const isPlain = (text: string | null): boolean =>
  text !== null && !/(?![\t-\r])\p{Cc}/u.test(text) && /[ -~]{2}/.test(text);

/**
 * The text around a byte, if it was written on Windows in the West; null where Windows-1252 has no
 * such character.
 */
export function asWindows1252(bytes: Uint8Array, index: number): string | null {
  const start = Math.max(0, index - CONTEXT);
  const text = startOf(bytes.subarray(start, index + CONTEXT), 'windows-1252')!;
  const [before, after] = [text.slice(0, index - start), text.slice(index - start)];
  // Bytes that the encoding leaves undefined decode to control characters.
  return /^[\u0080-\u009f]/.test(after) ? null : /[^\r\n]*$/.exec(before)![0] + /^[^\r\n]*/.exec(after)![0];
}

/**
 * A whole text from its bytes; null if they are not of this encoding. A byte order mark is dropped.
 */
export const decodeText = (bytes: Uint8Array, asked: string): string | null =>
  orNull(() => {
    const decoder = new TextDecoder(encodingOf(bytes, asked), { fatal: true });
    // In one go, Node 20 decodes Windows-1252 as Latin-1.
    return decoder.decode(bytes, { stream: true }) + decoder.decode();
  });

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

export interface Decoded {
  /** As far as it is of the encoding. */
  readonly text: string;
  readonly isValid: boolean;
  /** Why it is not valid UTF-8; null in another encoding. */
  readonly invalid: InvalidBytes | null;
}

/** Turns the chunks of one file into text. */
export class Decoder {
  readonly #strict: TextDecoder;
  /** Shows by U+FFFD where the strict one failed. Of UTF-8 the bytes show it. */
  readonly #lenient: TextDecoder | null;
  /** Whole characters so far, in bytes of UTF-8. */
  #offset = 0;
  /** The last bytes, of which so many at the end are no whole character yet. */
  #last: Buffer = Buffer.alloc(0);
  #incomplete = 0;

  constructor(encoding: string) {
    this.#strict = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
    this.#lenient = encoding === UTF8 ? null : new TextDecoder(encoding, { ignoreBOM: true });
  }

  /** @param bytes none when no more come */
  push(bytes?: Uint8Array): Decoded {
    const options = { stream: bytes !== undefined };
    const lenient = this.#lenient?.decode(bytes, options);
    if (bytes !== undefined)
      this.#last = Buffer.concat([this.#last.subarray(this.#last.length - this.#incomplete), bytes]);
    const start = bytes === undefined ? this.#last.length - this.#incomplete : 0;
    try {
      const text = this.#strict.decode(bytes, options);
      const length = Buffer.byteLength(text);
      this.#offset += length;
      if (this.#lenient === null) this.#incomplete = this.#last.length - start - length;
      return { text, isValid: true, invalid: null };
    } catch {
      if (lenient !== undefined) return { text: lenient.split('\u{FFFD}', 1)[0], isValid: false, invalid: null };
      const pending = this.#last.subarray(start);
      const index = firstInvalid(pending);
      const isCutOff = bytes === undefined;
      const invalid = { offset: this.#offset + index, bytes: this.#last, index: start + index, isCutOff };
      return { text: pending.toString('utf8', 0, index), isValid: false, invalid };
    }
  }
}

/** Where the first byte is that does not belong to a character. */
function firstInvalid(bytes: Uint8Array): number {
  const mended = Buffer.from(Buffer.from(bytes).toString()); // it has the three bytes of U+FFFD there
  let at = 0;
  while (mended[at] === bytes[at]) at++;
  while ((mended[at] & 0xc0) === 0x80) at--;
  return at;
}
