// Finds the runs in a folder, and the run or the checkpoint file that the user means. Does not open
// files.
import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { RnnError, systemCode, checkpointError } from '../errors.ts';
import { joinPath } from '../files/join-path.ts';
import { bestFile, isRunFile, isRunFolder, latestFile, lockFile, previousFile, snapshotsIn } from './run-files.ts';
import { flagOf } from '../options/flags.ts';

/** The checkpoint files of a run folder, in the order of preference. */
const preferred = `${bestFile}, ${latestFile}, ${previousFile} or step-*.json`;
const MAX_NAMED = 5;

const isAbsent = (code: unknown): boolean => code === 'ENOENT' || code === 'ENOTDIR';

interface Listing {
  /** Run folders by name, or the folder itself if it is one. */
  readonly runs: readonly string[];
  /** Folders that cannot be read, so they may be runs. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
}

/** @throws RnnError `checkpoint` if there is no such folder */
export async function listRunFolders(folder: string): Promise<Listing> {
  const names = await namesInside(folder);
  if (isRunFolder(names)) return { runs: [folder], unreadable: [] };
  const runs: string[] = [];
  const unreadable: Listing['unreadable'][number][] = [];
  for (const name of names.toSorted()) {
    const path = joinPath(folder, name);
    try {
      if (isRunFolder(await readdir(path))) runs.push(path);
    } catch (error) {
      if (!isAbsent(systemCode(error)))
        unreadable.push({ path, reason: `cannot read ${path}: ${(error as Error).message}` });
    }
  }
  return { runs, unreadable };
}

/** @throws RnnError `checkpoint` if there is no such folder */
export const runsIn = async (folder: string): Promise<readonly string[]> => (await listRunFolders(folder)).runs;

/** The folders in a folder that hold runs, even if the folder itself holds none. */
export async function foldersOfRuns(folder: string): Promise<string[]> {
  const paths = (await namesInside(folder)).toSorted().map((name) => joinPath(folder, name));
  return filter(paths, async (path) => (await runsIn(path).catch(() => [])).length > 0);
}

/**
 * The run folders that the user means. A folder of runs means all runs in it, a file means its run,
 * and nothing means the newest run in `runs`.
 *
 * @throws RnnError `checkpoint` if there is no run, or the folder cannot be read
 */
export async function findRuns(given: readonly string[], runs = 'checkpoints'): Promise<string[]> {
  if (given.length > 0) return [...new Set((await Promise.all(given.map(runsMeant))).flat())];
  return (await runsNewestFirst(runs)).slice(0, 1);
}

async function runsMeant(given: string): Promise<readonly string[]> {
  const isFile = (await statusOf(given)) === 'file';
  const folder = isFile ? dirname(given) : given;
  if (isFile && !isRunFolder(await namesInside(folder)))
    throw refusal(`run not found: ${given} is not in a run folder`, 'name a run folder, or a file in a run folder');
  const found = await runsIn(folder);
  if (found.length > 0) return found;
  const inside = await foldersOfRuns(given);
  throw refusal(
    `run not found: ${given}`,
    inside.length > 0 ? `name a folder in it, such as ${listOfPaths(inside)}` : trainInto(given),
  );
}

/**
 * The path of a checkpoint file. A folder means the best checkpoint in it, and nothing means the
 * newest run in `runs`.
 *
 * @throws RnnError `checkpoint` that says where it looked
 */
export async function findCheckpoint(
  given: string | undefined,
  { runs = 'checkpoints' }: { readonly runs?: string } = {},
): Promise<string> {
  if (given === undefined) return inNewestRun(runs);
  const status = await statusOf(given);
  if (status === null)
    throw refusal(
      given === ''
        ? 'the name of the checkpoint is empty: expected a run folder or a file'
        : `checkpoint not found: ${given}`,
      toHaveOne,
    );
  // The caller opens anything except a folder, and can describe a problem better.
  if (status !== 'folder') return given;
  const found = await checkpointIn(given);
  if (found !== null) return found;
  const inside = await filter(await byAge(await runsIn(given)), hasCheckpoint);
  throw refusal(
    `checkpoint not found in ${given}: expected ${preferred}`,
    inside.length > 0 ? `name a run in it, such as ${listOfPaths(inside)}` : trainInto(given),
  );
}

/**
 * Never the checkpoint of an older run, because its text would be mistaken for the newest run's.
 */
async function inNewestRun(runs: string): Promise<string> {
  const [newest, ...older] = await runsNewestFirst(runs);
  const found = await checkpointIn(newest);
  if (found !== null) return found;
  const [other] = await filter(older, hasCheckpoint);
  throw refusal(
    `checkpoint not found in ${newest}, the newest run: expected ${preferred}`,
    `wait until the run has saved a checkpoint${other === undefined ? '' : `, or name another run, such as ${other}`}`,
  );
}

async function checkpointIn(folder: string): Promise<string | null> {
  const paths = [bestFile, latestFile, previousFile, ...(await snapshotsIn(folder))].map((file) =>
    joinPath(folder, file),
  );
  const [first] = await filter(paths, async (path) => (await statusOf(path)) !== null);
  return first ?? null;
}

const hasCheckpoint = async (folder: string): Promise<boolean> => (await checkpointIn(folder)) !== null;

/** @throws RnnError `checkpoint` if there is no run, or the folder cannot be read */
async function runsNewestFirst(folder: string): Promise<string[]> {
  const paths = await runsIn(folder).catch((error: unknown) => {
    if (error instanceof RnnError && systemCode(error.cause) === 'ENOENT') return [];
    throw error;
  });
  if (paths.length > 0) return byAge(paths);
  throw refusal(`checkpoint not found in ${folder}: expected ${preferred} in one of its folders`, toHaveOne);
}

/** The newest run first: the run whose files include the last one written. */
async function byAge(paths: readonly string[]): Promise<string[]> {
  const runs = await Promise.all(paths.map(async (path) => ({ path, changedMs: await lastChange(path) })));
  return runs.toSorted((a, b) => b.changedMs - a.changedMs).map(({ path }) => path);
}

async function lastChange(path: string): Promise<number> {
  const files = (await readdir(path).catch(() => [])).filter((file) => isRunFile(file) || file === lockFile);
  const times = await Promise.all(
    files.map(async (file) => (await stat(joinPath(path, file)).catch(() => null))?.mtimeMs ?? 0),
  );
  return Math.max(0, ...times);
}

/** Null if nothing has this path. */
async function statusOf(path: string): Promise<'file' | 'folder' | 'other' | null> {
  try {
    const status = await stat(path);
    if (status.isFile()) return 'file';
    return status.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    return isAbsent(systemCode(error)) ? null : 'other';
  }
}

async function namesInside(folder: string): Promise<string[]> {
  if (folder === '')
    throw refusal(
      'the name of the folder is empty: expected a folder of runs',
      'check the variable that it comes from',
    );
  try {
    return await readdir(folder);
  } catch (cause) {
    const why =
      { ENOENT: 'folder not found', ENOTDIR: 'it is not a folder' }[systemCode(cause)] ?? (cause as Error).message;
    throw refusal(
      `cannot look for runs in ${folder}: ${why}`,
      'name a folder that contains run folders, such as checkpoints',
      cause,
    );
  }
}

async function filter(paths: readonly string[], holds: (path: string) => Promise<boolean>): Promise<string[]> {
  const isKept = await Promise.all(paths.map(holds));
  return paths.filter((_, index) => isKept[index]);
}

const toHaveOne = 'name a run folder or a checkpoint file, or run rnn train <corpus> to train a model';
const listOfPaths = (paths: readonly string[]): string => paths.slice(0, MAX_NAMED).join(', ');
const trainInto = (folder: string): string => `run rnn train <corpus> ${flagOf('out')} ${folder} to train a model`;
const refusal = (message: string, hint: string, cause?: unknown): RnnError => checkpointError(message, hint, { cause });
