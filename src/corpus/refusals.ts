// Errors that explain why a file is not text, with options to read the file or to skip it. Does not
// touch the file system.
import { count, countOf } from '../count.ts';
import { RnnError, corpusError } from '../errors.ts';
import { HEAD_BYTES, type InvalidBytes, contextAsWindows1252 } from './encoding.ts';
import { UTF8 } from '../options/choices.ts';
import type { Tokens } from './store.ts';
import { flagOf } from '../options/flags.ts';

/** A file of a corpus. */
export interface TextFile {
  readonly path: string;
  /**
   * The user named this very file. Other files were found in a folder or by a pattern, and are
   * skipped if they are binary.
   */
  readonly isNamed: boolean;
}

/** A file or a folder that cannot be read as text, with the reason. */
export interface InvalidFile extends TextFile {
  readonly error: RnnError;
}

const NEWLINE = 0x0a;
/** A message lists at most this many files and counts the rest. */
const MAX_LISTED = 20;

/**
 * Returns why these bytes are not text, or null. Text may contain a few control characters, but not
 * a third.
 *
 * @param at the offset of the bytes in the file, or null if the file has another encoding
 */
export function binarySign(bytes: Uint8Array, isHead: boolean, at: number | null): string | null {
  const nul = bytes.indexOf(0);
  if (nul >= 0) return at === null ? 'a NUL character' : `a NUL byte at byte ${at + nul}`;
  if (!isHead) return null;
  const head = bytes.subarray(0, HEAD_BYTES);
  const controls = head.filter(
    (byte) => byte === 0x7f || (byte < 0x20 && (byte < 0x07 || byte > 0x0d) && byte !== 0x1b),
  );
  return controls.length * 3 > head.length ? 'most of it is control characters' : null;
}

/** The error for a file that cannot be read as text. */
export class NotTextError extends RnnError {
  constructor(message: string, hint: string | undefined, cause?: unknown) {
    super('corpus', message, { hint, cause });
  }
}

/** @param isNew the text is for a new model */
/** A hint to use a byte-level model. */
export const byteUnitHint = (isNew: boolean): string =>
  isNew
    ? `use ${flagOf('unit')} byte to train on any file`
    : `use a model trained with ${flagOf('unit')} byte, which reads any file`;
export const binaryFileError = (name: string, sign: string, isNew: boolean): NotTextError =>
  new NotTextError(`cannot read ${name} as text: it looks binary (${sign})`, byteUnitHint(isNew));

/** @param encoding `utf-16le` or `utf-16be` */
export const utf16FileError = (name: string, encoding: string): NotTextError =>
  new NotTextError(`${name} is UTF-16: expected UTF-8`, `use ${flagOf('encoding')} ${encoding}`);

export const utf32FileError = (name: string): NotTextError =>
  new NotTextError(`${name} is UTF-32: expected UTF-8`, 'convert it with iconv -f UTF-32 -t UTF-8');

/**
 * The error for a file that is not valid in its encoding.
 *
 * @param before the text of the file so far, as provisional ids
 * @param before the text before the bytes. Null if it is divided into records
 * @param invalid the bytes that are not UTF-8, or null for another encoding
 * @param isNew the text is for a new model
 */
export function invalidTextError(
  {
    name,
    encoding,
    isMarked,
    lineEnds,
  }: { name: string; encoding: string; isMarked: boolean; lineEnds: { changed: boolean } | null },
  before: Tokens | null,
  invalid: InvalidBytes | null,
  isNew: boolean,
): NotTextError {
  const wrong = invalid?.isCutOff ? 'ends within a character' : `is not ${encoding === UTF8 ? 'UTF-8' : encoding}`;
  const remedy = isMarked
    ? `correct the file, or remove its byte order mark and use ${flagOf('encoding')}`
    : remedyFor(encoding, invalid);
  const byte = placeOf(invalid, lineEnds?.changed ?? false);
  const place = before === null ? byte.trim() : `${lineAndColumnAfter(before)}${byte}`;
  return new NotTextError(`${name} ${wrong} at ${place}`, `${remedy}, or ${byteUnitHint(isNew)}`);
}

function lineAndColumnAfter(before: Tokens): string {
  let line = 1;
  for (const id of before) if (id === NEWLINE) line++;
  return `line ${line}, column ${before.length - before.lastIndexOf(NEWLINE)}`;
}

/**
 * @param isChanged line endings were converted, so offsets in the text differ from offsets in the
 * file
 */
function placeOf(invalid: InvalidBytes | null, isChanged: boolean): string {
  if (invalid === null) return '';
  const byte = `0x${invalid.bytes[invalid.index].toString(16).toUpperCase().padStart(2, '0')}`;
  return isChanged ? ` (${byte})` : ` (byte ${invalid.offset}, ${byte})`;
}

function remedyFor(encoding: string, invalid: InvalidBytes | null): string {
  if (encoding !== UTF8 || invalid === null) return `use ${flagOf('encoding')} to name the encoding of the file`;
  const guess = contextAsWindows1252(invalid.bytes, invalid.index);
  return guess === null
    ? `use ${flagOf('encoding')} to name the encoding of the file, such as windows-1251 or gb18030`
    : `use ${flagOf('encoding')} windows-1252 if this is correct: “${guess}”`;
}

/**
 * The error that lists all files of a corpus that cannot be read as text.
 *
 * @param read the number of files that are text
 */
export function invalidFilesError(invalid: readonly InvalidFile[], read: number): RnnError {
  const [{ error }] = invalid;
  if (invalid.length === 1) {
    if (read === 0) return error; // without this file nothing is left
    return new NotTextError(error.message, `${error.hint}, or use ${flagOf('skipInvalid')} to skip it`, error);
  }
  // If all files are invalid, they probably have the same encoding.
  const hint =
    read === 0 ? error.hint : `use ${flagOf('skipInvalid')} to skip them, or ${flagOf('exclude')} for some of them`;
  return corpusError(`cannot read ${count(invalid.length)} of ${count(invalid.length + read)} files as text`, hint, {
    cause: error,
    cases: listOf(invalid.map((file) => file.error.message)),
  });
}

/** A note that files were skipped. */
export function noteOnSkipped(invalid: readonly InvalidFile[]): string {
  const names = listOf(invalid.map((file) => file.path)).join(', ');
  return `skipped ${countOf(invalid.length, 'file', 'files')} that cannot be read as text: ${names}`;
}

const listOf = (all: readonly string[]): readonly string[] =>
  all.length <= MAX_LISTED ? all : [...all.slice(0, MAX_LISTED), `and ${count(all.length - MAX_LISTED)} more`];
