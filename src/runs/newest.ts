// Reads a run folder: its newest readable state, or only the parts that a list of runs shows.
// Writes nothing.
import { RnnError, systemCode, checkpointError } from '../errors.ts';
import { pathIn } from '../files/path-in.ts';
import type { Checkpoint } from './checkpoint.ts';
import { isHeld } from './lock.ts';
import { type LogLine, lastLines } from './log.ts';
import { type Header, readCheckpoint, readHeader } from './read.ts';
import { ForeignCheckpoint } from './refusals.ts';
import { bestFile, latestFile, previousFile, snapshotsIn, stepOfSnapshot } from './run-files.ts';
import { logFile } from './log-file.ts';
import { flagOf } from '../options/flags.ts';

/** The newest state of a run that can be read. */
export interface Newest {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  /** Why it is not the state in latest.json. Null if it is. */
  readonly instead: string | null;
}

/** The contents of a run folder without any weights, which takes little time. */
export interface RunFiles {
  /** Of the state from which the run would continue. Null if no state can be read. */
  readonly newest: Header | null;
  /** Of best.json. */
  readonly best: Header | null;
  /** The last lines of the log. */
  readonly log: readonly LogLine[];
  readonly isRunning: boolean;
  /** Why a part of it could not be read. Null if all could. */
  readonly trouble: string | null;
  /** Whether the trouble is a checkpoint of another program, such as a newer rnn. */
  readonly isForeign: boolean;
}

/**
 * The state from which a run continues: latest.json, or if that is damaged or missing, the state of
 * the latest step among previous.json, best.json and the snapshots.
 *
 * @throws RnnError `checkpoint` if no state can be read, `machine` if a state does not fit into
 * memory
 */
export async function newestIn(folder: string): Promise<Newest> {
  const troubles: RnnError[] = [];
  let instead = '';
  const newest = await newestState(folder, async (path) => {
    const state = await readIfPossible(path, (file) => readCheckpoint(file), troubles);
    instead ||= troubles[0]?.message ?? `${path} is missing`; // latest.json comes first
    if (troubles.at(-1)?.kind === 'machine') throw troubles.at(-1)!;
    return state;
  });
  if (newest !== null) {
    const { state, path } = newest;
    return { checkpoint: state, path, instead: path === pathIn(folder, latestFile) ? null : instead };
  }
  const [trouble] = troubles;
  throw checkpointError(
    trouble === undefined
      ? `checkpoint not found: ${folder}`
      : `cannot continue the run in ${folder}: ${instead}, and no other checkpoint in it can be read`,
    `put a copy of one of its checkpoints there if you have one, or use ${flagOf('force')} to start again`,
    { cause: trouble },
  );
}

export async function lookInto(folder: string): Promise<RunFiles> {
  const troubles: RnnError[] = [];
  const read = (path: string): Promise<Header | null> => readIfPossible(path, readHeader, troubles);
  const newest = await newestState(folder, read);
  const best = await read(pathIn(folder, bestFile));
  const [trouble] = troubles;
  return {
    newest: newest?.state ?? null,
    best,
    log: await lastLines(pathIn(folder, logFile)),
    isRunning: isHeld(folder),
    trouble: trouble?.message ?? null,
    isForeign: trouble instanceof ForeignCheckpoint,
  };
}

/** @param read returns null for a file that is missing or cannot be read */
async function newestState<State extends Header>(
  folder: string,
  read: (path: string) => Promise<State | null>,
): Promise<{ readonly state: State; readonly path: string } | null> {
  let newest: { readonly state: State; readonly path: string } | null = null;
  // At the same step a snapshot has precedence over best.json: it was a latest.json, which records
  // whether the run is over.
  for (const file of [latestFile, previousFile, ...(await snapshotsIn(folder)), bestFile]) {
    const known = newest?.state.training.step ?? -1;
    if ((stepOfSnapshot(file) ?? Infinity) <= known) continue;
    const path = pathIn(folder, file);
    const state = await read(path);
    if (state !== null && state.training.step > known) newest = { state, path };
    if (newest !== null && file === latestFile) break;
  }
  return newest;
}

/**
 * Null for a file that is missing or cannot be read. The error of a file that cannot be read is
 * added to the troubles.
 */
async function readIfPossible<State>(
  path: string,
  read: (path: string) => Promise<State>,
  troubles: RnnError[],
): Promise<State | null> {
  try {
    return await read(path);
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    if (systemCode(error.cause) !== 'ENOENT') troubles.push(error);
    return null;
  }
}
