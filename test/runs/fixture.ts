// A small checkpoint, folders to put it in, and ways to damage its file.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { RnnError } from '../../src/errors.ts';
import type { Checkpoint, Tensor } from '../../src/runs/checkpoint.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import { Random } from '../../src/random.ts';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-checkpoint-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function tensor(name: string, shape: readonly number[], seed = 1): Tensor {
  const random = new Random(seed);
  return {
    name,
    shape,
    data: Float32Array.from({ length: shape.reduce((product, length) => product * length, 1) }, () => random.normal()),
  };
}

const symbols = ['\n', ' ', '"', '\\', 'a', 'é', '\u2028', '😀'];

export function smallCheckpoint(changes: Partial<Checkpoint> = {}): Checkpoint {
  return {
    model: {
      cell: 'lstm',
      layers: 1,
      hidden: 3,
      embedding: 0,
      vocabulary: symbols.length,
      forgetBias: 1,
      initialisation: 'uniform',
      dropout: 0.1,
      conventions: { gates: 'i f g o' },
    },
    vocabulary: { unit: 'char', symbols, unknown: null },
    training: {
      options: { batchSize: 50, corpus: ['a "quoted" name.txt'], note: 'ünï\u2028\ud800' },
      step: 120,
      epoch: 1.5,
      position: { epoch: 1, window: 7 },
      random: new Random(1).state,
      history: [
        { step: 60, lossNats: 2.5 },
        { step: 120, lossNats: 2.25, validationLossNats: null },
      ],
      bestValidationLossNats: 2.125,
      patienceLeft: 3,
    },
    tensors: [
      tensor('layer0.Wx', [8, 12]),
      tensor('layer0.bias', [13], 2),
      tensor('scale', [], 3),
      tensor('one', [1], 4),
    ],
    state: [tensor('layer0.h', [2, 3], 5)],
    optimizer: { name: 'adam', scalars: { step: 120, beta1: 0.9 }, tensors: [tensor('layer0.Wx.m', [8, 12], 6)] },
    ...changes,
  };
}

/**
 * Changes the text of a checkpoint file and updates its checksum, so that only the change is wrong.
 */
export function alter(path: string, edit: (text: string) => string): void {
  const [body] = edit(readFileSync(path, 'utf8')).split('"checksum"');
  writeFileSync(path, `${body}"checksum": "${createHash('sha256').update(body).digest('hex')}"\n}\n`);
}

/** As `alter`, on the parsed file. */
export function alterParsed(path: string, edit: (file: any) => unknown): void {
  alter(path, (text) => {
    const file = JSON.parse(text);
    delete file.checksum;
    edit(file);
    return `${JSON.stringify(file).slice(0, -1)},"checksum"`;
  });
}

/** The path of a small checkpoint. */
export async function written(name = 'latest.json'): Promise<string> {
  const path = join(temporaryFolder(), name);
  await writeCheckpoint(path, smallCheckpoint());
  return path;
}

/** The error of reading a file. */
export async function failure(path: string): Promise<RnnError> {
  const error = await readCheckpoint(path).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(error instanceof RnnError)) throw new Error(`expected an RnnError, got ${String(error)}`, { cause: error });
  return error;
}
