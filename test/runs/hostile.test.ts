// Malicious files, with the name of each attack. damage.test.ts has accidental damage.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parameterVector, readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import { RnnError } from '../../src/errors.ts';
import { alter, alterParsed, smallCheckpoint, temporaryFolder } from './fixture.ts';

async function written(): Promise<string> {
  const path = join(temporaryFolder(), 'model.json');
  await writeCheckpoint(path, smallCheckpoint());
  return path;
}

const head = '{"format": "rnn-checkpoint", "version": 1, ';

function fileOf(...pieces: readonly (string | Buffer)[]): string {
  const path = join(temporaryFolder(), 'model.json');
  const file = openSync(path, 'w');
  for (const piece of pieces) writeSync(file, Buffer.from(piece));
  closeSync(file);
  return path;
}

/** As `alter`, on a text without white space. */
function alterText(path: string, edit: (text: string) => string): void {
  alter(path, (text) => {
    const before = JSON.stringify(JSON.parse(text));
    const after = edit(before);
    expect(after).not.toBe(before);
    return after;
  });
}

async function refusal(path: string): Promise<RnnError> {
  const [whole, light] = await Promise.all(
    [readCheckpoint(path), readCheckpoint(path, { weightsOnly: true })].map((reading) =>
      reading.then(
        () => null,
        (error: unknown) => error,
      ),
    ),
  );
  for (const error of [whole, light]) {
    if (!(error instanceof RnnError)) throw new Error(`expected an RnnError, got ${String(error)}`, { cause: error });
    expect(error).toMatchObject({ kind: 'checkpoint', hint: expect.any(String) });
    expect(error.message.length).toBeLessThan(1000);
  }
  return whole as RnnError;
}

/** Growth of the memory of the process during a call, including garbage. */
async function grown(action: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  await action();
  return process.memoryUsage.rss() - before;
}
/** For a file of gigabytes, or a model of terabytes. Includes the memory of Vitest itself. */
const LITTLE_BYTES = 400e6;
const slowMachineMs = 240_000;
/** On other systems such a file does not take space on the disk. */
const isWindows = process.platform === 'win32';

describe('a file that is large, or claims to be', () => {
  it('cannot claim a model of terabytes: nothing is allocated if its tensors are small', async () => {
    const path = await written();
    alterParsed(path, (file) => Object.assign(file.model, { hidden: 1_000_000, layers: 1024 }));
    const growth = await grown(async () => {
      const checkpoint = await readCheckpoint(path);
      expect(() => parameterVector(checkpoint)).toThrow(
        expect.objectContaining({
          kind: 'checkpoint',
          message: 'tensor layer0.Wx has the shape 8×12: expected 8×4000000 as in its model',
        }),
      );
    });
    expect(growth).toBeLessThan(LITTLE_BYTES);
  });

  it.skipIf(isWindows)('is refused at the first piece of a sparse tensor of gigabytes', async () => {
    const tensor = (shape: readonly number[]) =>
      `${head}"tensors": [{"name": "w", "shape": ${JSON.stringify(shape)}, "dtype": "float32", "data": "`;
    const path = fileOf(tensor([20_000, 20_000]));
    truncateSync(path, 2.2e9);
    expect(
      await grown(async () => expect((await refusal(path)).message).toContain('it has a NUL character in a text')),
    ).toBeLessThan(LITTLE_BYTES);
    const absurd = fileOf(tensor([50_000, 50_000]));
    truncateSync(absurd, 1e12);
    expect((await refusal(absurd)).message).toContain('it has a NUL character in a text');
  });

  it.skipIf(isWindows).each(['"vocabulary": {"unit": "char", "symbols": ["', '"training": {"options": {"x": "', '"'])(
    'is refused if %s has gigabytes',
    async (start) => {
      const path = fileOf(head, start);
      truncateSync(path, 2.2e9);
      const growth = await grown(async () =>
        expect((await refusal(path)).message).toContain('it has a NUL character in a text'),
      );
      expect(growth).toBeLessThan(LITTLE_BYTES);
    },
    slowMachineMs,
  );

  it.each([
    [
      'unknown members',
      `"m0": 0${Array.from({ length: 40 }, (_, i) => `, "m${i + 1}": "${'x'.repeat(2 ** 20)}"`).join('')}}`,
      '32 MB',
    ],
    ['white space', `"model":${' '.repeat(40 * 2 ** 20)}{}}`, '32 MB'],
    [
      'members of a tensor',
      `"tensors": [{"m0": 0${Array.from({ length: 40 }, (_, i) => `, "m${i + 1}": "${'x'.repeat(2 ** 20)}"`).join('')}}]}`,
      '32 MB',
    ],
    ['empty lists', `"model": [${'[],'.repeat(2 ** 21)}1]}`, '2097152 values'],
    [
      'keys',
      `"model": {${Array.from({ length: 2 ** 20 }, (_, i) => `"${i}":0`).join(',')}, "x": 0}}`,
      '2097152 values',
    ],
  ])(
    'is refused for its bulk of %s',
    async (_, rest, most) => {
      expect((await refusal(fileOf(head, rest))).message).toContain(
        `it holds more than ${most} besides the data of its tensors`,
      );
    },
    slowMachineMs,
  );

  it(
    'may be as large as its tensors, and hold all of Unicode',
    async () => {
      const symbols = Array.from({ length: 0x110000 }, (_, codePoint) => String.fromCodePoint(codePoint));
      const checkpoint = smallCheckpoint();
      const path = join(temporaryFolder(), 'model.json');
      const large = { name: 'large', shape: [8_000_000], data: new Float32Array(8_000_000).fill(0.1) };
      await writeCheckpoint(path, {
        ...checkpoint,
        model: { ...checkpoint.model, vocabulary: symbols.length },
        vocabulary: { unit: 'char', symbols, unknown: null },
        tensors: [large],
      });
      const { vocabulary, tensors } = await readCheckpoint(path);
      expect([vocabulary.symbols.length, tensors[0].data.length]).toEqual([0x110000, 8_000_000]);
    },
    slowMachineMs,
  );

  it('has a message of one line, however long the quoted value', async () => {
    const long = 'x'.repeat(2 ** 20);
    const cases: readonly (readonly [string, string])[] = [
      [`{"format": "rnn-checkpoint", "version": 1, ["${long}"]: 1}`, 'it is not JSON: '],
      [`${head}"training": {"${long}": {"${long}": 1e999}}}`, 'is Infinity: expected a finite number'],
      [`{"format": "${long}"}`, 'its format is "xxx'],
      [`${head}"model": "${long}"}`, 'model is "xxx'],
    ];
    for (const [text, message] of cases) expect((await refusal(fileOf(text))).message).toContain(message);
    const path = await written();
    alterParsed(path, (file) => (file.vocabulary.symbols[0] = long));
    expect((await refusal(path)).message).toContain('is not one character');
  });

  // An ordinary open waits for a process that writes.
  it.skipIf(isWindows)('cannot be a pipe, for which reading would wait', async () => {
    const path = join(temporaryFolder(), 'latest.json');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    expect((await refusal(path)).message).toBe(`cannot read ${path}: it is not a file`);
  });
});

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('JSON that is made to confuse', () => {
  it.each([
    [
      'model',
      (text: string) => text.replace('"model":{', `"model":{"deep":${nested(100_000)},`),
      'it is nested more than 64 levels deep',
    ],
    [
      'vocabulary',
      (text: string) => text.replace('"symbols":[', `"symbols":[${nested(100_000)},`),
      'it is nested more than 64 levels deep',
    ],
    [
      'an unknown member',
      (text: string) => text.replace('"tensors"', `"more":${nested(100_000)},"tensors"`),
      'it is nested more than 64 levels deep',
    ],
    ['a shape', (text: string) => text.replace('[8,12]', nested(100_000)), 'it is nested more than 64 levels deep'],
    ['a key', (text: string) => text.replace('"model"', nested(100_000)), 'it is nested more than 64 levels deep'],
    [
      'objects',
      (text: string) =>
        text.replace('"options":{', `"options":{"deep":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)},`),
      'it is nested more than 64 levels deep',
    ],
  ])('is refused for nesting in %s', async (_, edit, message) => {
    const path = await written();
    alterText(path, edit);
    expect((await refusal(path)).message).toContain(message);
  });

  it.each([
    ['in the model', ['"hidden":3', '"hidden":3,"hidden":1048576'], 'it has a duplicate key'],
    ['spelt in two ways', ['"hidden":3', '"hidden":3,"h\\u0069dden":1048576'], 'it has a duplicate key'],
    ['deep inside', ['"options":{', '"options":{"a":[{"b":{"c":1,"c":2}}],'], 'it has a duplicate key'],
    ['that is a number', ['"options":{', '"options":{"1":1,"1":2,'], 'it has a duplicate key'],
    ['at the top, spelt in two ways', ['"state":', '"t\\u0065nsors":[],"state":'], 'it has a duplicate key'],
    ['in the optimizer', ['"scalars"', '"name":"sgd","scalars"'], 'it has a duplicate key'],
    ['of data', ['"dtype"', '"data":"AAAA","dtype"'], 'it has a duplicate key'],
  ])('is refused for a duplicate key, %s', async (_, [from, to], message) => {
    const path = await written();
    alterText(path, (text) => text.replace(from, to));
    expect((await refusal(path)).message).toContain(message);
  });

  it.each([
    ['the checkpoint', '"tensors"', 'KEY is a forbidden name'],
    ['the model', '"hidden"', 'model.KEY is a forbidden name'],
    ['the position', '"window"', 'training.position.KEY is a forbidden name'],
    ['the history', '"lossNats"', 'training.history[0].KEY is a forbidden name'],
    ['a tensor', '"dtype"', 'tensors[0].KEY is a forbidden name'],
    ['the optimizer', '"scalars"', 'optimizer.KEY is a forbidden name'],
    ['its scalars', '"beta1"', 'optimizer.scalars.KEY is a forbidden name'],
  ])('is refused for a key that reaches a prototype in %s', async (_, before, message) => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const path = await written();
      alterText(path, (text) => text.replace(before, `"${key}":{"polluted":1},${before}`));
      expect((await refusal(path)).message).toContain(message.replace('KEY', key));
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

it('may have tensors with names like paths, which are only names', async () => {
  const path = await written();
  alterParsed(path, (file) => {
    file.tensors[0].name = '../../etc/passwd';
    file.state[0].name = '/dev/null';
  });
  const { tensors, state } = await readCheckpoint(path);
  expect([tensors[0].name, state[0].name]).toEqual(['../../etc/passwd', '/dev/null']);
});
