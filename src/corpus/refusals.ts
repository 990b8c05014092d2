// Why the bytes of a file are no text, for the user to read, with what would read them. Touches no file.
import { RnnError } from '../errors.ts';
import { HEAD_BYTES, asWindows1252 } from './encoding.ts';
import type { Tokens } from './store.ts';

const NEWLINE = 0x0a;

/** A file as messages call it. */
export interface NamedFile {
  readonly name: string;
  /** The user named this very file; of others, those that look like binary files are skipped. */
  readonly named: boolean;
}

/**
 * Why these bytes are no text, or null. Text may hold a few control characters; a third is too many.
 *
 * @param at where they are in the file; null if it was in another encoding
 */
export function binarySign(bytes: Uint8Array, isHead: boolean, at: number | null): string | null {
  const nul = bytes.indexOf(0);
  if (nul >= 0) return at === null ? 'a NUL character' : `a NUL byte at byte ${at + nul}`;
  if (!isHead) return null;
  const head = bytes.subarray(0, HEAD_BYTES);
  const controls = head.reduce(
    (count, byte) => count + (byte === 0x7f || (byte < 0x20 && (byte < 0x07 || byte > 0x0d) && byte !== 0x1b) ? 1 : 0),
    0,
  );
  return controls * 3 > head.length ? 'most of it is control characters' : null;
}

const byBytes = 'a model made by rnn train --unit byte reads any file';
export const binaryFile = (file: NamedFile, sign: string): RnnError =>
  new RnnError('corpus', `${file.name} looks like a binary file: ${sign}`, { hint: byBytes });

/** @param encoding `utf-16le` or `utf-16be` */
export const utf16File = (file: NamedFile, encoding: string): RnnError =>
  new RnnError('corpus', `${file.name} is UTF-16, expected UTF-8`, { hint: `use --encoding ${encoding}` });

export const utf32File = (file: NamedFile): RnnError =>
  new RnnError('corpus', `${file.name} is UTF-32, expected UTF-8`, {
    hint: 'convert it with iconv -f UTF-32 -t UTF-8',
  });

/** The error for a file of which another program cut off a part that was not read yet. */
export const shortenedFile = (file: string): RnnError =>
  new RnnError('corpus', `cannot read ${file}: it became shorter while it was read`, {
    hint: 'wait until the program that writes it is done, or read a copy',
  });

interface WrongPlace {
  readonly encoding: string;
  /** A byte order mark says so. */
  readonly isMarked: boolean;
  /** The text of the file so far, as provisional ids. */
  readonly before: Tokens;
  /** The bytes of UTF-8 that do not belong to a character start at `index` of `bytes`, and at `at` of the file, as far as that is known. */
  readonly bytes?: Uint8Array;
  readonly index?: number;
  readonly at?: number | null;
  readonly isCutOff?: boolean;
}

/** The error for a file that is not of its encoding. */
export function invalidText(
  file: NamedFile,
  { encoding, isMarked, before, bytes, index = -1, at = null, isCutOff = false }: WrongPlace,
): RnnError {
  const byte = bytes?.[index];
  const place = [at === null ? '' : `byte ${at}`, byte === undefined ? '' : `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`]
    .filter((text) => text !== '')
    .join(', ');
  let line = 1;
  for (const id of before) if (id === NEWLINE) line++;
  const column = before.length - before.lastIndexOf(NEWLINE);
  const what = isCutOff ? 'ends within a character' : `is not ${encoding === 'utf-8' ? 'UTF-8' : encoding}`;
  return new RnnError('corpus', `${file.name} ${what} at line ${line}, column ${column}${place === '' ? '' : ` (${place})`}`, {
    hint: `${isMarked ? 'mend the file, or remove its byte order mark and use --encoding' : remedy(bytes, index, encoding)}; ${byBytes}`,
  });
}

function remedy(bytes: Uint8Array | undefined, index: number, encoding: string): string {
  if (encoding !== 'utf-8') return 'use --encoding with the encoding that it has';
  const guess = bytes?.[index] === undefined ? null : asWindows1252(bytes, index);
  return guess === null
    ? 'use --encoding with the encoding that it has, such as windows-1251 or gb18030'
    : `use --encoding windows-1252 if this reads well: ${guess}`;
}
