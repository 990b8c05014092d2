import { expect, test } from 'vitest';
import { FingerprintSet, fingerprintsOf, union } from '../../src/corpus/record-fingerprints.ts';
import { runInSlices } from '../../src/run-in-slices.ts';
import { folderWith, read } from './fixture.ts';

const names = Array.from({ length: 500 }, (_, index) => `name ${index}`);
const fingerprints = async (lines: readonly string[], options = {}): Promise<Uint32Array> => {
  const folder = folderWith({ 'names.txt': `${lines.join('\n')}\n` });
  const corpus = await read(`${folder}/names.txt`, { records: 'line', ...options });
  return runInSlices(fingerprintsOf(corpus));
};

test('every record of each part is in the set once, and other texts are not', async () => {
  const all = await fingerprints([...names, ...names.slice(0, 50)], { validationFraction: 0.2, testFraction: 0.1 });
  const set = new FingerprintSet(all);
  expect(all).toHaveLength(500);
  expect(names.every((name) => set.has(name))).toBe(true);
  expect(Array.from({ length: 500 }, (_, index) => `name ${500 + index}`).some((name) => set.has(name))).toBe(false);
  expect([set.has(''), set.has('name'), set.has('name 1\n')]).toEqual([false, false, false]);
});

test('pairs are whole records, in lower case if the model reads lower case', async () => {
  const set = new FingerprintSet(await fingerprints(['Who\tI', 'When\tNow'], { learnAfter: '\t', lowercase: true }));
  expect(['who\ti', 'when\tnow', 'who', 'Who\tI'].map((text) => set.has(text))).toEqual([true, true, false, false]);
});

test('the union of two sets has the records of both', async () => {
  const [first, second] = [await fingerprints(names.slice(0, 300)), await fingerprints(names.slice(200))];
  const both = union(first, second);
  expect(both).toEqual(await fingerprints(names));
});

test('an empty set has no record', () => {
  expect(new FingerprintSet(new Uint32Array()).has('name')).toBe(false);
});
