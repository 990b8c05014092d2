// Files that a user asks for. They are written completely or not at all. They never replace a file
// that the same command reads, and they replace a file that rnn did not write only if the user
// insists.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, appendFile, lstat, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { diskError, replaceFile, temporarySuffix } from './atomic.ts';
import { withCleanup } from './cleanup.ts';
import { RnnError, systemCode, machineError, usageError } from '../errors.ts';
import { joinPath } from './join-path.ts';
import { flagOf } from '../options/flags.ts';

export interface OutputRules {
  /** Replaces a file that rnn did not write. */
  readonly force?: boolean;
  /**
   * Whether a file that starts like this was written by rnn, in the same format. Without this, any
   * file needs `force`.
   */
  readonly isOurs?: ((start: string) => boolean) | undefined;
  /**
   * The files that the same command reads, `-` for standard input. Called only if there is a file
   * to replace.
   */
  readonly sources?: () => Promise<readonly string[]>;
  /** The hint of every error except those about an existing file or a source. */
  readonly hint?: string;
}

const START_BYTES = 4096;
const defaultHint = 'choose another file';

/**
 * Whether a path names a stream that is open already, such as /dev/stdout, or /dev/fd/63 for
 * `>(gzip)`. Such a stream is written to, not replaced.
 */
const isOpenStream = (path: string): boolean => /^\/dev\/(stdout|stderr|fd\/\d+)$/.test(path);

/**
 * Throws the errors that `writeOutput` would throw, before anything is computed for the file. Does
 * not change any file.
 *
 * @throws RnnError `usage` for an existing file that must not be replaced, `machine` for a file
 * that cannot be written
 */
export async function refuseOutput(path: string, rules: OutputRules = {}): Promise<void> {
  if (isOpenStream(path)) return;
  const isThere = await refuseToReplace(path, rules);
  const trial = temporaryBeside(path);
  try {
    if (isThere) await access(path, constants.W_OK);
    await (await open(trial, 'wx')).close();
  } catch (cause) {
    throw unwritable(path, cause, rules);
  } finally {
    await rm(trial, { force: true }).catch(() => {});
  }
}

/**
 * Writes a file for the user, under a temporary name in the same folder first.
 *
 * @returns its size in bytes
 * @throws RnnError `usage` for an existing file that must not be replaced, `machine` for a file
 * that cannot be written
 */
export async function writeOutput(
  path: string,
  pieces: Iterable<Uint8Array>,
  rules: OutputRules = {},
): Promise<number> {
  let size = 0;
  const counted = function* (): Generator<Uint8Array> {
    for (const piece of pieces) {
      size += piece.length;
      yield piece;
    }
  };
  try {
    if (isOpenStream(path)) {
      for (const piece of counted()) await appendFile(path, piece);
      return size;
    }
    await refuseToReplace(path, rules);
    // Check again when the file is complete, because writing a large file takes time.
    const refuseAgain = async (): Promise<void> => void (await refuseToReplace(path, rules));
    await replaceFile(path, counted(), refuseAgain, temporaryBeside(path));
    return size;
  } catch (cause) {
    throw unwritable(path, cause, rules);
  }
}

/**
 * The first of the files that is also one of `others`, under any name. Null if there is no such
 * file. A file that does not exist does not count.
 */
export async function firstSameFile(files: readonly string[], others: readonly string[]): Promise<string | null> {
  const otherIdentities = new Set(await Promise.all(others.map(identityOf)));
  const identities = await Promise.all(files.map(identityOf));
  return files.find((_, index) => identities[index] !== null && otherIdentities.has(identities[index])) ?? null;
}

/**
 * @returns whether there is a file to replace
 * @throws RnnError `usage` or `machine` if the existing file must not be replaced
 */
async function refuseToReplace(path: string, rules: OutputRules): Promise<boolean> {
  const status = await lstat(path).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return null;
    throw unwritable(path, cause, rules);
  });
  if (status === null ? /[/\\]$/.test(path) : !status.isFile())
    throw machineError(`cannot write ${path}: it is not a plain file`, rules.hint ?? defaultHint);
  if (status === null) return false;
  const sources = (await rules.sources?.()) ?? [];
  if ((await firstSameFile([path], sources)) !== null)
    throw usageError(
      `cannot write ${path}: this command reads it`,
      `name another file: ${flagOf('force')} does not replace this one`,
    );
  if (rules.force || rules.isOurs?.(await readStart(path, START_BYTES))) return true;
  throw usageError(
    `cannot write ${path}: the file already exists`,
    `replace it with ${flagOf('force')}, or name another file`,
  );
}

/** The first characters of a file. Empty if it cannot be read or is not a plain file. */
export const readStart = (path: string, bytes: number): Promise<string> => textAt(path, bytes, () => 0);

/** The last characters of a file. Empty as for `readStart`. */
export const readEnd = (path: string, bytes: number): Promise<string> =>
  textAt(path, bytes, (size) => Math.max(0, size - bytes));

async function textAt(path: string, bytes: number, positionIn: (size: number) => number): Promise<string> {
  try {
    // Opening a named pipe would wait for a writer. Windows has no such flag.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    return await withCleanup(
      async () => {
        const status = await file.stat();
        if (!status.isFile()) return '';
        const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, positionIn(status.size));
        return buffer.toString('utf8', 0, bytesRead);
      },
      () => file.close(),
    );
  } catch {
    return '';
  }
}

/** A short temporary name, so that it is valid wherever the name of the file is. */
const temporaryBeside = (path: string): string => joinPath(dirname(path), `.${randomUUID()}${temporarySuffix}`);

/**
 * The device and inode of the file that the path leads to, null if there is no file. `-` is the
 * file behind standard input.
 */
async function identityOf(path: string): Promise<string | null> {
  const status = await stat(path === '-' ? '/dev/stdin' : path, { bigint: true }).catch(() => null);
  return status === null ? null : `${status.dev} ${status.ino}`;
}

function unwritable(path: string, cause: unknown, { hint = defaultHint }: OutputRules): unknown {
  if (cause instanceof RnnError && systemCode(cause.cause) === '') return cause;
  return diskError(`cannot write ${path}`, cause instanceof RnnError ? cause.cause : cause, hint);
}
