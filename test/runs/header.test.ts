import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readHeader, readOutline } from '../../src/runs/read.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import { alter, smallCheckpoint, temporaryFolder } from './fixture.ts';

async function written(changes = {}): Promise<string> {
  const path = join(temporaryFolder(), 'latest.json');
  await writeCheckpoint(path, smallCheckpoint(changes));
  return path;
}

test('the header of a checkpoint is the whole checkpoint without its tensors', async () => {
  const path = await written();
  const { model, vocabulary, training } = await readCheckpoint(path);
  expect(await readHeader(path)).toEqual({ model, vocabulary, training });
});

test('the header is read without any tensors', async () => {
  const path = await written();
  const text = readFileSync(path, 'utf8');
  const from = text.indexOf('"tensors"') + '"tensors": ['.length;
  const to = text.lastIndexOf('"checksum"');
  writeFileSync(path, text.slice(0, from) + '!'.repeat(to - from) + text.slice(to));
  await expect(readCheckpoint(path)).rejects.toThrow('is damaged');
  expect(await readHeader(path)).toMatchObject({ training: { step: 120 } });
});

test.each([
  [
    'is cut off in its tensors',
    (path: string) => truncateSync(path, readFileSync(path, 'utf8').indexOf('"tensors"') + 60),
    'is damaged: it is cut off after',
  ],
  ['is cut off before them', (path: string) => truncateSync(path, 300), 'is damaged: it is cut off after 300 bytes'],
  ['is empty', (path: string) => truncateSync(path, 0), 'is empty'],
  ['is something else', (path: string) => writeFileSync(path, 'hello'), 'is not a checkpoint of rnn'],
  [
    'is of a newer version',
    (path: string) => alter(path, (text) => text.replace('"version": 1', '"version": 3')),
    'has version 3',
  ],
  [
    'has a cell of another program',
    (path: string) => alter(path, (text) => text.replace('"lstm"', '"nothing"')),
    'cannot run the model of ',
  ],
  [
    'has an invalid step',
    (path: string) => alter(path, (text) => text.replace('"step": 120,', '"step": -1,')),
    'training.step is -1',
  ],
])('a file that %s has no header', async (_, damage, message) => {
  const path = await written();
  damage(path);
  await expect(readHeader(path)).rejects.toMatchObject({
    kind: 'checkpoint',
    message: expect.stringContaining(message),
  });
});

test('the header is also read if the tensors precede it', async () => {
  const path = await written({ state: [], optimizer: null });
  alter(path, (text) => {
    const [head, tensors] = [
      text.slice(0, text.indexOf(',\n  "model"')),
      text.slice(text.indexOf(',\n  "tensors"'), text.indexOf(',\n  "state"')),
    ];
    return `${head}${tensors}${text.slice(head.length).replace(tensors, '')}`;
  });
  const { model, training } = await readCheckpoint(path);
  expect(await readHeader(path)).toMatchObject({ model, training });
});

/** Edits a file without correcting its checksum, which the outline does not need. */
const alterText = (path: string, edit: (text: string) => string): void =>
  writeFileSync(path, edit(readFileSync(path, 'utf8')));

/** The checkpoint without the numbers of its tensors. */
async function outlineOf(path: string) {
  const { model, vocabulary, training, tensors, optimizer } = await readCheckpoint(path);
  return {
    model,
    vocabulary,
    training,
    tensors: tensors.map(({ name, shape }) => ({ name, shape })),
    optimizer: { name: optimizer!.name, scalars: optimizer!.scalars },
  };
}

/** Large enough that the data of its tensors is not in one chunk of the file. */
const largeTensors = {
  tensors: [700, 900].map((rows, index) => ({
    name: `large${index}`,
    shape: [rows, 401],
    data: new Float32Array(rows * 401).fill(0.5),
  })),
};

test.each([
  ['small', {}],
  ['large', largeTensors],
])('the outline of a %s checkpoint is the checkpoint without its numbers', async (_, changes) => {
  const path = await written(changes);
  expect(await readOutline(path)).toMatchObject(await outlineOf(path));
});

test('the outline is read without the data of the tensors', async () => {
  const path = await written(largeTensors);
  const outline = await outlineOf(path);
  alterText(path, (text) =>
    // A NUL character or a quote in a text would be a fault.
    text.replaceAll(/(?<=401\], "dtype": "float32", "data": ")[^"]{4}/g, '"\u0000\u0000x'),
  );
  await expect(readCheckpoint(path)).rejects.toThrow('is damaged');
  expect(await readOutline(path)).toMatchObject(outline);
});

test('the outline is also read if another program formatted the file', async () => {
  const path = await written(largeTensors);
  const outline = await outlineOf(path);
  alterText(path, (text) => JSON.stringify(JSON.parse(text)));
  expect(await readOutline(path)).toMatchObject(outline);
});

test.each([
  ['a shape of too few numbers', '[700,4]', 'is longer than its shape says'],
  ['a shape of too many numbers', '[700,40100]', 'is shorter than its shape says'],
  ['a shape of more numbers than there are', '[2147483647,2147483647,2147483647]', 'is shorter than its shape says'],
])('a file with %s has no outline', async (_, shape, message) => {
  const path = await written(largeTensors);
  alterText(path, (text) => text.replace('[700,401]', shape));
  await expect(readOutline(path)).rejects.toThrow(message);
});
