// The runs in a folder, and what each has on disk, at little cost: no weights are read. Writes nothing, and knows nothing of what options
// or losses mean.
import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { RnnError, systemCode } from '../errors.ts';
import { pathIn } from '../path-in.ts';
import { Lock } from './lock.ts';
import { type LogLine, lastLines } from './log.ts';
import { bestFile, isOfRun, isRunFolder, latestFile, lockFile, logFile, previousFile } from './names.ts';
import { snapshotsIn } from './newest.ts';
import { type Header, readHeader } from './read.ts';
import { ForeignCheckpoint } from './refusals.ts';

/** What a run folder holds. */
export interface RunFiles {
  /**
   * Of what the run would go on from: latest.json, or whatever else has the latest step; null where there is nothing, or nothing that can
   * be read.
   */
  readonly newest: Header | null;
  /** Of best.json. */
  readonly best: Header | null;
  /** The last lines of the log. */
  readonly log: readonly LogLine[];
  readonly isRunning: boolean;
  /** Why something of it could not be read; null if all could. */
  readonly trouble: string | null;
  /** Whether that is another program's: a newer rnn may read it. */
  readonly isForeign: boolean;
}

/**
 * The run folders in a folder by name, or the folder itself if it is one.
 *
 * @throws RnnError `checkpoint` if there is no such folder
 */
export async function runsIn(folder: string): Promise<string[]> {
  const names = await namesIn(folder);
  if (isRunFolder(names)) return [folder];
  const inside = await foldersIn(folder, names);
  return inside.filter((each) => isRunFolder(each.names)).map(({ path }) => path);
}

/**
 * The folders in a folder that cannot be read, each with the reason: they may be runs. None if the folder is a run itself.
 *
 * @throws RnnError `checkpoint` as `runsIn` does
 */
export async function unreadableIn(folder: string): Promise<{ readonly path: string; readonly reason: string }[]> {
  const names = await namesIn(folder);
  if (isRunFolder(names)) return [];
  const inside = await foldersIn(folder, names);
  return inside.flatMap(({ path, error }) => (error === null ? [] : [{ path, reason: `cannot read ${path}: ${error.message}` }]));
}

interface FolderInside {
  readonly path: string;
  readonly names: readonly string[];
  /** Why it cannot be read; null if it can, or is a file. */
  readonly error: Error | null;
}

async function foldersIn(folder: string, names: readonly string[]): Promise<FolderInside[]> {
  return Promise.all(
    names.toSorted().map(async (name) => {
      const path = pathIn(folder, name);
      try {
        return { path, names: await readdir(path), error: null };
      } catch (error) {
        const isNoFolder = ['ENOTDIR', 'ENOENT'].includes(systemCode(error));
        return { path, names: [], error: isNoFolder ? null : (error as Error) };
      }
    }),
  );
}

/** The folders in a folder that hold runs, though it holds none itself. */
export async function foldersOfRuns(folder: string): Promise<string[]> {
  const paths = (await namesIn(folder)).toSorted().map((name) => pathIn(folder, name));
  const found = await Promise.all(paths.map(async (path) => ((await runsIn(path).catch(() => [])).length > 0 ? [path] : [])));
  return found.flat();
}

/**
 * The run folders that are meant: a folder of runs stands for those in it, a file for the run that it belongs to, and nothing for the
 * newest run in `runs`.
 *
 * @throws RnnError `checkpoint` where there is none, or where nobody can look
 */
export async function findRuns(given: readonly string[], runs = 'checkpoints'): Promise<string[]> {
  if (given.length === 0) {
    const [newest] = await runsByAge(runs);
    if (newest !== undefined) return [newest];
    throw new RnnError('checkpoint', `there is no run in ./${runs}`, {
      hint: 'train a model with `rnn train <corpus>`, or name a run folder',
    });
  }
  const meant = await Promise.all(given.map(runsMeant));
  return [...new Set(meant.flat())];
}

/**
 * The runs in a folder, the newest first: the one of which any file was written last. By name where they are of one age.
 *
 * @throws RnnError `checkpoint` if the folder cannot be looked at; one that does not exist has no runs
 */
export async function runsByAge(folder: string): Promise<string[]> {
  const paths = await runsIn(folder).catch((error: unknown) => {
    if (error instanceof RnnError && systemCode(error.cause) === 'ENOENT') return [];
    throw error;
  });
  const runs = await Promise.all(paths.map(async (path) => ({ path, changedMs: await lastChange(path) })));
  return runs.toSorted((a, b) => b.changedMs - a.changedMs).map(({ path }) => path);
}

async function lastChange(path: string): Promise<number> {
  const files = (await readdir(path).catch(() => [])).filter((file) => isOfRun(file) || file === lockFile);
  const times = await Promise.all(files.map(async (file) => (await stat(pathIn(path, file)).catch(() => null))?.mtimeMs ?? 0));
  return Math.max(0, ...times);
}

async function runsMeant(given: string): Promise<string[]> {
  const isFile = await stat(given).then(
    (status) => status.isFile(),
    () => false,
  );
  if (isFile && !isRunFolder(await namesIn(dirname(given))))
    throw new RnnError('checkpoint', `${given} belongs to no run`, { hint: 'give a run folder, or a file in one' });
  const found = await runsIn(isFile ? dirname(given) : given);
  if (found.length > 0) return found;
  const inside = await foldersOfRuns(given);
  const hint =
    inside.length > 0
      ? `give one of the folders in it: ${inside.slice(0, 5).join(', ')}`
      : `train a model with \`rnn train <corpus> --out ${given}\``;
  throw new RnnError('checkpoint', `there is no run in ${given}`, { hint });
}

async function namesIn(folder: string): Promise<string[]> {
  if (folder === '')
    throw new RnnError('checkpoint', 'the name of the folder is empty', { hint: 'look at the variable that it comes from' });
  try {
    return await readdir(folder);
  } catch (cause) {
    const why = { ENOENT: 'there is no such folder', ENOTDIR: 'it is no folder' }[systemCode(cause)] ?? (cause as Error).message;
    throw new RnnError('checkpoint', `there are no runs in ${folder}: ${why}`, {
      hint: 'give a folder that has run folders in it, such as checkpoints',
      cause,
    });
  }
}

export async function lookInto(path: string): Promise<RunFiles> {
  const troubles: RnnError[] = [];
  const header = async (file: string): Promise<Header | null> => {
    try {
      return (await isThere(pathIn(path, file))) ? await readHeader(pathIn(path, file)) : null;
    } catch (error) {
      if (!(error instanceof RnnError)) throw error;
      troubles.push(error);
      return null;
    }
  };
  const [latest, best] = [await header(latestFile), await header(bestFile)];
  let newest = latest;
  if (newest === null) {
    const [snapshot] = await snapshotsIn(path);
    // At one step a snapshot is before best.json, as where a run goes on.
    const others = [await header(previousFile), snapshot === undefined ? null : await header(snapshot), best].filter(
      (other) => other !== null,
    );
    newest = others.toSorted((a, b) => b.training.step - a.training.step).at(0) ?? null;
  }
  const [trouble] = troubles;
  return {
    newest,
    best,
    log: lastLines(pathIn(path, logFile)),
    isRunning: isHeld(path),
    trouble: trouble?.message ?? null,
    isForeign: trouble instanceof ForeignCheckpoint,
  };
}

/** Whether a process trains in a run folder, as far as can be seen. */
export function isHeld(path: string): boolean {
  try {
    return Lock.isHeld(path);
  } catch {
    return false; // whoever wants to train there is told what is wrong with it
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => systemCode(error) !== 'ENOENT',
  );
}
