// The errors for checkpoint files. Independent of how a file is read.
import { basename, dirname } from 'node:path';
import { RnnError, systemCode, checkpointError, machineError } from '../errors.ts';
import { joinPath } from '../files/join-path.ts';
import { formatName, formatVersion, type TrainedModel } from './checkpoint.ts';
import { type Fail, describeValue } from './json-values.ts';
import type { JsonFile } from './json-file.ts';
import { checkCell } from './validation.ts';
import { flagOf } from '../options/flags.ts';

/** For an undamaged checkpoint that needs another program, such as a newer rnn. */
export class ForeignCheckpoint extends RnnError {}

/** Refuses a file as damaged. */
export const failOn =
  (path: string): Fail =>
  (detail, cause) => {
    throw checkpointError(`${path} is damaged: ${detail}`, adviceOnDamage(path), { cause });
  };

export function tooLargeError(path: string, cause: RangeError): RnnError {
  return machineError(
    `cannot read ${path}: it does not fit into the memory of this machine`,
    'end other programs, or use a machine with more memory',
    { cause },
  );
}

export function refuseOtherCells(model: TrainedModel['model'], path: string): void {
  checkCell(model, (detail) => {
    throw new ForeignCheckpoint('checkpoint', `cannot run the model of ${path} with this rnn: ${detail}`, {
      hint: 'use the rnn that wrote it, or a newer rnn',
    });
  });
}

/**
 * Refuses an empty file, and a file that does not begin like JSON, which was probably never a
 * checkpoint.
 */
export function refuseOtherFiles(file: JsonFile, path: string): void {
  if (file.size === 0) throw checkpointError(`${path} is empty: expected a checkpoint`, adviceOnDamage(path));
  const start = file.bytes(0, 64).toString('latin1').trimStart();
  if (!start.startsWith('{'))
    throw otherFormatError(path, `it starts with ${JSON.stringify(start.slice(0, 8))} and is not a JSON object`);
}

export function refuseOtherVersions(version: unknown, path: string, fail: Fail): void {
  if (!Number.isInteger(version) || (version as number) < 1)
    fail(`"version" is ${describeValue(version)}: expected a whole number from 1`);
  if ((version as number) > formatVersion) {
    throw new ForeignCheckpoint(
      'checkpoint',
      `${path} has version ${String(version)} of the checkpoint format: expected at most ${formatVersion}, the newest that this rnn reads`,
      { hint: 'update rnn, or use the newer rnn that wrote it' },
    );
  }
}

export function otherFormatError(path: string, detail: string): RnnError {
  return checkpointError(
    `${path} is not a checkpoint of rnn: ${detail}`,
    `name a file that \`rnn train\` wrote into checkpoints/, which begins with "format": "${formatName}"`,
  );
}

function adviceOnDamage(path: string): string {
  const previous = joinPath(dirname(path), 'previous.json');
  return basename(path) === 'latest.json'
    ? `try the checkpoint before it: ${flagOf('checkpoint')} ${previous}`
    : 'use another checkpoint of the run, or a copy of this one';
}

/** The error for a file that the system does not let rnn read. */
export function unreadableError(path: string, cause: unknown): RnnError {
  const code = systemCode(cause);
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  const why = code === 'EISDIR' ? 'it is not a file' : (cause as Error).message;
  return new RnnError(
    code === 'EIO' ? 'machine' : 'checkpoint',
    isMissing ? `checkpoint not found: ${path}` : `cannot read ${path}: ${why}`,
    { hint: 'name a run folder or a checkpoint file, or run rnn train <corpus> to train a model', cause },
  );
}
