// A run folder from another program's file.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { systemCode, usageError, checkpointError } from '../errors.ts';
import { readTrained } from '../formats/trained.ts';
import { type Checkpoint, RunFolder, findCheckpoint, readCheckpoint } from '../runs/store.ts';
import { flagOf, otherFolder } from '../options/flags.ts';
import { fileName, folderName, force as forceMember, refuseOther, refuseWrong, runName } from './checks.ts';

/** What Node reads of a file in one piece. */
const MAX_BYTES = 2 ** 31 - 1;

export interface ImportRequest {
  /** The run folder; checkpoints/<name of the file> if omitted. */
  readonly out?: string | undefined;
  /** A model of the same sizes, for a file that names none: a run folder or a file. */
  readonly like?: string | undefined;
  /** Replace the run that is in the folder. */
  readonly force?: boolean | undefined;
}

const members = { out: folderName, like: runName, ...forceMember };

/**
 * Makes a run folder of a safetensors file that came back from PyTorch: to sample from, evaluate,
 * and begin another run with.
 *
 * @throws RnnError `usage` if the folder holds a run, `checkpoint` that says what is wrong with the
 * file
 */
export async function importRun(
  file: string,
  request: ImportRequest = {},
): Promise<{ readonly path: string; readonly checkpoint: Checkpoint }> {
  refuseOther('the file', file, fileName);
  refuseWrong(request, members);
  const { out, like, force = false } = request;
  const path = out ?? join('checkpoints', runNameOf(file));
  if (!force && (await RunFolder.holdsRun(path))) {
    // It may well be the run that was exported, of which the file is called by default: not to be
    // replaced lightly.
    throw usageError(
      `${path} already holds a run`,
      `${otherFolder}; ${flagOf('force')} replaces that run, whose optimizer and log no file has`,
    );
  }
  const likePath = like === undefined ? null : await findCheckpoint(like);
  await RunFolder.refuseSources(path, [file, ...(likePath === null ? [] : [likePath])]);
  const content = await readWhole(file);
  const checkpoint = readTrained(
    content,
    file,
    likePath === null ? null : await readCheckpoint(likePath, { weightsOnly: true }),
  );
  const folder = await RunFolder.create(path, { force });
  try {
    await folder.saveLatest(checkpoint);
  } finally {
    folder.close();
  }
  return { path, checkpoint };
}

/**
 * The file's without its ending; all of it where that would leave dots, which name other folders.
 */
function runNameOf(file: string): string {
  const name = basename(file, extname(file));
  return /^\.*$/.test(name) ? basename(file) : name;
}

/** @throws RnnError `checkpoint` if it is not a plain file, or larger than can be read */
async function readWhole(file: string): Promise<Uint8Array> {
  const hint = 'give a file that rnn export wrote, or one with its names: docs/pytorch.md';
  const refuse = (message: string, cause?: unknown): never => {
    throw checkpointError(message, hint, { cause });
  };
  try {
    // Do not wait for a process that writes to a pipe. Windows has no such flag.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const status = await handle.stat();
      const { size } = status;
      if (!status.isFile()) refuse(`${file} is not a plain file`);
      if (size > MAX_BYTES)
        refuse(
          `${file} has ${(size / 1e9).toFixed(1)} GB, and ${(MAX_BYTES / 1e9).toFixed(1)} GB are all that can be read`,
        );
      return await handle.readFile();
    } finally {
      await handle.close().catch(() => {});
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      refuse(file === '' ? 'the name of the file is empty' : `there is no ${file}`, error);
    if (systemCode(error) !== '') refuse(`${file} could not be read: ${(error as Error).message}`, error);
    throw error;
  }
}
