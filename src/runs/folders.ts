// Making folders, and the words for what is in the way.
import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { systemCode, usageError } from '../errors.ts';
import { diskError } from '../files/atomic.ts';
import { otherFolder } from '../options/flags.ts';

/** Why a path cannot be a folder, by the system's error. */
const noFolder: Readonly<Record<string, string>> = {
  EEXIST: 'there is a file of that name on the way',
  ENOTDIR: 'there is a file of that name on the way',
  ELOOP: 'symbolic links on the way lead in a circle',
  ENAMETOOLONG: 'a name in it is longer than the file system allows',
};

/**
 * Makes a folder and its parents one by one: in Node 20, mkdir with `recursive` never ends if the
 * system says ENOENT although the parent is there, as it does for /proc/run
 * (github.com/nodejs/node/issues/31177 is that loop on Windows).
 *
 * @throws the system's error for the first that cannot be made
 */
export async function makeFolders(path: string): Promise<void> {
  if (await isFolder(path)) return;
  if (dirname(path) !== path) await makeFolders(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    // Another process may have made it meanwhile, and a/.. is there since a is.
    if (!(await isFolder(path))) throw error;
  }
}

/**
 * Refuses a folder that cannot be made or written to, as far as that can be seen without writing.
 *
 * @throws the system's error
 */
export async function refuseUnmakable(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return refuseUnmakable(dirname(path));
  }
  await access(`${path}/.`, constants.W_OK | constants.X_OK); // for a file, the system reports that it is not a folder
}

/**
 * The system's error as one of ours; errors that did not come from the system are returned as they
 * are. @param what such as `run folder`
 */
export function notMade(what: string, path: string, cause: unknown): unknown {
  const code = systemCode(cause);
  if (Object.hasOwn(noFolder, code))
    return usageError(`${path} cannot be a ${what}: ${noFolder[code]}`, otherFolder, { cause });
  return diskError(`the ${what} ${path} could not be made`, cause);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
