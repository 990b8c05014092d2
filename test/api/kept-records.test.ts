// records.bin in a run folder: when it is written, and the records that it has.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadCheckpoint, train } from '../../src/index.ts';
import { FingerprintSet } from '../../src/corpus/record-fingerprints.ts';
import { readRecords, recordsPath } from '../../src/runs/store.ts';
import { newFolder, small } from './fixture.ts';

const names = Array.from({ length: 60 }, (_, index) => `name ${index % 7}${index}`);
const quick = { ...small, sampleEvery: 1000, evaluateEvery: 1000, records: 'line' } as const;

async function recordsAfter(request: Parameters<typeof train>[0], out: string): Promise<FingerprintSet> {
  await (await train(request)).finished();
  return new FingerprintSet((await readRecords(out))!.fingerprints);
}

test('a run keeps the fingerprints of its records, and writes them again if they are missing', async () => {
  const folder = newFolder();
  const [text, out] = [join(folder, 'names.txt'), join(folder, 'run')];
  writeFileSync(text, names.join('\n'));
  const request = { ...quick, corpus: text, out };
  const set = await recordsAfter({ ...request, maxSteps: 2 }, out);
  expect(names.every((name) => set.has(name))).toBe(true);
  expect(set.fingerprints).toHaveLength(60);
  rmSync(recordsPath(out));
  const again = await recordsAfter({ corpus: text, out, resume: true, maxSteps: 4, device: 'cpu', threads: 1 }, out);
  expect(again.fingerprints).toEqual(set.fingerprints);
  expect((await loadCheckpoint(out)).training['corpus']).toMatchObject({ longestRecord: 8 });
});

test('a run that resumes with another text keeps the records of both', async () => {
  const folder = newFolder();
  const [text, out] = [join(folder, 'names.txt'), join(folder, 'run')];
  writeFileSync(text, names.slice(0, 40).join('\n'));
  await recordsAfter({ ...quick, corpus: text, out, maxSteps: 2 }, out);
  writeFileSync(text, names.slice(20).join('\n'));
  const resumed = { corpus: text, out, resume: true, acceptNewCorpus: true, maxSteps: 4, device: 'cpu', threads: 1 };
  const set = await recordsAfter(resumed as Parameters<typeof train>[0], out);
  expect(names.every((name) => set.has(name))).toBe(true);
});

test('a run on a text without records has no such file, and its checkpoint does not name a longest record', async () => {
  const out = join(newFolder(), 'run');
  await (await train({ ...small, maxSteps: 2, out })).finished();
  expect(existsSync(recordsPath(out))).toBe(false);
  expect((await loadCheckpoint(out)).training['corpus']).not.toHaveProperty('longestRecord');
});
