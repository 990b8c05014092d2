// Atomic replacement of files, and the messages for a disk that fails. Knows nothing about the
// contents of the files.

import { copyFile, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { withCleanup } from './cleanup.ts';
import { RnnError, systemCode, machineError } from '../errors.ts';
import { joinPath } from './join-path.ts';
import { flagOf, otherFolderHint } from '../options/flags.ts';

/**
 * The suffix of files that are being written. Files that a killed process left behind are
 * recognised by it.
 */
export const temporarySuffix = '.tmp';
let counter = 0;

/**
 * Writes `pieces` to a temporary file next to `path`, flushes it to disk and renames it to `path`.
 * On failure the temporary file is removed and `path` is unchanged.
 *
 * @throws RnnError `machine` that says which step failed
 */
export async function replaceFile(
  path: string,
  pieces: Iterable<Uint8Array>,
  beforeRename?: () => Promise<void>,
  temporary = joinPath(dirname(path), `${basename(path)}.${process.pid}-${counter++}${temporarySuffix}`),
): Promise<void> {
  try {
    const file = await open(temporary, 'wx');
    const write = async (): Promise<void> => {
      for (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    };
    await withCleanup(write, () => file.close());
    await beforeRename?.();
    await renameOnto(temporary, path);
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw diskError(`cannot write ${path}`, error);
  }
}

/**
 * Gives a file that will not change a second name in its folder, and replaces any file of that
 * name. Where the file system does not support links, the second name is a copy. On failure a file
 * of that name is unchanged.
 *
 * @throws RnnError `machine` that says which step failed
 */
export async function linkAs(path: string, second: string): Promise<void> {
  const temporary = `${second}.${process.pid}-${counter++}${temporarySuffix}`;
  try {
    await link(path, temporary).catch(() => copy(path, temporary));
    await renameOnto(temporary, second);
    await flushFolder(dirname(second));
  } catch (error) {
    throw diskError(`cannot write ${second}`, error);
  } finally {
    // Also after success: renaming one name of a file to another name of the same file does nothing
    // and leaves both.
    await rm(temporary, { force: true }).catch(() => {});
  }
}

async function copy(path: string, to: string): Promise<void> {
  await copyFile(path, to);
  const file = await open(to, 'r+');
  await withCleanup(
    () => file.sync(),
    () => file.close(),
  );
}

/**
 * The error codes of Windows for a file that another program has open, such as a virus scanner or
 * an indexer shortly after the file was written.
 */
const inUseForNow = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** The number of retries, and the pause between them: two seconds in all. */
const RENAME_TRIES = 40;
const RENAME_PAUSE_MS = 50;

/**
 * Renames a file onto another file, which it replaces.
 * @param tries how often to retry if the file is in use. Only Windows reports files in use
 */
export async function renameOnto(
  from: string,
  to: string,
  tries = process.platform === 'win32' ? RENAME_TRIES : 0,
): Promise<void> {
  for (let left = tries; ; left--) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (left === 0 || !inUseForNow.has(systemCode(error))) throw error;
      await setTimeout(RENAME_PAUSE_MS);
    }
  }
}

/**
 * Makes renames in a folder survive a power cut, where the platform can open a folder. Windows
 * cannot, and does not need it.
 */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => null);
  if (folder === null) return;
  try {
    await folder.sync();
  } catch (error) {
    // Some network and FUSE file systems do not support this call. A disk that fails reports EIO.
    if (systemCode(error) === 'EIO') throw error;
  } finally {
    await folder.close().catch(() => {});
  }
}

/**
 * Converts a system error to an RnnError. Errors that did not come from the system are returned
 * unchanged.
 *
 * @param remedy the hint. The default is a hint for a run folder
 */
export function diskError(problem: string, error: unknown, remedy?: string): unknown {
  const code = systemCode(error);
  if (error instanceof RnnError || code === '') return error;
  const [reason, hint] = reasonOf(error as NodeJS.ErrnoException & { readonly dest?: string }, code);
  return machineError(`${problem}: ${reason}`, remedy ?? hint, { cause: error });
}

function reasonOf(
  { path, dest = path }: { readonly path?: string; readonly dest?: string },
  code: string,
): readonly [string, string] {
  if (code === 'EISDIR' && dest !== undefined) return [`${dest} is a folder`, `move it away, or ${otherFolderHint}`];
  if (Object.hasOwn(reasons, code)) return reasons[code];
  return [`the system reports ${code}`, 'check the disk, and try again'];
}

const permission = [
  'you have no permission to write there',
  `check the permissions of the folder, or choose another with ${flagOf('out')}`,
] as const;
const full = ['the disk is full', `free some space, or choose a folder on another disk with ${flagOf('out')}`] as const;
const fileInPlace = ['a file has the name of the folder', `move the file away, or ${otherFolderHint}`] as const;
const gone = [
  'the folder does not exist',
  `check whether it was removed or its disk unmounted, or choose a folder with ${flagOf('out')}`,
] as const;
const reasons: Readonly<Record<string, readonly [string, string]>> = {
  EACCES: permission,
  EPERM: permission,
  EROFS: ['the disk is read-only', `choose a folder on another disk with ${flagOf('out')}`],
  ENOSPC: full,
  EDQUOT: ['your quota on the disk is used up', full[1]],
  EFBIG: [
    'the limit on the size of files is reached',
    `raise ulimit -f, or choose a folder on another disk with ${flagOf('out')}`,
  ],
  ENOENT: gone,
  ENOTDIR: fileInPlace,
  EEXIST: fileInPlace,
  ENAMETOOLONG: ['a name in it is longer than the file system allows', `choose a shorter one with ${flagOf('out')}`],
};
