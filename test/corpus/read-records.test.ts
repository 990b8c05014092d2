import { expect, test } from 'vitest';
import type { Corpus, CorpusOptions } from '../../src/corpus/read.ts';
import { folderWith, read } from './fixture.ts';

/** The records of a part, as text. */
function recordsOf({ vocabulary, records }: Corpus, tokens: Iterable<number>): string[] {
  const found: string[] = [];
  let record: number[] = [];
  for (const id of [...tokens].slice(1)) {
    if (id !== records!.end) {
      record.push(id);
      continue;
    }
    found.push(vocabulary.decode(record));
    record = [];
  }
  return found;
}

const partsOf = (corpus: Corpus): string[][] =>
  [corpus.train, corpus.validation, corpus.test].map((tokens) => recordsOf(corpus, tokens));

const names = Array.from({ length: 400 }, (_, index) => `name${index}`);
const lines = (list: readonly string[]): string => `${list.join('\n')}\n`;
const readFile = (text: string, options: Partial<CorpusOptions> = {}): Promise<Corpus> =>
  read(`${folderWith({ 'names.txt': text })}/names.txt`, { records: 'line', ...options });

test('each record is in one part, about as many in each as requested', async () => {
  const corpus = await readFile(lines(names), { validationFraction: 0.2, testFraction: 0.1 });
  const [train, validation, held] = partsOf(corpus);
  expect([...train, ...validation, ...held].toSorted()).toEqual(names.toSorted());
  expect(validation.length).toBeGreaterThan(50);
  expect(validation.length).toBeLessThan(110);
  expect(held.length).toBeGreaterThan(20);
  expect(held.length).toBeLessThan(65);
  expect(corpus.records!.facts).toMatchObject({ train: train.length, validation: validation.length, duplicates: 0 });
});

test('the part of a record does not depend on the other records', async () => {
  const all = await readFile(lines(names), { validationFraction: 0.5 });
  const some = await readFile(lines(names.toReversed().slice(100)), { validationFraction: 0.5 });
  const [, validation] = partsOf(all);
  for (const record of partsOf(some)[1]) expect(validation).toContain(record);
});

test('equal records are in the same part', async () => {
  const corpus = await readFile(lines([...names, ...names]), { validationFraction: 0.3 });
  const [train, validation] = partsOf(corpus);
  expect(train.filter((record) => validation.includes(record))).toEqual([]);
  expect(corpus.records!.facts.duplicates).toBe(400);
});

test('with learnAfter, records with the same beginning are in the same part', async () => {
  const pairs = names.flatMap((name) => [`${name}\t1`, `${name}\t2`]);
  const corpus = await readFile(lines(pairs), { learnAfter: '\t', validationFraction: 0.3 });
  const [train, validation] = partsOf(corpus).map((records) => new Set(records.map((record) => record.split('\t')[0])));
  expect(train.size + validation.size).toBe(400);
  expect(corpus.records!.learnAfter).toEqual([...corpus.vocabulary.encode('\t')]);
});

test('records without text, and without the text of learnAfter, are dropped and counted', async () => {
  const corpus = await readFile('a=1\n\nb\nc=2\n\n', { learnAfter: '=' });
  expect(partsOf(corpus)[0]).toEqual(['a=1', 'c=2']);
  expect(corpus.records!.facts).toMatchObject({ empty: 2, withoutDelimiter: 1, maxLength: 3, meanLength: 3 });
});

test('records of several files do not join, and files can have weights', async () => {
  const folder = folderWith({ 'a.txt': 'one\ntwo', 'b.txt': 'three' });
  const corpus = await read(folder, { records: 'line', weights: ['b.txt=3'], lowercase: true });
  expect(partsOf(corpus)[0]).toEqual(['one', 'two', 'three']);
  const [{ from, weight }] = corpus.records!.weights;
  expect(weight).toBe(3);
  expect(corpus.vocabulary.decode(corpus.train.subarray(from, from + 3))).toBe('thr');
});

test('the records of a file that is not text are dropped with it', async () => {
  const folder = folderWith({ 'a.txt': 'one\ntwo\n', 'b.txt': Buffer.from([0x61, 0x0a, 0x62, 0x0a, 0xff, 0x0a]) });
  const corpus = await read(folder, { records: 'line', skipInvalid: true });
  expect(partsOf(corpus)[0]).toEqual(['one', 'two']);
  expect(corpus.records!.facts.train).toBe(2);
});

test('a separate validation text belongs to the validation part, with its characters', async () => {
  const folder = folderWith({ 'a.txt': 'one\ntwo\n', 'v.txt': 'xyz\n' });
  const corpus = await read(`${folder}/a.txt`, { records: 'line', validationFile: `${folder}/v.txt` });
  expect(partsOf(corpus)).toEqual([['one', 'two'], ['xyz'], []]);
  expect(corpus.test).toHaveLength(0);
});

test('a separate validation text without records is refused', async () => {
  const folder = folderWith({ 'a.txt': 'one=1\ntwo=2\n', 'v.txt': 'xyz\n', 'empty.txt': '\n\n' });
  const readWith = (name: string) =>
    read(`${folder}/a.txt`, { records: 'line', learnAfter: '=', validationFile: `${folder}/${name}` });
  await expect(readWith('v.txt')).rejects.toThrow(
    /the validation text \S+v\.txt has no records with the text of --learn-after/,
  );
  await expect(readWith('empty.txt')).rejects.toThrow(/the validation text \S+empty\.txt has no records$/);
});

test('the end token is one symbol for every separator', async () => {
  const corpus = await readFile('a b<|end|>c\nd<|end|>', { records: '<|end|>' });
  const { vocabulary } = corpus;
  expect(vocabulary.data.symbols[vocabulary.end!]).toBe('<|end|>');
  expect(partsOf(corpus)[0]).toEqual(['a b', 'c\nd']);
  expect((await readFile('a\nb\n')).vocabulary.data.symbols).toEqual(['\n', 'a', 'b']);
});

test('line feeds in the rows of a table do not end records', async () => {
  const folder = folderWith({ 'a.csv': 'note\n"two\nlines"\nx\n\n', 'b.csv': 'note\ny\nz\n' });
  const options = { records: null, column: ['note'] };
  const corpus = await read(`${folder}/a.csv`, options);
  expect(partsOf(corpus)[0]).toEqual(['two\nlines', 'x']);
  expect(corpus.records!.facts).toMatchObject({ train: 2, empty: 1 });
  const { vocabulary } = await read(`${folder}/b.csv`, options);
  expect(vocabulary.data.symbols[vocabulary.end!]).toBe('\n');
  // A model whose records end with line feeds cannot read such rows, or start a run on them.
  await expect(read(`${folder}/a.csv`, { ...options, vocabulary })).rejects.toThrow('never seen: U+000A (line feed)');
  await expect(read(`${folder}/a.csv`, { ...options, known: vocabulary })).rejects.toThrow('its records end with');
  const started = await read(`${folder}/b.csv`, { ...options, known: corpus.vocabulary });
  expect(started.vocabulary.data.symbols[started.vocabulary.end!]).toBe('\n\u001E\n');
  await expect(read(`${folder}/b.csv`, { known: corpus.vocabulary })).rejects.toThrow(
    'cannot fine-tune a model of records on a text without records',
  );
});

test('text is converted to lower case with and without records', async () => {
  const text = 'AbC\nÄö\n';
  expect(partsOf(await readFile(text, { lowercase: true }))[0]).toEqual(['abc', 'äö']);
  const { vocabulary, train } = await readFile(text, { records: null, lowercase: true });
  expect(vocabulary.decode(train)).toBe('abc\näö\n');
});

test.each<[string, string, Partial<CorpusOptions>]>([
  ['only one record: expected at least two', 'one long text', { records: '%%' }],
  ['the training part has no records: expected at least two', 'b\nb\n', { validationFraction: 0.8 }],
  ['the training part has only one record: expected at least two', 'a\nb\n', { validationFraction: 0.7 }],
  ['no record contains the text of --learn-after', 'a\nb\n', { learnAfter: '\t' }],
  ['cannot use --learn-after \t without records', 'a\nb\n', { records: null, learnAfter: '\t' }],
  ['cannot use --weight a=2 without records', 'a\nb\n', { records: null, weights: ['a=2'] }],
  ['--weight is a: expected a file and a whole number', 'a\nb\n', { weights: ['a'] }],
  ['cannot use --records with --level byte', 'a\nb\n', { unit: 'byte' }],
  ['cannot use --records paragraph with --column', 'a\nb\n', { records: 'paragraph', column: ['a'] }],
  ['the text is empty', '', {}],
])('an error says that %s', async (message, text, options) => {
  await expect(readFile(text, options)).rejects.toThrow(message);
});

test('the error for one row of a table does not name an option that was not given', async () => {
  const path = `${folderWith({ 'a.csv': 'name\nAnn\n' })}/a.csv`;
  await expect(read(path, { column: ['name'] })).rejects.toThrow(
    expect.objectContaining({ hint: 'use files with more rows, or omit --column' }),
  );
});
