// The files of a run folder: their names, which of them exist, and how to remove them. Does not
// open them.
import { readdir, unlink } from 'node:fs/promises';

import { temporarySuffix } from '../files/atomic.ts';
import { systemCode, machineError, usageError } from '../errors.ts';
import { joinPath } from '../files/join-path.ts';
import { logFile } from './log-file.ts';
import { otherFolderHint } from '../options/flags.ts';

export const latestFile = 'latest.json';
export const previousFile = 'previous.json';
export const bestFile = 'best.json';
export const checkpointFiles: readonly string[] = [latestFile, previousFile, bestFile];
export const lockFile = 'lock.json';
/** The fingerprints of the records that the run was trained on. */
export const recordsFile = 'records.bin';

/** A latest.json that could not be read. */
export const damagedFile = (count: number): string => `${latestFile}.damaged${count === 1 ? '' : `-${count}`}`;
const damagedName = /^latest\.json\.damaged(-\d+)?$/;

export const snapshotFile = (step: number): string => `step-${String(step).padStart(9, '0')}.json`;

/** The step in the name of a snapshot. Null for any other file. */
export function stepOfSnapshot(file: string): number | null {
  const [, step] = /^step-(\d+)\.json$/.exec(file) ?? [];
  return step === undefined ? null : Number(step);
}

export const isCheckpoint = (file: string): boolean => stepOfSnapshot(file) !== null || checkpointFiles.includes(file);

/** A file that is being written, or that a killed process left. */
export function isTemporary(file: string): boolean {
  const [of] = /^.*?\.(jsonl?|bin)(?=\.)/.exec(file) ?? [];
  if (of === undefined || !file.endsWith(temporarySuffix)) return false;
  return [logFile, lockFile, recordsFile].includes(of) || isCheckpoint(of);
}

/** A file that a run writes, or the temporary file of one. The lock itself is not included. */
export const isRunFile = (file: string): boolean =>
  file === logFile || file === recordsFile || damagedName.test(file) || isCheckpoint(file) || isTemporary(file);

/** A run that has just begun has only its lock. */
export const isRunFolder = (files: readonly string[]): boolean =>
  files.some((file) => isCheckpoint(file) || file === logFile || file === lockFile);

/** Newest first. Empty if the folder cannot be read. */
export async function snapshotsIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => []);
  return files
    .filter((file) => stepOfSnapshot(file) !== null)
    .toSorted((a, b) => stepOfSnapshot(b)! - stepOfSnapshot(a)!);
}

/**
 * The names in a folder. Empty if the folder does not exist or cannot be read for another reason
 * than missing permission.
 *
 * @throws RnnError `machine` if the user has no permission to see them
 */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (!['EACCES', 'EPERM'].includes(systemCode(cause))) return [];
    throw machineError(
      `cannot read the folder ${folder}: permission denied`,
      `check its permissions with ls -ld, or ${otherFolderHint}`,
      { cause },
    );
  }
}

/**
 * Refuses folders in the way, so that nothing is removed before it is certain that everything can
 * be replaced.
 *
 * @throws RnnError `usage` if a folder has the name of a file that a run writes
 */
export async function refuseFolders(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const folder = entries.find((entry) => entry.isDirectory() && isRunFile(entry.name));
  if (folder === undefined) return;
  throw usageError(
    `cannot write ${joinPath(path, folder.name)}, a file of the run: it is a folder`,
    `move that folder away, or ${otherFolderHint}`,
  );
}

/**
 * Removes a file if it exists. Uses unlink instead of rm, which reports another user's file in a
 * shared folder as not a folder (Node 20).
 */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
}
