// The errors for checkpoint files. Knows nothing of how a file is read.
import { basename, dirname } from 'node:path';
import { RnnError, systemCode, checkpointError, machineError } from '../errors.ts';
import { pathIn } from '../files/path-in.ts';
import { formatName, formatVersion, type TrainedModel } from './checkpoint.ts';
import { type Fail, shown } from './json-values.ts';
import type { JsonFile } from './json-file.ts';
import { checkCell } from './validation.ts';
import { flagOf } from '../options/flags.ts';

/** For a sound checkpoint that needs another program, such as a newer rnn. */
export class ForeignCheckpoint extends RnnError {}

/** Refuses a file as damaged. */
export const failureOf =
  (path: string): Fail =>
  (detail, cause) => {
    throw checkpointError(`${path} is damaged: ${detail}`, adviceOnDamage(path), { cause });
  };

export function tooLarge(path: string, cause: RangeError): RnnError {
  return machineError(
    `${path} does not fit into the memory of this machine`,
    'end other programs, or use it on a machine with more memory',
    { cause },
  );
}

export function refuseOtherCells(model: TrainedModel['model'], path: string): void {
  checkCell(model, (detail) => {
    throw new ForeignCheckpoint('checkpoint', `${path} is of a model that this rnn cannot run: ${detail}`, {
      hint: 'use the rnn that wrote it, or a newer one than this',
    });
  });
}

/**
 * Refuses an empty file, and one that does not begin like JSON: it was probably never a checkpoint.
 */
export function refuseOtherFiles(file: JsonFile, path: string): void {
  if (file.size === 0) throw checkpointError(`${path} is empty`, adviceOnDamage(path));
  const start = file.bytes(0, 64).toString('latin1').trimStart();
  if (!start.startsWith('{'))
    throw otherFormat(path, `it starts with ${JSON.stringify(start.slice(0, 8))} and is not a JSON object`);
}

export function refuseOtherVersions(version: unknown, path: string, fail: Fail): void {
  if (!Number.isInteger(version) || (version as number) < 1)
    fail(`"version" is ${shown(version)}, expected a whole number from 1`);
  if ((version as number) > formatVersion) {
    throw new ForeignCheckpoint(
      'checkpoint',
      `${path} has version ${String(version)} of the checkpoint format, and this rnn reads versions up to ${formatVersion}`,
      { hint: 'it was written by a newer rnn: update this one, or use the one that wrote it' },
    );
  }
}

export function otherFormat(path: string, detail: string): RnnError {
  return checkpointError(
    `${path} is not a checkpoint of rnn: ${detail}`,
    `a checkpoint begins with "format": "${formatName}"; \`rnn train\` writes them into checkpoints/`,
  );
}

function adviceOnDamage(path: string): string {
  const previous = pathIn(dirname(path), 'previous.json');
  return basename(path) === 'latest.json'
    ? `the checkpoint before it may be whole: try ${flagOf('checkpoint')} ${previous}`
    : 'use another checkpoint of the run, or a copy of this one';
}

/** The error for a file that the system does not let us read. */
export function unreadable(path: string, cause: unknown): RnnError {
  const code = systemCode(cause);
  const known = { ENOENT: 'does not exist', ENOTDIR: 'does not exist', EISDIR: 'is not a file' }[code];
  return new RnnError(
    code === 'EIO' ? 'machine' : 'checkpoint',
    `${path} ${known ?? `cannot be read: ${(cause as Error).message}`}`,
    { hint: 'give a run folder or a checkpoint file, such as latest.json, or make one with `rnn train`', cause },
  );
}
