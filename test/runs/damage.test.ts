import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { RnnError } from '../../src/errors.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import { alter, alterParsed, failure, smallCheckpoint, temporaryFolder, written } from './fixture.ts';

/** Seconds on an idle machine. No test here depends on the time it takes. */
const slowMachineMs = 120_000;

describe('reading a damaged checkpoint', () => {
  it('reports that it is cut off, wherever that happened', async () => {
    const path = await written();
    const whole = readFileSync(path);
    for (let length = whole.length - 2; length > 0; length -= 7) {
      writeFileSync(path, whole.subarray(0, length));
      expect((await failure(path)).message).toBe(`${path} is damaged: it is cut off after ${length} bytes`);
    }
  });

  it('also reports that if only the weights are read', async () => {
    const path = await written('best.json');
    const whole = readFileSync(path, 'utf8');
    const optimizerAt = whole.indexOf('"optimizer"');
    const damaged = whole.indexOf('"data": "', optimizerAt) + 20;
    writeFileSync(path, `${whole.slice(0, damaged)}${whole[damaged] === 'A' ? 'B' : 'A'}${whole.slice(damaged + 1)}`);
    await expect(readCheckpoint(path, { weightsOnly: true })).rejects.toMatchObject({
      kind: 'checkpoint',
      message: expect.stringContaining('checksum does not match'),
    });
    for (let length = whole.length - 2; length > optimizerAt; length -= 7) {
      writeFileSync(path, whole.slice(0, length));
      await expect(readCheckpoint(path, { weightsOnly: true })).rejects.toMatchObject({
        message: expect.stringContaining('is cut off after'),
      });
    }
    writeFileSync(path, whole);
    for (const [shape, message] of [
      [[5, 12], 'is longer than its shape says'],
      [[9, 12], 'is shorter than its shape says'],
    ] as const) {
      alterParsed(path, (file) => (file.optimizer.tensors[0].shape = shape));
      await expect(readCheckpoint(path, { weightsOnly: true })).rejects.toMatchObject({
        kind: 'checkpoint',
        message: expect.stringContaining(message),
      });
    }
  });

  it('points to previous.json if it was latest.json', async () => {
    const path = await written();
    truncateSync(path, 300);
    expect((await failure(path)).hint).toContain(path.replace('latest', 'previous'));
  });

  it('notices any edit by the checksum', async () => {
    const path = await written('best.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"step": 120', '"step": 121'));
    expect(await failure(path)).toMatchObject({
      kind: 'checkpoint',
      message: expect.stringContaining(`${path} is damaged: its checksum does not match`),
      hint: expect.any(String),
    });
  });

  it('names the other format of the file', async () => {
    const path = join(temporaryFolder(), 'file');
    const messages = {
      '': 'is empty',
      hello: 'is not a checkpoint of rnn: it starts with "hello" and is not a JSON object',
      '[1, 2]': 'it starts with "[1, 2]" and is not a JSON object',
      '{"name": "rnn"}': 'is not a checkpoint of rnn: its first member is "name"',
      '{"format": "gguf", "version": 1}': 'is not a checkpoint of rnn: its format is "gguf"',
      '{"format": "rnn-checkpoint", "version": "1"}': '"version" is "1": expected a whole number from 1',
      '{"format": "rnn-checkpoint", "model": {}}': '"version" does not follow "format"',
      '{}': '"model" is missing',
      '{format: 1}': 'is damaged: it is not JSON: ',
      '{"format" 1}': 'is damaged: it is not JSON: ',
      '{1: 2}': 'is damaged: it is not JSON: ',
    };
    for (const [text, message] of Object.entries(messages)) {
      writeFileSync(path, text);
      expect(await failure(path)).toMatchObject({
        kind: 'checkpoint',
        message: expect.stringContaining(message),
        hint: expect.any(String),
      });
    }
  });

  it('names both versions if the file has a newer version', async () => {
    const path = await written();
    alter(path, (text) => text.replace('"version": 1', '"version": 3'));
    expect(await failure(path)).toMatchObject({
      kind: 'checkpoint',
      message: `${path} has version 3 of the checkpoint format: expected at most 2, the newest that this rnn reads`,
      hint: expect.stringContaining('update'),
    });
  });

  it('reports a missing file, a folder, or a missing permission', async () => {
    const folder = temporaryFolder();
    expect(await failure(join(folder, 'none.json'))).toMatchObject({
      kind: 'checkpoint',
      message: expect.stringContaining('checkpoint not found: '),
      hint: expect.stringContaining('rnn train'),
    });
    expect((await failure(folder)).message).toContain('is not a file');
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'reports a missing permission (skipped for root, who may read everything)',
    async () => {
      const path = await written();
      chmodSync(path, 0);
      expect((await failure(path)).message).toContain(': EACCES');
    },
  );
});

describe('reading a checkpoint with changed bytes', () => {
  it(
    'gives a checkpoint or an RnnError, whichever bytes are changed',
    async () => {
      const folder = temporaryFolder();
      const path = join(folder, 'latest.json');
      await writeCheckpoint(path, smallCheckpoint());
      const whole = readFileSync(path);
      const place = fc.tuple(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.constantFrom(...Buffer.from('"\\{}[]:,0-9nNeE=/_\n\0\u00ff', 'latin1')),
      );
      mkdirSync(join(folder, 'mutated'));
      const mutated = join(folder, 'mutated', 'latest.json');
      const outcomes = fc.asyncProperty(
        fc.array(place, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (places, isResealed) => {
          const bytes = Buffer.from(whole);
          for (const [at, byte] of places) bytes[at] = byte;
          writeFileSync(mutated, bytes);
          if (isResealed) alter(mutated, (text) => text);
          const outcome = await readCheckpoint(mutated).catch((error: unknown) => error);
          return (
            !(outcome instanceof Error) ||
            (outcome instanceof RnnError && outcome.kind === 'checkpoint' && outcome.hint !== undefined)
          );
        },
      );
      await expect(fc.assert(outcomes, { numRuns: 600, seed: 1 })).resolves.toBeUndefined();
    },
    slowMachineMs,
  );
});
