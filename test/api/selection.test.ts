// Texts that meet conditions, and prompts in a list, with small models of records and of text.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Model, type Sample, type SampleTextsOptions, openModel } from '../../src/index.ts';
import { characterVocabulary, byteVocabulary } from '../../src/corpus/vocabulary.ts';
import { FingerprintSet, fingerprintsOf } from '../../src/corpus/record-fingerprints.ts';
import { runInSlices } from '../../src/run-in-slices.ts';
import { writeCheckpoint, writeRecords } from '../../src/runs/store.ts';
import { folderWith, read } from '../corpus/fixture.ts';
import { cyclic, untrained } from '../sampling/fixture.ts';
import { allOf, newFolder } from './fixture.ts';

const machine = { device: 'cpu', threads: 1 } as const;
const records = untrained(characterVocabulary('abc', false, '\n').data);
const openRecords = (): Promise<Model> => openModel(records, machine);

async function closing<Result>(model: Promise<Model>, use: (model: Model) => Promise<Result>): Promise<Result> {
  const opened = await model;
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}
const texts = (options: SampleTextsOptions, model = openRecords()): Promise<string[]> =>
  closing(model, (opened) => allOf(opened.sampleMany({ seed: 1, ...options })));
const samples = (options: SampleTextsOptions, model = openRecords()): Promise<Sample[]> =>
  closing(model, (opened) => allOf(opened.samples({ seed: 1, ...options })));

test('unique records are all different, in the order of their seeds, each reproducible by its seed', async () => {
  const plain = await texts({ count: 60 });
  expect(new Set(plain).size).toBeLessThan(60);
  const unique = await samples({ count: 60, unique: true });
  expect(new Set(unique.map(({ text }) => text)).size).toBe(60);
  expect(unique[0].text).toBe(plain[0]);
  const again = unique.findLast(({ index, seed }) => seed !== 1 + index)!;
  expect(await texts({ count: 1, seed: again.seed })).toEqual([again.text]);
  expect(await samples({ count: 60, unique: true })).toEqual(unique);
});

test('records are not in a list, and match a regular expression, with their prompt', async () => {
  const plain = await texts({ count: 20, prime: 'a' });
  const notIn = plain.slice(0, 5).map((text) => `a${text}`);
  const found = await texts({ count: 20, prime: 'a', notIn, match: /^a.*b$/u });
  expect(found).toHaveLength(20);
  for (const text of found) {
    expect(`a${text}`).toMatch(/b$/);
    expect(notIn).not.toContain(`a${text}`);
  }
});

test('novel records are not in the text of the run', async () => {
  const folder = newFolder();
  const known = [...new Set(await texts({ count: 40 }))];
  const file = folderWith({ 'known.txt': known.join('\n') });
  const corpus = await read(`${file}/known.txt`, { records: 'line' });
  await writeCheckpoint(join(folder, 'best.json'), records);
  await writeRecords(folder, { digest: '', fingerprints: await runInSlices(fingerprintsOf(corpus)) });
  const found = await texts({ count: 30, novel: true }, openModel(folder, machine));
  expect(found).toHaveLength(30);
  expect(found.filter((text) => known.includes(text))).toEqual([]);
  expect(new FingerprintSet(await runInSlices(fingerprintsOf(corpus))).has(known[0])).toBe(true);
});

test('novel records are refused without records, or without the file of the run', async () => {
  const folder = newFolder();
  await writeCheckpoint(join(folder, 'best.json'), records);
  await expect(texts({ count: 1, novel: true }, openModel(folder, machine))).rejects.toMatchObject({
    kind: 'checkpoint',
    message: expect.stringContaining('records.bin not found') as string,
    hint: expect.stringContaining('--not-in') as string,
  });
  await expect(texts({ count: 1, novel: true })).rejects.toMatchObject({ kind: 'checkpoint' });
  const plain = untrained(characterVocabulary('ab\n', false).data);
  await expect(texts({ count: 1, novel: true }, openModel(plain, machine))).rejects.toMatchObject({
    kind: 'usage',
    message: 'cannot use --novel: the model was trained on a text without records',
  });
});

test('if too few records meet the conditions, the found ones come first, then an error', async () => {
  const found: string[] = [];
  const few = closing(openRecords(), async (model) => {
    for await (const text of model.sampleMany({ count: 9, unique: true, match: /^.$/u, seed: 1 })) found.push(text);
  });
  await expect(few).rejects.toMatchObject({
    kind: 'unmet',
    message: 'cannot find 9 texts that meet the conditions: found 3, and the next 100 samples do not',
  });
  expect(found.toSorted()).toEqual(['a', 'b', 'c']);
});

test('texts of a model without records are compared by their last line, without the stop', async () => {
  const model = (): Promise<Model> => openModel(cyclic(characterVocabulary('\nabc', false).data, 2), machine);
  const request = { count: 12, prime: 'b\na', stop: '\n' };
  const plain = await texts(request, model());
  expect(plain).toContain('bc\n');
  const found = await texts({ ...request, notIn: ['abc'], match: /^a[^\n]*$/u, unique: true }, model());
  expect(found).toHaveLength(12);
  expect(found).not.toContain('bc\n');
});

test('a sample has its log-probability, and whether it is cut', async () => {
  // After each token, the next one has logit 2 and the three others 0.
  const model = openModel(cyclic(characterVocabulary('abc', false, '\n').data, 2), machine);
  const [sample] = await samples({ count: 1, prime: 'a', temperature: 0 }, model);
  const bits = -Math.log2(Math.E ** 2 / (Math.E ** 2 + 3));
  expect(sample).toMatchObject({ text: 'bc', isCut: false, error: null });
  expect(sample.bitsPerCharacter).toBeCloseTo(bits, 5);
  expect(sample.logProbability).toBeCloseTo(-3 * bits * Math.LN2, 4); // b, c and the end
  expect((await samples({ count: 3, length: 1 })).map(({ isCut }) => isCut)).toEqual([true, true, true]);
});

test('the best of several samples is the likeliest of them', async () => {
  const all = await samples({ count: 16 });
  const score = ({ bitsPerCharacter }: Sample): number => bitsPerCharacter!;
  const [best] = await samples({ count: 1, bestOf: 16 });
  expect(score(best)).toBe(Math.min(...all.map(score)));
  expect(best.text).toBe(all.find((each) => score(each) === score(best))!.text);
});

test('each prompt of a list gets one text, in order, as if it were alone', async () => {
  const primes = Array.from({ length: 90 }, (_, index) => 'abcab'.slice(index % 4, 1 + (index % 5)));
  const together = await texts({ primes });
  expect(together).toHaveLength(90);
  for (const index of [0, 41, 89]) {
    expect(await texts({ count: 1, prime: primes[index], seed: 1 + index })).toEqual([together[index]]);
  }
});

test('a prompt with unknown characters fails alone, unless they are skipped', async () => {
  const found = await samples({ primes: ['a', 'aé', 'b'] });
  expect(found.map(({ error }) => error?.kind ?? null)).toEqual([null, 'corpus', null]);
  expect(found[1]).toMatchObject({ index: 1, prime: 'aé', text: null, bitsPerCharacter: null });
  const skipped = await samples({ primes: ['a', 'éa', 'b'], unknown: 'skip' });
  expect(skipped[1].text).toBe((await texts({ count: 1, prime: 'a', seed: 2 }))[0]);
  await expect(texts({ primes: ['a'], unknown: 'replace' })).rejects.toMatchObject({ kind: 'usage' });
  await expect(texts({ primes: ['a', 'é'] })).rejects.toMatchObject({ kind: 'corpus' });
});

test('a prompt whose conditions cannot be met fails alone, and others are sampled again until they meet them', async () => {
  const found = await samples({ primes: ['a', 'b', 'c'], match: /^[ac].*[ac]$/u, maxTries: 60 });
  expect(found.map(({ error }) => error?.kind ?? null)).toEqual([null, 'unmet', null]);
});

test('prompts are answered as they come', async () => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => void (release = resolve));
  const answered: number[] = [];
  async function* primes(): AsyncGenerator<string> {
    yield 'a';
    yield 'b';
    await gate;
    yield 'c';
  }
  await closing(openRecords(), async (model) => {
    for await (const { index } of model.samples({ primes: primes(), seed: 1 })) {
      answered.push(index);
      if (index === 1) release(); // never called if the first answers wait for the last prompt
    }
  });
  expect(answered).toEqual([0, 1, 2]);
});

test('an error of the source of prompts is passed on, after the answers before it', async () => {
  async function* primes(): AsyncGenerator<string> {
    yield 'a';
    throw new Error('the pipe broke');
  }
  const answered: string[] = [];
  const failing = closing(openRecords(), async (model) => {
    for await (const text of model.sampleMany({ primes: primes(), seed: 1 })) answered.push(text);
  });
  await expect(failing).rejects.toThrow('the pipe broke');
  expect(answered).toHaveLength(1);
});

test('without records, the text of a prompt is the rest of its line', async () => {
  const model = (): Promise<Model> => openModel(cyclic(characterVocabulary('\nabc', false).data, 9), machine);
  const greedy = { temperature: 0, primes: ['a', 'b', ''] };
  expect(await texts(greedy, model())).toEqual(['bc', 'c', 'abc']);
  expect(await texts({ ...greedy, stop: 'b' }, model())).toEqual(['b', 'c\n', 'ab']);
  const bytes = openModel(cyclic(byteVocabulary().data, 50), machine);
  const [sample] = await closing(bytes, (opened) =>
    allOf(opened.samplesAsBytes({ primes: [Uint8Array.of(5)], temperature: 0 })),
  );
  expect([...sample.text!]).toEqual([6, 7, 8, 9]);
});

test('banned characters are never sampled, and the end of a record cannot be banned', async () => {
  expect((await texts({ count: 50, ban: 'b' })).join('')).toMatch(/^[ac]+$/);
  expect(await texts({ count: 5, ban: '\nx' })).toEqual(await texts({ count: 5 }));
  await expect(texts({ count: 1, ban: 'cba' })).rejects.toMatchObject({
    kind: 'usage',
    message: 'cannot use --ban: no other character is left',
  });
});

test('no passage occurs twice', async () => {
  const model = (): Promise<Model> => openModel(cyclic(characterVocabulary('abcdef', false).data, 9), machine);
  const request = { count: 1, temperature: 0, length: 12, prime: 'a' };
  expect(await texts(request, model())).toEqual(['bcdefabcdefa']);
  const [text] = await texts({ ...request, noRepeat: 3 }, model());
  const passages = Array.from({ length: 10 }, (_, at) => text.slice(at, at + 3));
  expect(new Set(passages).size).toBe(10);
});

test.each<[object, string]>([
  [{}, 'count is undefined: expected a whole number of at least 1'],
  [{ count: 1, primes: ['a'] }, 'cannot use count and primes together'],
  [{ prime: 'a', primes: ['a'] }, 'cannot use prime and primes together'],
  [{ primes: 3 }, 'primes is 3: expected an iterable of texts or bytes'],
  [{ primes: [3] }, 'primes[0] is 3: expected a text or bytes'],
  [{ count: 1, match: 'a' }, 'match is "a": expected a regular expression'],
  [{ count: 1, notIn: 3 }, 'notIn is 3: expected an iterable of texts'],
  [{ count: 1, unique: true, maxTries: 0 }, 'maxTries is 0: expected a whole number of at least 1'],
  [{ count: 1, maxTries: 5 }, 'cannot use --max-tries without a condition'],
  [{ count: 1, noRepeat: 1 }, 'noRepeat is 1: expected a whole number of at least 2'],
  [{ count: 1, unknown: 'no' }, 'unknown is "no": expected one of error, skip, replace'],
])('%j is refused', async (options, message) => {
  await expect(texts(options as SampleTextsOptions)).rejects.toMatchObject({ kind: 'usage', message });
});

test('texts in pieces cannot be chosen', async () => {
  await closing(openRecords(), async (model) => {
    await expect(allOf(model.sampleManyPieces({ count: 2, unique: true }))).rejects.toMatchObject({
      message: 'cannot use unique for texts in pieces',
    });
  });
});

test('the source of prompts is ended if the caller stops early', async () => {
  let isEnded = false;
  const primes = (function* () {
    try {
      for (;;) yield 'a';
    } finally {
      isEnded = true;
    }
  })();
  await closing(openRecords(), async (model) => {
    for await (const _ of model.sampleMany({ primes, seed: 1 })) break;
  });
  expect(isEnded).toBe(true);
});
