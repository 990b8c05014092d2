import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RunFolder, readRecords, recordsPath, writeRecords } from '../../src/runs/store.ts';
import { smallCheckpoint, temporaryFolder } from './fixture.ts';

const records = { digest: 'abc', fingerprints: Uint32Array.of(1, 70_000, 2 ** 32 - 1) };

test('fingerprints of records are read unchanged', async () => {
  const folder = temporaryFolder();
  expect(await readRecords(folder)).toBeNull();
  await writeRecords(folder, records);
  expect(await readRecords(folder)).toEqual(records);
  await writeRecords(folder, { digest: 'none', fingerprints: new Uint32Array() });
  expect(await readRecords(folder)).toEqual({ digest: 'none', fingerprints: new Uint32Array() });
});

test('a part of a larger list is written alone', async () => {
  const folder = temporaryFolder();
  await writeRecords(folder, { digest: '', fingerprints: Uint32Array.of(1, 2, 3, 4).subarray(1, 3) });
  expect((await readRecords(folder))!.fingerprints).toEqual(Uint32Array.of(2, 3));
});

test.each(['', 'text', '{}\n', '{"format":"rnn-records","version":1,"digest":"abc","records":3}\n12345678'])(
  'a damaged file %j is an error that names it',
  async (content) => {
    const folder = temporaryFolder();
    writeFileSync(recordsPath(folder), content);
    await expect(readRecords(folder)).rejects.toMatchObject({
      kind: 'checkpoint',
      message: expect.stringContaining('records.bin is damaged') as string,
    });
  },
);

test('the file belongs to its run: a new run removes it, and its remains of a killed process', async () => {
  const folder = join(temporaryFolder(), 'run');
  const run = await RunFolder.create(folder);
  await run.saveLatest(smallCheckpoint());
  await writeRecords(folder, records);
  writeFileSync(join(folder, 'records.bin.123-0.tmp'), '');
  run.close();
  (await RunFolder.create(folder, { force: true })).close();
  expect(readdirSync(folder)).toEqual([]);
});
