// Makes folders, and describes why a path cannot be a folder.
import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { systemCode, usageError } from '../errors.ts';
import { diskError } from '../files/atomic.ts';
import { otherFolderHint } from '../options/flags.ts';

/** Why a path cannot be a folder, by the system's error. */
const reasonsByCode: Readonly<Record<string, string>> = {
  EEXIST: 'a part of the path is a file',
  ENOTDIR: 'a part of the path is a file',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'a name in it is longer than the file system allows',
};

/**
 * Makes a folder and its parents one by one. In Node 20, mkdir with `recursive` never ends if the
 * system reports ENOENT although the parent exists, as for /proc/run
 * (github.com/nodejs/node/issues/31177 is that loop on Windows).
 *
 * @throws the system's error for the first folder that cannot be made
 */
export async function makeFolders(path: string): Promise<void> {
  if (await isFolder(path)) return;
  if (dirname(path) !== path) await makeFolders(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    // Another process may have made it, and a/.. exists because a does.
    if (!(await isFolder(path))) throw error;
  }
}

/**
 * Throws if a folder cannot be made or written to, as far as rnn can check without writing.
 *
 * @throws the system's error
 */
export async function refuseUnwritableFolder(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return refuseUnwritableFolder(dirname(path));
  }
  await access(`${path}/.`, constants.W_OK | constants.X_OK); // for a file, the system reports that it is not a folder
}

/**
 * The system's error as an RnnError. Errors that did not come from the system are returned
 * unchanged.
 *
 * @param kindOfFolder such as `run folder`
 */
export function folderError(kindOfFolder: string, path: string, cause: unknown): unknown {
  const code = systemCode(cause);
  if (Object.hasOwn(reasonsByCode, code))
    return usageError(`cannot use ${path} as a ${kindOfFolder}: ${reasonsByCode[code]}`, otherFolderHint, { cause });
  return diskError(`cannot make the ${kindOfFolder} ${path}`, cause);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
