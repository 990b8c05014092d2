// One folder per run: latest.json, previous.json (the checkpoint before it), best.json (lowest
// validation loss), numbered snapshots, log.jsonl, and a lock while a process trains. This module
// decides which file is replaced, and when. It does not interpret checkpoints.

import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';

import { RnnError, usageError } from '../errors.ts';
import { joinPath } from '../files/join-path.ts';
import { firstSameFile, readStart } from '../files/output-file.ts';
import { diskError, linkAs, renameOnto } from '../files/atomic.ts';
import { logFile } from './log-file.ts';
import type { Checkpoint } from './checkpoint.ts';
import { makeFolders, folderError, refuseUnwritableFolder } from './folders.ts';
import { Lock } from './lock.ts';
import { appendLine, truncateLog, logStart } from './log.ts';
import { type NewestState, findNewestState } from './newest.ts';
import {
  bestFile,
  checkpointFiles,
  damagedFile,
  isCheckpoint,
  isRunFile,
  isTemporary,
  latestFile,
  lockFile,
  listFolder,
  previousFile,
  refuseFolders,
  removeFile,
  snapshotFile,
  snapshotsIn,
  stepOfSnapshot,
} from './run-files.ts';
import { writeCheckpoint } from './write.ts';
import { flagOf, otherFolderHint } from '../options/flags.ts';

/** The name of the folder in messages. */
const kindOfFolder = 'run folder';

/** A run folder that no other process may write until it is closed. */
export class RunFolder {
  readonly path: string;
  readonly latestPath: string;
  readonly previousPath: string;
  readonly bestPath: string;
  readonly logPath: string;
  readonly #lock: Lock;
  /**
   * Whether latest.json is readable: `readNewestState` read it, or `saveLatest` has written it
   * since.
   */
  isLatestReadable = true;
  /** latest.json is a timed save. previous.json is the last regular save before it. */
  #isTimedSave = false;

  private constructor(path: string, lock: Lock) {
    this.path = path;
    this.latestPath = joinPath(path, latestFile);
    this.previousPath = joinPath(path, previousFile);
    this.bestPath = joinPath(path, bestFile);
    this.logPath = joinPath(path, logFile);
    this.#lock = lock;
  }

  /**
   * Whether the folder holds a checkpoint. A log alone is not enough to continue.
   *
   * @throws RnnError `machine` if the user has no permission to see the contents of the folder
   */
  static async holdsRun(path: string): Promise<boolean> {
    return (await listFolder(path)).some(isCheckpoint);
  }

  /**
   * Refuses the same folders as `create`, but writes nothing.
   *
   * @throws RnnError `busy` if another process trains in the folder. `usage` if the path cannot be a
   * folder, if a folder has the name of a run file, or if the folder holds a run or a log.jsonl that
   * rnn did not write and `force` was not given. `machine` if rnn has no permission to list or write
   * the folder
   */
  static async refuseIfTaken(path: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    try {
      Lock.refuseIfHeld(path);
      await RunFolder.#refuseFiles(path, force);
      await refuseUnwritableFolder(path);
    } catch (cause) {
      throw folderError(kindOfFolder, path, cause);
    }
  }

  static async #refuseFiles(path: string, force: boolean): Promise<void> {
    if (!force && (await RunFolder.holdsRun(path)))
      throw usageError(
        `cannot train in ${path}: the folder already holds a run`,
        `continue it with ${flagOf('resume')}, replace it with ${flagOf('force')}, or ${otherFolderHint}`,
      );
    await refuseFolders(path);
    const log = joinPath(path, logFile);
    // A crash may have truncated the first line. Writing the log reports any other problem.
    if (force || logStart.startsWith(await readStart(log, logStart.length))) return;
    throw usageError(
      `cannot write ${log}: the file already exists, and rnn did not write it`,
      `move it away, replace it with ${flagOf('force')}, or ${otherFolderHint}`,
    );
  }

  /**
   * Refuses files that the same command reads and a run in the folder would replace.
   *
   * @throws RnnError `usage` if one of them is a file of a run in the folder
   */
  static async refuseSources(path: string, inputFiles: readonly string[]): Promise<void> {
    const names = (await listFolder(path)).filter((name) => isRunFile(name) || name === lockFile);
    const source = await firstSameFile(
      inputFiles,
      names.map((name) => joinPath(path, name)),
    );
    if (source === null) return;
    throw usageError(
      `cannot train in ${path}: the run would replace ${source}, which this command reads`,
      `${otherFolderHint} (even with ${flagOf('force')}, rnn does not replace this file)`,
    );
  }

  /**
   * Prepares the folder for a new run. Removes all files of an old run. Without `force` there are no
   * checkpoints, but there may be a log, damaged checkpoints and temporary files.
   *
   * @throws RnnError as `refuseIfTaken`, and `machine` if the folder cannot be made
   */
  static async create(path: string, { force = false }: { force?: boolean } = {}): Promise<RunFolder> {
    await RunFolder.refuseIfTaken(path, { force });
    try {
      await makeFolders(path);
      const folder = new RunFolder(path, Lock.take(path));
      try {
        // Another process may have begun a run there since.
        if (!force) await RunFolder.#refuseFiles(path, force);
        await folder.#removeFiles(isRunFile);
      } catch (error) {
        folder.close();
        throw error;
      }
      return folder;
    } catch (cause) {
      throw folderError(kindOfFolder, path, cause);
    }
  }

  /**
   * The folder of a run to continue, or null if there is no run. Removes temporary files that a
   * killed process left.
   *
   * @throws RnnError `busy` if another process uses it, `machine` if nothing can be written there
   */
  static async open(path: string): Promise<RunFolder | null> {
    if (!(await RunFolder.holdsRun(path))) return null;
    try {
      const folder = new RunFolder(path, Lock.take(path));
      await folder.#removeFiles(isTemporary).catch(() => {}); // a file in the way is noticed when rnn writes something
      return folder;
    } catch (cause) {
      throw diskError(`cannot continue the run in ${path}`, cause);
    }
  }

  /** Whether there is a state from which the run can continue. */
  holdsRun(): Promise<boolean> {
    return RunFolder.holdsRun(this.path);
  }

  /** Releases the folder for other processes. */
  close(): void {
    this.#lock.release();
  }

  /**
   * The state from which the run continues.
   *
   * @throws RnnError `checkpoint` if no state can be read, `machine` if a state does not fit into
   * memory
   */
  async readNewestState(): Promise<NewestState> {
    const newest = await findNewestState(this.path);
    this.isLatestReadable = newest.reason === null;
    this.#isTimedSave = newest.path === this.latestPath && newest.checkpoint.training['savedByClock'] === true;
    return newest;
  }

  /**
   * Writes latest.json. The old latest.json becomes previous.json, unless it is a timed save (then
   * it is replaced) or unreadable (then it is renamed, see `damagedFile`). The folder contains a
   * complete checkpoint at every moment. If the folder was removed, it is made again.
   *
   * @param maxSnapshots how many of the newest states also stay as snapshots
   * @param isTimedSave whether this is a timed save, which `undoTimedSave` undoes
   * @returns why there is no snapshot of this state. Null if there is a snapshot, or `maxSnapshots`
   * is 0
   */
  async saveLatest(checkpoint: Checkpoint, maxSnapshots = 0, isTimedSave = false): Promise<RnnError | null> {
    await this.#ready();
    const preserveOldLatest = async (): Promise<void> => {
      if (this.#isTimedSave || !existsSync(this.latestPath)) return;
      await (this.isLatestReadable ? linkAs(this.latestPath, this.previousPath) : this.#setAside());
    };
    await writeCheckpoint(this.latestPath, checkpoint, preserveOldLatest);
    this.isLatestReadable = true;
    this.#isTimedSave = isTimedSave;
    if (maxSnapshots === 0) return null;
    try {
      await this.#keepSnapshots(checkpoint.training.step, maxSnapshots);
      return null;
    } catch (cause) {
      const error = diskError(`cannot update the snapshots in ${this.path}`, cause);
      if (error instanceof RnnError) return error;
      throw error;
    }
  }

  /** If latest.json is a timed save, previous.json becomes latest.json again. */
  async undoTimedSave(): Promise<void> {
    if (!this.#isTimedSave) return;
    await this.#ready();
    try {
      await renameOnto(this.previousPath, this.latestPath).catch(() => rm(this.latestPath, { force: true }));
    } catch (error) {
      throw diskError(`cannot remove ${this.latestPath}`, error);
    }
    this.#isTimedSave = false;
  }

  async saveBest(checkpoint: Checkpoint): Promise<void> {
    await this.#ready();
    await writeCheckpoint(this.bestPath, checkpoint);
  }

  /** Adds a line to the log. Synchronous, so that lines are in the order of the calls. */
  appendLog(line: object): void {
    try {
      this.#ensureLock();
    } catch (error) {
      throw diskError(`cannot write ${this.logPath}`, error);
    }
    appendLine(this.logPath, line);
  }

  /**
   * Removes the snapshots of steps after `step`, and cuts the log before its first line of a later
   * step or, at `step` itself, of an event in `undone`.
   */
  async truncateLog(step: number, undone: readonly string[] = []): Promise<void> {
    await this.#ready();
    try {
      await this.#removeFiles((file) => (stepOfSnapshot(file) ?? 0) > step);
    } catch (error) {
      throw diskError(`cannot remove snapshots of later steps in ${this.path}`, error);
    }
    await truncateLog(this.logPath, step, undone);
  }

  /** Makes sure that the folder exists, and that this process still holds it. */
  async #ready(): Promise<void> {
    try {
      await makeFolders(this.path);
      this.#ensureLock();
    } catch (cause) {
      // During a run a file in the way may be temporary, so this is a `machine` error and not a
      // usage error as in `create`.
      throw diskError(`cannot make the ${kindOfFolder} ${this.path}`, cause);
    }
  }

  /** Retakes a missing lock if all checkpoints are missing too: the folder was removed. */
  #ensureLock(): void {
    this.#lock.ensure(this.path, () => !checkpointFiles.some((file) => existsSync(joinPath(this.path, file))));
  }

  async #removeFiles(shouldRemove: (file: string) => boolean): Promise<void> {
    for (const file of await readdir(this.path)) if (shouldRemove(file)) await removeFile(joinPath(this.path, file));
  }

  async #keepSnapshots(step: number, maxSnapshots: number): Promise<void> {
    await linkAs(this.latestPath, joinPath(this.path, snapshotFile(step)));
    const surplus = (await snapshotsIn(this.path)).slice(maxSnapshots);
    await this.#removeFiles((file) => surplus.includes(file));
  }

  /**
   * Sets aside a latest.json that could not be read, so that it does not replace a readable file.
   * Another program, or a later version, may be able to read it.
   */
  async #setAside(): Promise<void> {
    const names = await readdir(this.path);
    let count = 1;
    while (names.includes(damagedFile(count))) count++;
    await rename(this.latestPath, joinPath(this.path, damagedFile(count)));
  }
}
