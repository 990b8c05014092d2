// The files of a corpus that cannot be read as text, told all at once: which they are, and what leaves them out. Touches no file.
import path from 'node:path';
import { RnnError } from '../errors.ts';
import { shellWord } from '../shell-word.ts';
import { literalPattern } from './patterns.ts';
import type { InvalidFile } from './sources.ts';

/** Files that are named one by one; of more there is a count. */
const MAX_LISTED = 20;
/** Options that anybody would type, or paste. */
const MAX_PATTERNS = 20;
const SKIP = '--skip-invalid';

/** @param read the files that are text */
export function invalidFiles(invalid: readonly InvalidFile[], read: readonly string[]): RnnError {
  const [{ error }] = invalid;
  const ways = [...excludingAll(invalid, read), SKIP].join(' or ');
  if (invalid.length === 1) {
    if (read.length === 0) return error; // without it nothing is left
    return new RnnError('corpus', error.message, { hint: `${error.hint}; ${ways} leaves it out`, cause: error });
  }
  const total = invalid.length + read.length;
  const cases = invalid.slice(0, MAX_LISTED).map((file) => file.error.message);
  const message = `${count(invalid.length)} of ${count(total)} files cannot be read as text`;
  // Where all are invalid they are most likely in one encoding.
  const hint = read.length === 0 ? error.hint : `use ${ways} to leave them out`;
  return new RnnError('corpus', message, { hint, cause: error, cases: withRest(cases, invalid.length) });
}

/** That they were skipped, for the user. */
export function noteOnSkipped(invalid: readonly InvalidFile[]): string {
  const names = withRest(
    invalid.slice(0, MAX_LISTED).map((file) => file.path),
    invalid.length,
  );
  const [files, were] = invalid.length === 1 ? ['file', 'was'] : ['files', 'were'];
  return `${count(invalid.length)} ${files} that cannot be read as text ${were} skipped: ${names.join(', ')}`;
}

function withRest(listed: readonly string[], total: number): readonly string[] {
  return listed.length === total ? listed : [...listed, `and ${count(total - listed.length)} more`];
}

/** The options that leave these files out and no others; none where they would be too many, or some are named by the user. */
function excludingAll(invalid: readonly InvalidFile[], read: readonly string[]): readonly string[] {
  if (invalid.some(({ named }) => named)) return [];
  const extensions = new Set(read.map((file) => path.extname(file)));
  const names = namesOf(read);
  const patterns = new Set(
    invalid.map((file) => {
      const extension = path.extname(file.path);
      const isShared = extension !== '' && !extensions.has(extension) && invalid.some((other) => isAnother(other, file, extension));
      return isShared ? `*${literalPattern(extension)}` : literalPattern(ownEnd(file.path, read, names));
    }),
  );
  return patterns.size > MAX_PATTERNS ? [] : [[...patterns].map((pattern) => `--exclude ${shellWord(pattern)}`).join(' ')];
}

const isAnother = (other: InvalidFile, file: InvalidFile, extension: string): boolean =>
  other !== file && path.extname(other.path) === extension;

const namesOf = (files: readonly string[]): ReadonlySet<string> => new Set(files.map((file) => path.basename(file)));

/** The base name, with as many folders before it as it takes to match no file that is read. */
function ownEnd(file: string, read: readonly string[], names: ReadonlySet<string>): string {
  const parts = file.split(path.sep);
  let end = parts.pop()!;
  if (!names.has(end)) return end;
  while (parts.length > 0 && read.some((other) => other.endsWith(path.sep + end.replaceAll('/', path.sep)))) end = `${parts.pop()}/${end}`;
  return end;
}

const count = (value: number): string => value.toLocaleString('en');
