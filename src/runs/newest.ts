// Which checkpoint of a run folder is the newest that can be read. Writes nothing.

import { readdir, stat } from 'node:fs/promises';

import { RnnError } from '../errors.ts';
import { pathIn } from '../path-in.ts';
import type { Checkpoint } from './checkpoint.ts';
import { bestFile, damagedFile, latestFile, previousFile, stepOfSnapshot } from './names.ts';
import { readCheckpoint } from './read.ts';

/** The newest state of a run that can be read. */
export interface Newest {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  /** Why it is not that of latest.json; null if it is. */
  readonly instead: string | null;
}

/**
 * The state to go on from: that of latest.json, or if that is damaged or missing, the one of the latest step among previous.json,
 * best.json and the snapshots.
 *
 * @throws RnnError `checkpoint` if none can be read, `machine` if one does not fit into memory
 */
export async function newestIn(folder: string): Promise<Newest> {
  const latest = pathIn(folder, latestFile);
  let trouble: RnnError | null = null;
  const read = async (path: string): Promise<Checkpoint | null> => {
    try {
      return (await exists(path)) ? await readCheckpoint(path) : null;
    } catch (error) {
      if (!(error instanceof RnnError) || error.kind !== 'checkpoint') throw error;
      trouble ??= error;
      return null;
    }
  };
  const checkpoint = await read(latest);
  if (checkpoint !== null) return { checkpoint, path: latest, instead: null };
  const instead = (trouble as RnnError | null)?.message ?? `${latest} is missing`;
  let newest: Newest | null = null;
  // At one step a snapshot is before best.json: it was a latest.json, which knows whether the run is over.
  for (const file of [previousFile, ...(await snapshotsIn(folder)), bestFile]) {
    if (newest !== null && (stepOfSnapshot(file) ?? Infinity) <= newest.checkpoint.training.step) continue;
    const path = pathIn(folder, file);
    const other = await read(path);
    if (other !== null && (newest === null || other.training.step > newest.checkpoint.training.step))
      newest = { checkpoint: other, path, instead };
  }
  if (newest !== null) return newest;
  throw new RnnError(
    'checkpoint',
    trouble === null
      ? `there is no checkpoint in ${folder}`
      : `the run in ${folder} cannot be continued: ${instead}, and no other checkpoint in it can be read`,
    {
      hint: 'put a copy of one of its checkpoints there if you have one; --force starts anew',
      cause: trouble,
    },
  );
}

/** A name that is free for one more. */
export async function freeDamagedName(folder: string): Promise<string> {
  for (let count = 1; ; count++) {
    const path = pathIn(folder, damagedFile(count));
    if (!(await exists(path))) return path;
  }
}

/** Newest first. */
export async function snapshotsIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => []);
  return files.filter((file) => stepOfSnapshot(file) !== null).toSorted((a, b) => stepOfSnapshot(b)! - stepOfSnapshot(a)!);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
