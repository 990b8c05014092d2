// Reads a run folder: its newest readable state, or only the parts that a list of runs shows.
// Writes nothing.
import { RnnError, systemCode, checkpointError } from '../errors.ts';
import { joinPath } from '../files/join-path.ts';
import type { Checkpoint } from './checkpoint.ts';
import { isHeld } from './lock.ts';
import { type LogLine, lastLines } from './log.ts';
import { type Header, readCheckpoint, readHeader } from './read.ts';
import { ForeignCheckpoint } from './refusals.ts';
import { bestFile, latestFile, previousFile, snapshotsIn, stepOfSnapshot } from './run-files.ts';
import { logFile } from './log-file.ts';
import { flagOf } from '../options/flags.ts';

/** The newest state of a run that can be read. */
export interface NewestState {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  /** Why it is not the state in latest.json. Null if it is. */
  readonly reason: string | null;
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
  readonly problem: string | null;
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
export async function findNewestState(folder: string): Promise<NewestState> {
  const errors: RnnError[] = [];
  let reason = '';
  const newest = await newestState(folder, async (path) => {
    const state = await readIfPossible(path, (file) => readCheckpoint(file), errors);
    reason ||= errors[0]?.message ?? `${path} is missing`; // latest.json comes first
    if (errors.at(-1)?.kind === 'machine') throw errors.at(-1)!;
    return state;
  });
  if (newest !== null) {
    const { state, path } = newest;
    return { checkpoint: state, path, reason: path === joinPath(folder, latestFile) ? null : reason };
  }
  const [error] = errors;
  throw checkpointError(
    error === undefined
      ? `checkpoint not found: ${folder}`
      : `cannot continue the run in ${folder}: ${reason}, and no other checkpoint in it can be read`,
    `put a copy of one of its checkpoints there if you have one, or use ${flagOf('force')} to start again`,
    { cause: error },
  );
}

export async function readRunFiles(folder: string): Promise<RunFiles> {
  const errors: RnnError[] = [];
  const read = (path: string): Promise<Header | null> => readIfPossible(path, readHeader, errors);
  const newest = await newestState(folder, read);
  const best = await read(joinPath(folder, bestFile));
  const [error] = errors;
  return {
    newest: newest?.state ?? null,
    best,
    log: await lastLines(joinPath(folder, logFile)),
    isRunning: isHeld(folder),
    problem: error?.message ?? null,
    isForeign: error instanceof ForeignCheckpoint,
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
    const newestStep = newest?.state.training.step ?? -1;
    if ((stepOfSnapshot(file) ?? Infinity) <= newestStep) continue;
    const path = joinPath(folder, file);
    const state = await read(path);
    if (state !== null && state.training.step > newestStep) newest = { state, path };
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
  errors: RnnError[],
): Promise<State | null> {
  try {
    return await read(path);
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    if (systemCode(error.cause) !== 'ENOENT') errors.push(error);
    return null;
  }
}
