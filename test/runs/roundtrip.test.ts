import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import { alterParsed, smallCheckpoint, temporaryFolder, tensor } from './fixture.ts';

const documentation = readFileSync(new URL('../../docs/checkpoint-format.md', import.meta.url), 'utf8');

describe('a checkpoint file', () => {
  it('returns exactly the written checkpoint', async () => {
    const path = join(temporaryFolder(), 'latest.json');
    for (const checkpoint of [smallCheckpoint(), smallCheckpoint({ optimizer: null, state: [], tensors: [] })]) {
      await writeCheckpoint(path, checkpoint);
      expect(await readCheckpoint(path)).toEqual(checkpoint);
    }
  });

  it('returns every bit of a number, including the smallest, the largest and minus zero', async () => {
    const path = join(temporaryFolder(), 'latest.json');
    const data = Float32Array.of(-0, 1.401298464324817e-45, 3.4028234663852886e38, -3.4028234663852886e38, 1 / 3);
    await writeCheckpoint(path, smallCheckpoint({ tensors: [{ name: 'w', shape: [5], data }] }));
    const [read] = (await readCheckpoint(path)).tensors;
    expect(new Uint32Array(read.data.buffer)).toEqual(new Uint32Array(data.buffer));
  });

  // Pieces are 768 KB when writing, 256 K characters when reading, and the window is 1 MB: sizes at
  // and around their ends.
  it.each([65_535, 65_536, 196_607, 196_608, 196_609, 262_145, 786_433])(
    'holds a tensor of %i numbers, among small ones',
    async (length) => {
      const path = join(temporaryFolder(), 'latest.json');
      const checkpoint = smallCheckpoint({
        tensors: [tensor('before', [5]), tensor('large', [length], 7), tensor('after', [7])],
      });
      await writeCheckpoint(path, checkpoint);
      const read = await readCheckpoint(path);
      expect(
        read.tensors.map(({ data }) =>
          Buffer.from(data.buffer).equals(
            Buffer.from(checkpoint.tensors.find((one) => one.data.length === data.length)!.data.buffer),
          ),
        ),
      ).toEqual([true, true, true]);
    },
  );

  it('holds a vocabulary and a history larger than the window of reading', async () => {
    const path = join(temporaryFolder(), 'latest.json');
    const symbols = Array.from({ length: 200_000 }, (_, i) => String.fromCodePoint(0x20000 + i));
    const base = smallCheckpoint();
    const history = Array.from({ length: 20_000 }, (_, i) => ({
      step: i,
      lossNats: 2 + 1 / (i + 1),
      text: 'a "quote" \\ and {[',
    }));
    const checkpoint = {
      ...base,
      model: { ...base.model, vocabulary: symbols.length },
      vocabulary: { unit: 'char', symbols, unknown: 3 },
      training: { ...base.training, history },
    } as const;
    await writeCheckpoint(path, checkpoint);
    expect(await readCheckpoint(path)).toEqual(checkpoint);
  });

  it('is the same wherever a chunk ends: before, in and after an escape and a quotation mark', async () => {
    const path = join(temporaryFolder(), 'latest.json');
    const { training, ...small } = smallCheckpoint();
    const write = (note: string): Promise<void> => writeCheckpoint(path, { ...small, training: { ...training, note } });
    await write('here');
    const start = readFileSync(path, 'utf8').indexOf('"here"');
    for (let length = 2 ** 20 - start - 12; length < 2 ** 20 - start + 4; length++) {
      const note = `${'x'.repeat(length)}"\\"`;
      await write(note);
      expect((await readCheckpoint(path)).training['note'] === note).toBe(true);
    }
  });

  it('accepts tensors in memory shared with workers, and parts of larger arrays', async () => {
    const path = join(temporaryFolder(), 'latest.json');
    const shared = new Float32Array(new SharedArrayBuffer(64), 8, 6).fill(0.25);
    await writeCheckpoint(path, smallCheckpoint({ tensors: [{ name: 'shared', shape: [2, 3], data: shared }] }));
    expect([...(await readCheckpoint(path)).tensors[0].data]).toEqual([...shared]);
  });

  it('is JSON that begins with the most useful members', async () => {
    const path = join(temporaryFolder(), 'latest.json');
    await writeCheckpoint(path, smallCheckpoint());
    const text = readFileSync(path, 'utf8');
    expect(Object.keys(JSON.parse(text))).toEqual([
      'format',
      'version',
      'model',
      'vocabulary',
      'training',
      'tensors',
      'state',
      'optimizer',
      'checksum',
    ]);
    expect(text.split('\n').slice(0, 4).join('\n')).toBe(
      '{\n  "format": "rnn-checkpoint",\n  "version": 1,\n  "model": {',
    );
    expect(text).toContain('\n    "step": 120,\n');
  });

  it('has a version that is refused by readers that would ignore how the cells are connected', async () => {
    const { model } = smallCheckpoint();
    const versionFor = async (connections: object): Promise<unknown> => {
      const path = join(temporaryFolder(), 'connected.json');
      await writeCheckpoint(path, smallCheckpoint({ model: { ...model, ...connections } }));
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: unknown };
      expect((await readCheckpoint(path)).model).toMatchObject(connections);
      return version;
    };
    expect(await versionFor({ skip: 'none', stacking: 'plain', timeSkip: 0, gateBias: 2 })).toBe(1);
    for (const connections of [
      { skip: 'input' },
      { stacking: 'residual' },
      { timeSkip: 2 },
      { layerNorm: true },
      { learnedState: true },
    ])
      expect(await versionFor(connections)).toBe(2);
  });

  it('is read in any other layout of the same JSON, with members that this version does not know', async () => {
    const path = join(temporaryFolder(), 'latest.json');
    const checkpoint = smallCheckpoint();
    await writeCheckpoint(path, checkpoint);
    alterParsed(path, (file) => {
      const { tensors, state } = file;
      delete file.tensors;
      delete file.state;
      Object.assign(file, { addedLater: [{ data: 'x' }], state, tensors });
      file.tensors[0].addedLater = { a: [1, 2, '"'] };
      file.optimizer.addedLater = true;
    });
    expect(await readCheckpoint(path)).toEqual(checkpoint);
  });

  // The window is 1 MB: tensors that end before it does, and tensors that need several.
  it.each([3, 300_001])(
    'returns only the parts that using the model needs, on request (optimizer of %i numbers)',
    async (length) => {
      const path = join(temporaryFolder(), 'latest.json');
      const optimizer = {
        name: 'adam',
        scalars: { step: 120 },
        tensors: [tensor('m', [length]), tensor('v', [length], 2)],
      };
      const checkpoint = smallCheckpoint({ optimizer });
      await writeCheckpoint(path, checkpoint);
      const { model, vocabulary, training, tensors } = checkpoint;
      expect(await readCheckpoint(path, { weightsOnly: true })).toEqual({
        model,
        vocabulary,
        training,
        tensors,
        optimizer: { name: 'adam', scalars: { step: 120 } },
      });
      await writeCheckpoint(path, smallCheckpoint({ optimizer: null }));
      expect(await readCheckpoint(path, { weightsOnly: true })).toMatchObject({ optimizer: null });
    },
  );

  it('is the same, byte for byte, when written twice', async () => {
    const folder = temporaryFolder();
    await writeCheckpoint(join(folder, 'a'), smallCheckpoint());
    await writeCheckpoint(join(folder, 'b'), smallCheckpoint());
    expect(readFileSync(join(folder, 'a'))).toEqual(readFileSync(join(folder, 'b')));
  });
});

describe('writing a checkpoint', () => {
  it.each([NaN, Infinity, -Infinity])(
    'refuses %s in a weight, names the tensor, and leaves only the old file',
    async (bad) => {
      const folder = temporaryFolder();
      const path = join(folder, 'latest.json');
      await writeCheckpoint(path, smallCheckpoint());
      const before = readFileSync(path);
      const spoilt = tensor('layer1.Wh', [4, 4]);
      spoilt.data[9] = bad;
      for (const changes of [
        { tensors: [spoilt] },
        { state: [spoilt] },
        { optimizer: { name: 'sgd', scalars: {}, tensors: [spoilt] } },
      ]) {
        await expect(writeCheckpoint(path, smallCheckpoint(changes))).rejects.toMatchObject({
          kind: 'checkpoint',
          message: expect.stringContaining(`tensor "layer1.Wh" holds ${bad} at index 9 of 16`),
          hint: expect.any(String),
        });
      }
      expect(readFileSync(path)).toEqual(before);
      expect(readdirSync(folder)).toEqual(['latest.json']);
    },
  );

  it('treats unreadable contents as a bug: wrong shapes, numbers that JSON lacks, forbidden keys', async () => {
    const path = join(temporaryFolder(), 'latest.json');
    const { training } = smallCheckpoint();
    for (const changes of [
      { tensors: [{ name: 'w', shape: [2, 2], data: new Float32Array(3) }] },
      { tensors: [tensor('w', [2]), tensor('w', [2])] },
      { training: { ...training, options: { epochs: Infinity } } },
      { training: { ...training, options: JSON.parse('{"__proto__": 1}') } },
      { training: { ...training, step: -1 } },
    ]) {
      await expect(writeCheckpoint(path, smallCheckpoint(changes))).rejects.toMatchObject({
        name: 'Error',
        message: expect.stringContaining('unfit'),
      });
    }
  });
});

describe('the reader in docs/checkpoint-format.md', () => {
  const [, program] = /```python\n([^]*?)```/.exec(documentation) ?? [];
  const numpy = spawnSync('python3', ['-c', 'import numpy']);
  const missing = numpy.error ? 'there is no python3 here' : numpy.status !== 0 ? 'python3 has no numpy here' : '';

  it('is five lines of Python', () => {
    expect(program.trimEnd().split('\n')).toHaveLength(5);
  });

  it(`reads every tensor and notices an edit${missing === '' ? '' : ` (skipped: ${missing})`}`, async (context) => {
    context.skip(missing !== '', missing);
    const path = join(temporaryFolder(), 'latest.json');
    const checkpoint = smallCheckpoint();
    await writeCheckpoint(path, checkpoint);
    const print = 'print(json.dumps({name: [list(w.shape), w.ravel().tolist()] for name, w in weights.items()}))';
    const run = () => spawnSync('python3', ['-c', `${program}\n${print}`, path], { encoding: 'utf8' });
    const { stdout, stderr } = run();
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(
      Object.fromEntries(checkpoint.tensors.map(({ name, shape, data }) => [name, [shape, [...data]]])),
    );

    writeFileSync(path, readFileSync(path, 'utf8').replace('"step": 120', '"step": 121'));
    expect(run().stderr).toContain('AssertionError');
  });
});
