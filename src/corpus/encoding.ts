// Decodes texts in encodings other than UTF-8 chunk by chunk, and recognises the encoding if the
// user did not name it. Does not touch the file system.
import { TextDecoder } from 'node:util';
import { UTF8, encodingNamed } from '../options/choices.ts';

/** The encoding is recognised from this many bytes at the start of a file. */
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
 * The encoding of a file that starts with `head`. A byte order mark overrides `requested`,
 * unless `requested` is UTF-8.
 */
export const encodingOf = (head: Uint8Array, requested: string): string =>
  requested === UTF8 ? UTF8 : (encodingOfMark(head) ?? encodingNamed(requested) ?? requested);

/**
 * Whether a file starts with a byte order mark of UTF-32, which the Encoding Standard does not
 * include.
 */
export const hasUtf32Mark = (head: Uint8Array): boolean =>
  startsWith(head, 0xff, 0xfe, 0, 0) || startsWith(head, 0, 0, 0xfe, 0xff);

/**
 * Recognises UTF-16 by its byte order mark. Without the mark, one of the first two bytes must be 0,
 * and `head` must decode to text with two adjacent ASCII characters and no rare control characters.
 * Returns `utf-16le`, `utf-16be`, or null for any other file.
 */
export function recogniseUtf16(head: Uint8Array): string | null {
  const marked = encodingOfMark(head);
  if (marked !== null) return marked === UTF8 ? null : marked;
  if (!head.subarray(0, 2).includes(0)) return null;
  return (
    ['utf-16le', 'utf-16be'].find((encoding) => looksLikeText(decodeStart(head.subarray(0, HEAD_BYTES), encoding))) ??
    null
  );
}

/**
 * Decodes the start of a text, which may end within a character. Null if the bytes are not of this
 * encoding.
 */
const decodeStart = (bytes: Uint8Array, encoding: string): string | null =>
  orNull(() => new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true }));

/** Whether a text contains some ASCII and no control characters that are rare in texts. */
const looksLikeText = (text: string | null): boolean =>
  text !== null && !/(?![\t-\r])\p{Cc}/u.test(text) && /[ -~]{2}/.test(text);

/**
 * The text around a byte on the same line, decoded as Windows-1252. Null if Windows-1252 does not
 * define that byte.
 */
export function contextAsWindows1252(bytes: Uint8Array, index: number): string | null {
  const start = Math.max(0, index - CONTEXT);
  const text = decodeStart(bytes.subarray(start, index + CONTEXT), 'windows-1252')!;
  const [before, after] = [text.slice(0, index - start), text.slice(index - start)];
  // Undefined bytes decode to control characters.
  return /^[\u0080-\u009f]/.test(after) ? null : /[^\r\n]*$/.exec(before)![0] + /^[^\r\n]*/.exec(after)![0];
}

/**
 * Decodes a whole text and drops its byte order mark. Null if the bytes are not of this encoding.
 */
export const decodeText = (bytes: Uint8Array, requested: string): string | null =>
  orNull(() => {
    const decoder = new TextDecoder(encodingOf(bytes, requested), { fatal: true });
    // Node 20 decodes Windows-1252 as Latin-1 unless it decodes a stream.
    return decoder.decode(bytes, { stream: true }) + decoder.decode();
  });

/** The position in a file at which it stops being UTF-8. */
export interface InvalidBytes {
  /** Bytes of the file before the first byte that does not belong to a character. */
  readonly offset: number;
  /** The part of the file that contains this byte, at `index`. */
  readonly bytes: Uint8Array;
  readonly index: number;
  /** The file ends within a character. */
  readonly isCutOff: boolean;
}

/** The result of decoding one chunk. */
export interface DecodedText {
  /**
   * The text up to the first invalid byte. In encodings other than UTF-8, a U+FFFD in invalid text
   * ends it earlier.
   */
  readonly text: string;
  readonly isValid: boolean;
  /** The first invalid bytes. Null if the chunk is valid, and in encodings other than UTF-8. */
  readonly invalid: InvalidBytes | null;
}

/** Decodes the chunks of one file. */
export class FileDecoder {
  readonly #strict: TextDecoder;
  /**
   * Replaces invalid bytes with U+FFFD, which marks where the strict decoder failed. Null for UTF-8,
   * where `firstInvalid` finds the position in the bytes.
   */
  readonly #lenient: TextDecoder | null;
  /** The length of all complete characters so far, in bytes of UTF-8. */
  #offset = 0;
  /**
   * The bytes of the last chunk. The final `#incompleteBytes` bytes are the start of a character
   * that is not complete yet.
   */
  #last: Buffer = Buffer.alloc(0);
  #incompleteBytes = 0;

  constructor(encoding: string) {
    this.#strict = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
    this.#lenient = encoding === UTF8 ? null : new TextDecoder(encoding, { ignoreBOM: true });
  }

  /** @param bytes omitted at the end of the file */
  push(bytes?: Uint8Array): DecodedText {
    const options = { stream: bytes !== undefined };
    const lenient = this.#lenient?.decode(bytes, options);
    if (bytes !== undefined)
      this.#last = Buffer.concat([this.#last.subarray(this.#last.length - this.#incompleteBytes), bytes]);
    const start = bytes === undefined ? this.#last.length - this.#incompleteBytes : 0;
    try {
      const text = this.#strict.decode(bytes, options);
      const length = Buffer.byteLength(text);
      this.#offset += length;
      if (this.#lenient === null) this.#incompleteBytes = this.#last.length - start - length;
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

/** The index of the first byte that does not belong to a character. */
function firstInvalid(bytes: Uint8Array): number {
  const mended = Buffer.from(Buffer.from(bytes).toString()); // has the three bytes of U+FFFD at that index
  let at = 0;
  while (mended[at] === bytes[at]) at++;
  while ((mended[at] & 0xc0) === 0x80) at--;
  return at;
}
