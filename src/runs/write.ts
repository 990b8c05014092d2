// Writes a checkpoint to a file, in pieces of text, so that no tensor is ever one string.
// docs/checkpoint-format.md describes the layout and the checksum.

import { createHash } from 'node:crypto';

import { checkpointError } from '../errors.ts';
import { replaceFile } from '../files/atomic.ts';
import { type Checkpoint, type Tensor, allTensors, formatName, versionOf } from './checkpoint.ts';
import { type Fail, problemInJson } from './json-values.ts';
import { checkOptimizer, checkTensors, checkTrained, firstNonFinite } from './validation.ts';
import { flagOf } from '../options/flags.ts';

/** A multiple of 3, so that the pieces can be encoded separately. 48 KB become 64 KB of base64. */
const pieceBytes = 3 * 2 ** 14;

/**
 * Replaces the file as `replaceFile` does. The tensors must not change until the promise is
 * settled.
 *
 * @param beforeRename runs when the new file is safely on disk and the old file is still in place
 * @throws RnnError `checkpoint` if a tensor holds NaN or an infinity (then nothing is written),
 * `machine` if the disk fails
 */
export async function writeCheckpoint(
  path: string,
  checkpoint: Checkpoint,
  beforeRename?: () => Promise<void>,
): Promise<void> {
  await replaceFile(path, checkpointPieces(path, checkpoint), beforeRename);
}

/**
 * The bytes of a checkpoint file.
 *
 * @param fail a function that is called for any other fault. If this program made the checkpoint,
 * the fault is a bug
 * @throws RnnError `checkpoint` if a tensor holds NaN or an infinity
 */
export function checkpointPieces(path: string, checkpoint: Checkpoint, fail = bugIn(path)): Iterable<Uint8Array> {
  refuseUnfit(path, checkpoint, fail);
  return encode(checkpoint);
}

const bugIn =
  (path: string): Fail =>
  (detail) => {
    throw new Error(`a checkpoint for ${path} is unfit to be written: ${detail}`);
  };

/** Whether a file with this start is a checkpoint that rnn wrote. */
export const startsAsCheckpoint = (start: string): boolean => /^\s*\{\s*"format":\s*"rnn-checkpoint"/.test(start);

function* encode({ model, vocabulary, training, tensors, state, optimizer }: Checkpoint): Generator<Uint8Array> {
  const hash = createHash('sha256');
  for (const text of members()) {
    const bytes = Buffer.from(text, 'utf8');
    hash.update(bytes);
    yield bytes;
  }
  yield Buffer.from(`"checksum": "${hash.digest('hex')}"\n}\n`);

  function* members(): Generator<string> {
    yield `{\n  "format": "${formatName}",\n  "version": ${versionOf(model)}`;
    for (const [key, value] of Object.entries({ model, vocabulary, training }))
      yield `,\n  "${key}": ${memberALine(value)}`;
    yield ',\n  "tensors": ';
    yield* encodeTensors(tensors, '  ');
    yield ',\n  "state": ';
    yield* encodeTensors(state, '  ');
    yield ',\n  "optimizer": ';
    if (optimizer === null) yield 'null';
    else {
      yield `{\n    "name": ${JSON.stringify(optimizer.name)},\n    "scalars": ${JSON.stringify(optimizer.scalars)},\n    "tensors": `;
      yield* encodeTensors(optimizer.tensors, '    ');
      yield '\n  }';
    }
    yield ',\n  ';
  }
}

function memberALine(value: object): string {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{\n${members.map(([key, member]) => `    ${JSON.stringify(key)}: ${JSON.stringify(member)}`).join(',\n')}\n  }`;
}

function* encodeTensors(tensors: readonly Tensor[], indent: string): Generator<string> {
  yield '[';
  for (const [index, { name, shape, data }] of tensors.entries()) {
    yield `${index === 0 ? '' : ','}\n${indent}  {"name": ${JSON.stringify(name)}, "shape": ${JSON.stringify(shape)}, "dtype": "float32", "data": "`;
    for (let offset = 0; offset < data.byteLength; offset += pieceBytes) {
      const length = Math.min(pieceBytes, data.byteLength - offset);
      yield Buffer.from(data.buffer, data.byteOffset + offset, length).toString('base64');
    }
    yield '"}';
  }
  yield tensors.length === 0 ? ']' : `\n${indent}]`;
}

/**
 * Refuses a checkpoint that could not be read back. Numbers that are not finite are not a bug,
 * because a run may diverge.
 */
function refuseUnfit(path: string, checkpoint: Checkpoint, fail: Fail): void {
  checkTrained(checkpoint, fail);
  const { model, training, state, optimizer } = checkpoint;
  const trouble = problemInJson({ model, training }, 'the checkpoint');
  if (trouble.message !== null) fail(trouble.message);
  checkTensors(state, 'state', fail);
  if (optimizer !== null) {
    checkOptimizer(optimizer, fail);
    checkTensors(optimizer.tensors, 'optimizer.tensors', fail);
  }
  refuseNonFinite(path, checkpoint);
}

/** @throws RnnError `checkpoint` if a tensor holds NaN or an infinity */
export function refuseNonFinite(path: string, checkpoint: Checkpoint): void {
  for (const { name, data } of allTensors(checkpoint)) {
    const bad = firstNonFinite(data);
    if (bad < 0) continue;
    throw checkpointError(
      `cannot write ${path}: tensor "${name}" holds ${data[bad]} at index ${bad} of ${data.length}`,
      `continue from the last checkpoint with a lower ${flagOf('learningRate')}: training has diverged`,
    );
  }
}
