// The files of a run folder from outside: which there are, whether somebody has replaced them, and how they go. Opens none of them.
import { statSync } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';

import { RnnError, systemCode } from '../errors.ts';
import { pathIn } from '../path-in.ts';
import { isOfRun, isTemporary } from './names.ts';

/** The names of what a run writes, and of its temporary files. */
export const isOurs = (file: string): boolean => isOfRun(file) || isTemporary(file);

/**
 * The names in a folder; none where there is no such folder.
 *
 * @throws RnnError `machine` if the user may not see them
 */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (!['EACCES', 'EPERM'].includes(systemCode(cause))) return [];
    throw new RnnError('machine', `cannot look into ${folder}: you have no permission to read it`, {
      hint: 'check its permissions with ls -ld, or choose another folder with --out',
      cause,
    });
  }
}

/**
 * Nothing is removed before it is sure that everything can be replaced.
 *
 * @throws RnnError `usage` if a folder has the name of a file that a run writes
 */
export async function refuseFolders(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const folder = entries.find((entry) => entry.isDirectory() && isOurs(entry.name));
  if (folder === undefined) return;
  throw new RnnError('usage', `${pathIn(path, folder.name)} is a folder, and is to be a file of a run`, {
    hint: 'move it away, or choose another folder with --out',
  });
}

/** Removes a file if it is there. Not by rm, which reports another user's file in a shared folder as not a folder (Node 20). */
export async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
}

/** Differs whenever somebody has replaced one of the files. */
export function statesOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      try {
        const { ino, size, mtimeMs } = statSync(path);
        return `${ino} ${size} ${mtimeMs}`;
      } catch (error) {
        return systemCode(error);
      }
    })
    .join();
}
