// Files that are replaced whole or not at all, and the words for a disk that fails. Knows nothing
// of what is in the files.

import { copyFile, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { withCleanup } from './cleanup.ts';
import { RnnError, systemCode, machineError } from '../errors.ts';
import { pathIn } from './path-in.ts';
import { flagOf, otherFolder } from '../options/flags.ts';

/**
 * Ends the names of files that are being written; what a killed process left behind is recognised
 * by it.
 */
export const temporarySuffix = '.tmp';
let counter = 0;

/**
 * Writes `pieces` under a temporary name beside `path`, flushes them to disk and renames the file
 * to `path`. On failure the temporary file is removed and `path` is as it was.
 *
 * @throws RnnError `machine` that says what failed
 */
export async function replaceFile(
  path: string,
  pieces: Iterable<Uint8Array>,
  beforeRename?: () => Promise<void>,
  temporary = pathIn(dirname(path), `${basename(path)}.${process.pid}-${counter++}${temporarySuffix}`),
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
    throw diskError(`${path} could not be written`, error);
  }
}

/**
 * Gives a file that will not change a second name in its folder, in the place of what has that
 * name; where the file system knows no links, a copy of it gets the name. On failure what had the
 * name is as it was.
 *
 * @throws RnnError `machine` that says what failed
 */
export async function nameAgain(path: string, second: string): Promise<void> {
  const temporary = `${second}.${process.pid}-${counter++}${temporarySuffix}`;
  try {
    await link(path, temporary).catch(() => copy(path, temporary));
    await renameOnto(temporary, second);
    await flushFolder(dirname(second));
  } catch (error) {
    throw diskError(`${second} could not be written`, error);
  } finally {
    // Also after success: renaming between two names of one file does nothing, and leaves both.
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
 * What Windows says of a file that another program has open: one that looks for viruses or makes an
 * index, for a moment after it was written.
 */
const inUseForNow = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** How often it is asked again, and after how long: two seconds in all. */
const RENAME_TRIES = 40;
const RENAME_PAUSE_MS = 50;

/**
 * Gives a file the name of another one, in its place.
 * @param tries how often a refusal that may pass is met by trying again: on Windows alone,
 * elsewhere it does not pass
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
 * Makes renames in a folder survive a power cut, where the platform can open a folder (Windows
 * cannot, and needs no help).
 */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => null);
  if (folder === null) return;
  try {
    await folder.sync();
  } catch (error) {
    // Some network and FUSE file systems have no such call; a disk that fails says EIO.
    if (systemCode(error) === 'EIO') throw error;
  } finally {
    await folder.close().catch(() => {});
  }
}

/**
 * The system's error as one of ours; errors that did not come from the system are returned as they
 * are.
 *
 * @param remedy the hint, in the place of one for a run folder
 */
export function diskError(what: string, error: unknown, remedy?: string): unknown {
  const code = systemCode(error);
  if (error instanceof RnnError || code === '') return error;
  const [reason, hint] = reasonOf(error as NodeJS.ErrnoException & { readonly dest?: string }, code);
  return machineError(`${what}: ${reason}`, remedy ?? hint, { cause: error });
}

function reasonOf(
  { path, dest = path }: { readonly path?: string; readonly dest?: string },
  code: string,
): readonly [string, string] {
  if (code === 'EISDIR' && dest !== undefined) return [`${dest} is a folder`, `move it away, or ${otherFolder}`];
  if (Object.hasOwn(reasons, code)) return reasons[code];
  return [`the system says ${code}`, 'look for trouble with the disk, and try again'];
}

const permission = [
  'you have no permission to write there',
  `check the permissions of the folder, or choose another with ${flagOf('out')}`,
] as const;
const full = ['the disk is full', `make room, or choose a folder on another disk with ${flagOf('out')}`] as const;
const fileInPlace = ['there is a file in the place of the folder', `move the file away, or ${otherFolder}`] as const;
const gone = [
  'the folder is not there',
  `it was removed or a disk was unmounted; choose a folder with ${flagOf('out')}`,
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
