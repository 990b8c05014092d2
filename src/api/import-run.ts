// Makes a run folder from another program's file.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { systemCode, usageError, checkpointError } from '../errors.ts';
import { readTrained } from '../formats/trained.ts';
import { type Checkpoint, RunFolder, findCheckpoint, readCheckpoint } from '../runs/store.ts';
import { flagOf, otherFolderHint } from '../options/flags.ts';
import { fileName, folderName, forceMember, refuseOther, refuseWrong, runName } from './checks.ts';

/** The largest file that Node reads in one call. */
const MAX_BYTES = 2 ** 31 - 1;

/** How to import a file as a run. */
export interface ImportRequest {
  /** The run folder. Default: checkpoints/<name of the file>. */
  readonly out?: string | undefined;
  /** A model of the same sizes, for a file that does not name its model: a run folder or a file. */
  readonly like?: string | undefined;
  /** Replace the existing run in the folder. */
  readonly force?: boolean | undefined;
}

const members = { out: folderName, like: runName, ...forceMember };

/**
 * Makes a run folder from a safetensors file that PyTorch or `rnn export` wrote. You can sample
 * from the run, evaluate it and start another run from its weights.
 *
 * @throws RnnError `usage` if the folder holds a run, `checkpoint` that describes the defect of the
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
    // The existing run may be the exported run, because both have the same name by default, so it
    // is not replaced without `force`.
    throw usageError(
      `cannot import into ${path}: the folder already holds a run`,
      `${otherFolderHint}, or replace that run, its optimizer and its log with ${flagOf('force')}`,
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
 * The name of the file without its extension, or the whole name if only dots would remain, because
 * they name other folders.
 */
function runNameOf(file: string): string {
  const name = basename(file, extname(file));
  return /^\.*$/.test(name) ? basename(file) : name;
}

/** @throws RnnError `checkpoint` if the file is not a plain file or too large */
async function readWhole(file: string): Promise<Uint8Array> {
  const hint = 'use a file that rnn export wrote, or a file with the same names: docs/pytorch.md';
  const refuse = (message: string, cause?: unknown): never => {
    throw checkpointError(message, hint, { cause });
  };
  try {
    // Do not wait for a process that writes to a pipe. Windows has no such flag.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const status = await handle.stat();
      const { size } = status;
      if (!status.isFile()) refuse(`cannot read ${file}: it is not a plain file`);
      if (size > MAX_BYTES)
        refuse(`${file} has ${(size / 1e9).toFixed(1)} GB: expected at most ${(MAX_BYTES / 1e9).toFixed(1)} GB`);
      return await handle.readFile();
    } finally {
      await handle.close().catch(() => {});
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      refuse(
        file === '' ? 'the name of the file is empty: expected a safetensors file' : `file not found: ${file}`,
        error,
      );
    if (systemCode(error) !== '') refuse(`cannot read ${file}: ${(error as Error).message}`, error);
    throw error;
  }
}
