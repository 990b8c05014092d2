// One folder, one run: latest.json, previous.json (the one before it), best.json (lowest validation loss), numbered snapshots and
// log.jsonl, and a lock as long as a run is in progress. Knows which file is replaced when, and not what a checkpoint means.

import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';

import { RnnError, systemCode } from '../errors.ts';
import { pathIn } from '../path-in.ts';
import { firstSameFile, startOf } from '../output-file.ts';
import { diskError, keepUnder, nameAgain, renameOnto } from '../atomic.ts';
import type { Checkpoint } from './checkpoint.ts';
import { makeFolders, notMade, refuseUnmakable } from './folders.ts';
import { Lock } from './lock.ts';
import { appendLine, cutLogBack, logStart } from './log.ts';
import { type Newest, newestIn } from './newest.ts';
import {
  bestFile,
  checkpointFiles,
  damagedFile,
  isCheckpoint,
  isOurs,
  isTemporary,
  latestFile,
  lockFile,
  logFile,
  namesIn,
  previousFile,
  refuseFolders,
  remove,
  snapshotFile,
  snapshotsIn,
  statesOf,
  stepOfSnapshot,
} from './run-files.ts';
import type { RunStore } from './run-store.ts';
import { writeCheckpoint } from './write.ts';

/** In what is told of it. */
const what = 'run folder';

/** A run folder that no other process may write until it is closed. */
export class RunFolder implements RunStore {
  readonly path: string;
  readonly latestPath: string;
  readonly previousPath: string;
  readonly bestPath: string;
  readonly logPath: string;
  readonly #lock: Lock;
  #isLatestSound = true;
  /** latest.json was saved by the clock; previous.json is the state before such saves. */
  #isByClock = false;
  /** What the checkpoints were when this process last looked after them. */
  #left: string;

  private constructor(path: string, lock: Lock) {
    this.path = path;
    this.latestPath = pathIn(path, latestFile);
    this.previousPath = pathIn(path, previousFile);
    this.bestPath = pathIn(path, bestFile);
    this.logPath = pathIn(path, logFile);
    this.#lock = lock;
    this.#left = this.#now();
  }

  /**
   * Whether the folder holds a checkpoint. A log alone is no run: nothing can be continued from it.
   *
   * @throws RnnError `machine` if the user may not see what is in the folder
   */
  static async holdsRun(path: string): Promise<boolean> {
    return (await namesIn(path)).some(isCheckpoint);
  }

  /**
   * What `create` would refuse, before anything is done for the run; writes nothing.
   *
   * @throws RnnError `busy` if another process is training in the folder, `usage` if it holds a run and `force` was not given, or if it
   * can be no folder; `machine` if that cannot be seen
   */
  static async refuseIfTaken(path: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    try {
      Lock.refuseIfHeld(path);
      await RunFolder.#refuseFiles(path, force);
      await refuseUnmakable(path);
    } catch (cause) {
      throw notMade(what, path, cause);
    }
  }

  static async #refuseFiles(path: string, force: boolean): Promise<void> {
    if (!force && (await RunFolder.holdsRun(path)))
      throw new RnnError('usage', `${path} already holds a run`, {
        hint: 'continue it with --resume, replace it with --force, or choose another folder with --out',
      });
    await refuseFolders(path);
    const log = pathIn(path, logFile);
    // A crash may have cut its first line off. Whatever else is wrong with it is noticed when it is written.
    if (force || logStart.startsWith(await startOf(log, logStart.length))) return;
    throw new RnnError('usage', `cannot write ${log}: rnn did not write the file that is already there`, {
      hint: 'move it away, replace it with --force, or choose another folder with --out',
    });
  }

  /**
   * Whatever a run in the folder would replace or remove must not be what the run is made from.
   *
   * @param reads files that the same command reads
   * @throws RnnError `usage` if one of them is a file of a run in the folder
   */
  static async refuseSources(path: string, reads: readonly string[]): Promise<void> {
    const names = (await namesIn(path)).filter((name) => isOurs(name) || name === lockFile);
    const source = await firstSameFile(
      reads,
      names.map((name) => pathIn(path, name)),
    );
    if (source === null) return;
    throw new RnnError('usage', `cannot train in ${path}: the run would replace ${source}, which this command reads`, {
      hint: 'choose another folder with --out: not even --force replaces this file',
    });
  }

  /**
   * Makes the folder ready for a new run. Removes temporary files that a killed process left and, with `force`, the files of an old run.
   *
   * @throws RnnError `busy` if it is in use, `usage` if it holds a run and `force` was not given, or if it is no folder; `machine` if it
   * cannot be made
   */
  static async create(path: string, { force = false }: { force?: boolean } = {}): Promise<RunFolder> {
    await RunFolder.refuseIfTaken(path, { force });
    try {
      await makeFolders(path);
      const folder = new RunFolder(path, Lock.take(path));
      try {
        // Another process may have made a run of it since.
        if (!force) await RunFolder.#refuseFiles(path, force);
        await folder.#tidy(isOurs);
        folder.#left = folder.#now();
      } catch (error) {
        folder.close();
        throw error;
      }
      return folder;
    } catch (cause) {
      throw notMade(what, path, cause);
    }
  }

  /**
   * The folder of a run that is to be continued, or null if there is none. Temporary files that a killed process left are removed.
   *
   * @throws RnnError `busy` if it is in use, `machine` if nothing can be written there
   */
  static async open(path: string): Promise<RunFolder | null> {
    if (!(await RunFolder.holdsRun(path))) return null;
    try {
      const folder = new RunFolder(path, Lock.take(path));
      await folder.#tidy(isTemporary).catch(() => {}); // what is in the way will be, when something is written
      return folder;
    } catch (cause) {
      throw diskError(`the run in ${path} cannot be continued`, cause);
    }
  }

  holdsRun(): Promise<boolean> {
    return RunFolder.holdsRun(this.path);
  }

  /** Lets others have the folder. */
  close(): void {
    this.#lock.release();
  }

  /**
   * The state to go on from.
   *
   * @throws RnnError `checkpoint` if none can be read, `machine` if one does not fit into memory
   */
  async newest(): Promise<Newest> {
    const newest = await newestIn(this.path);
    this.#isLatestSound = newest.instead === null;
    this.#isByClock = newest.path === this.latestPath && newest.checkpoint.training['savedByClock'] === true;
    return newest;
  }

  /** Whether latest.json was what `newest` found, or has been written since. */
  get isLatestSound(): boolean {
    return this.#isLatestSound;
  }

  /**
   * Writes latest.json; the one that was there becomes previous.json, unless it could not be read: that is set aside. At no moment is there
   * no whole checkpoint in the folder, and if the folder was removed, it is made again.
   *
   * @param keep how many of the newest states also stay as step-000001000.json
   * @param isByClock a state that `dropClockSave` takes back; it never becomes previous.json
   * @returns why this one will not stay; null if it will, or need not
   */
  async saveLatest(checkpoint: Checkpoint, keep = 0, isByClock = false): Promise<RnnError | null> {
    await this.#ready();
    const clear = (): Promise<void> => (this.#isLatestSound ? keepUnder(this.latestPath, this.previousPath) : this.#setAside());
    await this.#write(this.latestPath, checkpoint, this.#isByClock ? undefined : clear);
    this.#isLatestSound = true;
    this.#isByClock = isByClock;
    if (keep === 0) return null;
    try {
      await this.#keepSnapshots(checkpoint.training.step, keep);
      return null;
    } catch (cause) {
      const error = diskError(`old snapshots in ${this.path} could not be removed`, cause);
      if (error instanceof RnnError && error.kind === 'machine') return error;
      throw error;
    }
  }

  /** previous.json becomes latest.json again, if that was saved by the clock. */
  async dropClockSave(): Promise<void> {
    if (!this.#isByClock) return;
    await this.#ready();
    try {
      await renameOnto(this.previousPath, this.latestPath).catch(() => rm(this.latestPath, { force: true }));
    } catch (error) {
      throw diskError(`${this.latestPath} could not be removed`, error);
    }
    this.#isByClock = false;
    this.#left = this.#now();
  }

  async saveBest(checkpoint: Checkpoint): Promise<void> {
    await this.#ready();
    await this.#write(this.bestPath, checkpoint);
  }

  async #write(path: string, checkpoint: Checkpoint, beforeRename?: () => Promise<void>): Promise<void> {
    try {
      await writeCheckpoint(path, checkpoint, beforeRename);
    } finally {
      // Where the folder was swapped for another one meanwhile, this process did not leave what is in it.
      if (this.#lock.isThere()) this.#left = this.#now();
    }
  }

  /** Adds a line to the log; synchronous, so that lines are in the order of the calls. */
  appendLog(line: object): void {
    try {
      this.#ensureLock();
    } catch (error) {
      throw diskError(`${this.logPath} could not be written`, error);
    }
    appendLine(this.logPath, line);
  }

  /**
   * Takes back what was written after a step: lines of the log from the first later one on, one that a crash cut off, and snapshots.
   *
   * @param undone events that had not come yet at that very step
   */
  async cutBack(step: number, undone: readonly string[] = []): Promise<void> {
    await this.#ready();
    try {
      await this.#tidy((file) => (stepOfSnapshot(file) ?? 0) > step);
    } catch (error) {
      throw diskError(`snapshots in ${this.path} that are of later steps could not be removed`, error);
    }
    await cutLogBack(this.logPath, step, undone);
  }

  /** The folder is there, and still this process's. */
  async #ready(): Promise<void> {
    try {
      await makeFolders(this.path);
      this.#ensureLock();
    } catch (cause) {
      // A file that is in the way now may be removed again, so this is not a wrong command, as it is at the start.
      throw diskError(`the ${what} ${this.path} could not be made`, cause);
    }
  }

  #ensureLock(): void {
    this.#lock.ensure(this.path, () => this.#left === this.#now() || !checkpointFiles.some((file) => existsSync(pathIn(this.path, file))));
  }

  #now(): string {
    return statesOf([this.latestPath, this.bestPath]);
  }

  async #tidy(goes: (file: string) => boolean): Promise<void> {
    for (const file of await readdir(this.path)) if (goes(file)) await remove(pathIn(this.path, file));
  }

  /** A second name for latest.json, and none for the states that are too many. */
  async #keepSnapshots(step: number, keep: number): Promise<void> {
    await nameAgain(this.latestPath, pathIn(this.path, snapshotFile(step)));
    const tooMany = (await snapshotsIn(this.path)).slice(keep);
    await this.#tidy((file) => tooMany.includes(file));
  }

  /** A latest.json that could not be read must not replace what could. Perhaps another program, or another day, can read it. */
  async #setAside(): Promise<void> {
    const names = await readdir(this.path);
    let count = 1;
    while (names.includes(damagedFile(count))) count++;
    await rename(this.latestPath, pathIn(this.path, damagedFile(count))).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
  }
}
