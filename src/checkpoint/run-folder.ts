// One folder, one run: latest.json, previous.json (the one before it), best.json (lowest validation loss) and log.jsonl. Knows which
// file is replaced when, and not what a checkpoint means or who else may be writing here.

import { appendFileSync } from 'node:fs';
import { link, mkdir, readFile, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { RnnError, systemCode } from '../errors.ts';
import { diskError, temporarySuffix } from './atomic.ts';
import type { Checkpoint } from './checkpoint.ts';
import { writeCheckpoint } from './write.ts';

/** In the order in which they are looked for when the newest state of a run is wanted. */
export const checkpointFiles = ['latest.json', 'previous.json', 'best.json'] as const;
const logFile = 'log.jsonl';

export class RunFolder {
  readonly path: string;
  readonly latestPath: string;
  readonly previousPath: string;
  readonly bestPath: string;
  readonly logPath: string;

  private constructor(path: string) {
    this.path = path;
    this.latestPath = join(path, 'latest.json');
    this.previousPath = join(path, 'previous.json');
    this.bestPath = join(path, 'best.json');
    this.logPath = join(path, logFile);
  }

  /** Whether the folder holds a checkpoint. A log alone is no run: nothing can be continued from it. */
  static async holdsRun(path: string): Promise<boolean> {
    for (const file of checkpointFiles) if (await exists(join(path, file))) return true;
    return false;
  }

  /** @throws RnnError `usage` if the folder holds a run */
  static async refuseIfTaken(path: string): Promise<void> {
    if (!(await RunFolder.holdsRun(path))) return;
    throw new RnnError('usage', `${path} already holds a run`, { hint: 'replace it with --force, or choose another folder with --out' });
  }

  /**
   * Makes the folder ready for a run. With `resume`, what is there is kept; with `force` alone, the files of an old run are removed.
   * In both cases so are the temporary files that a killed process left.
   *
   * @throws RnnError `usage` if it holds a run and neither was given, or if it is no folder; `machine` if it cannot be made
   */
  static async create(path: string, { force = false, resume = false }: { force?: boolean; resume?: boolean } = {}): Promise<RunFolder> {
    if (!force && !resume) await RunFolder.refuseIfTaken(path);
    try {
      await makeFolders(path);
      for (const file of await readdir(path)) {
        const isOurs = [...checkpointFiles, logFile].some((name) => file === name || (file.startsWith(`${name}.`) && file.endsWith(temporarySuffix)));
        if (isOurs && (file.endsWith(temporarySuffix) || !resume)) await rm(join(path, file), { force: true });
      }
    } catch (cause) {
      if (systemCode(cause) === 'EEXIST' || systemCode(cause) === 'ENOTDIR') {
        throw new RnnError('usage', `${path} cannot be a run folder: there is a file of that name on the way`, { hint: 'choose another folder with --out', cause });
      }
      if (systemCode(cause) === 'ENOENT' && cause instanceof Error && 'path' in cause) {
        throw new RnnError('machine', `the run folder ${path} could not be made: the system lets nobody make ${String(cause.path)}`, { hint: 'choose another folder with --out', cause });
      }
      throw diskError(`the run folder ${path} could not be made`, cause);
    }
    return new RunFolder(path);
  }

  /** Writes latest.json; the one that was there becomes previous.json. At no moment is there no whole checkpoint in the folder. */
  async saveLatest(checkpoint: Checkpoint): Promise<void> {
    await writeCheckpoint(this.latestPath, checkpoint, () => this.#keepPrevious());
  }

  async saveBest(checkpoint: Checkpoint): Promise<void> {
    await writeCheckpoint(this.bestPath, checkpoint);
  }

  /** Adds a line to the log; synchronous, so that lines are in the order of the calls. */
  appendLog(line: object): void {
    try {
      appendFileSync(this.logPath, `${JSON.stringify(line)}\n`);
    } catch (error) {
      throw diskError(`${this.logPath} could not be written`, error);
    }
  }

  /** Cuts the log back to a checkpoint's step: everything from the first line of a later step, or a line cut off by a crash, goes. */
  async cutLog(step: number): Promise<void> {
    if (!(await exists(this.logPath))) return;
    let kept = 0;
    try {
      const log = await readFile(this.logPath);
      for (let end = log.indexOf(10); end >= 0; end = log.indexOf(10, kept)) {
        if (!(stepOfLine(log.toString('utf8', kept, end)) <= step)) break;
        kept = end + 1;
      }
      if (kept < log.length) await truncate(this.logPath, kept);
    } catch (error) {
      throw diskError(`${this.logPath} could not be cut back to the checkpoint`, error);
    }
  }

  /** A second name for the file that is about to be replaced, so that latest.json is there all the time. */
  async #keepPrevious(): Promise<void> {
    const second = `${this.previousPath}.${process.pid}${temporarySuffix}`;
    try {
      await link(this.latestPath, second);
      await rename(second, this.previousPath);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      // No hard links on this file system (FAT, some network ones). A crash before the next rename leaves previous.json alone, which
      // is then what is found.
      await rename(this.latestPath, this.previousPath);
    } finally {
      // Renaming between two names of one file does nothing and leaves both; that is so after a crash between our renames.
      await rm(second, { force: true });
    }
  }
}

/**
 * The folder and all on the way to it, one by one: mkdir with `recursive` never ends in Node 20 where the system says of a folder whose
 * parent is there that there is no such thing, as it does of /proc/run (github.com/nodejs/node/issues/31177 is that loop on Windows).
 *
 * @throws the system's error for the first that cannot be made
 */
async function makeFolders(path: string): Promise<void> {
  if (await isFolder(path)) return;
  if (dirname(path) !== path) await makeFolders(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    // Another process may have made it meanwhile, and a/.. has come to be with a.
    if (!(await isFolder(path))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

/** Lines without a step belong to whatever came before them; NaN for a line that is not JSON. */
function stepOfLine(line: string): number {
  try {
    const { step = 0 } = JSON.parse(line) as { step?: number };
    return step;
  } catch {
    return Number.NaN;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
