// Reading only the beginning of a text.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Corpus, CorpusOptions } from '../../src/corpus/read.ts';
import { Vocabulary } from '../../src/corpus/vocabulary.ts';
import { folderWith, read as readText } from './fixture.ts';

const NEEDED = 1000;
/** The files are read in chunks of 1 MiB, so this line fills three chunks. */
const line = 'a line of ä text\n';
const long = line.repeat(200_000);
const notUtf8 = Buffer.from([0xff, 0xff]);

const vocabulary = new Vocabulary({ unit: 'char', symbols: [...new Set(line)].toSorted(), unknown: null });
const vocabularyOfLines = new Vocabulary({ ...vocabulary.data, end: vocabulary.data.symbols.indexOf('\n') });

const read = (source: string | readonly string[], more: Partial<CorpusOptions> = {}): Promise<Corpus> =>
  readText(source, { keepLineEnds: false, vocabulary, neededCharacters: NEEDED, ...more });

/** A long file whose end is not UTF-8. */
const longFile = (text: string | Buffer = long): string =>
  join(folderWith({ 'long.txt': Buffer.concat([Buffer.from(text), notUtf8]) }), 'long.txt');

const beginning = (text: string): string => [...text].slice(0, NEEDED).join('');

test.each([
  ['utf-8', 'utf8'],
  ['utf-16le', 'utf16le'],
  ['windows-1252', 'latin1'],
] as const)('the end of a long text in %s is not read', async (encoding, ofBuffer) => {
  const path = longFile(Buffer.from(long, ofBuffer));
  const { train, characters } = await read([path], { encoding });
  expect(vocabulary.decode(train.subarray(0, NEEDED))).toBe(beginning(long));
  expect(characters).toBeLessThan(long.length / 2);
});

test('without a limit, the end of the text is read', async () => {
  await expect(read([longFile()], { neededCharacters: undefined })).rejects.toThrow('is not UTF-8');
});

test('a text that is shorter is read to its end', async () => {
  const path = join(folderWith({ 'short.txt': line }), 'short.txt');
  expect((await read([path, path])).characters).toBe(2 * line.length);
});

test('only the needed bytes are read', async () => {
  const { characters } = await read([longFile()], { unit: 'byte', vocabulary: undefined });
  expect(characters).toBeGreaterThanOrEqual(NEEDED);
  expect(characters).toBeLessThan(long.length / 2);
});

test('later files are not read', async () => {
  const { files } = await read([longFile(), longFile(notUtf8)]);
  expect(files).toBe(1);
});

test('records are whole, and only as many are read as are needed', async () => {
  const { train, characters, notes } = await read([longFile()], { records: 'line', vocabulary: vocabularyOfLines });
  const [end] = vocabulary.encode('\n');
  expect(vocabulary.decode(train.subarray(1, NEEDED + 1))).toBe(beginning(long));
  expect(train.at(-1)).toBe(end);
  expect(characters).toBeLessThan(long.length / 2);
  expect(notes).toEqual([]);
});

test('standard input that never ends is closed', async () => {
  let isClosed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from(line);
    } finally {
      isClosed = true;
    }
  }
  const { train } = await read(['-'], { stdin: endless() });
  expect(vocabulary.decode(train.subarray(0, NEEDED))).toBe(beginning(long));
  expect(isClosed).toBe(true);
});
