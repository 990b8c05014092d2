import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { folderWith, read, textOf } from './fixture.ts';

const asLineFeeds = { keepLineEnds: false } as const;

describe('line endings', () => {
  it('are read as LF, with a note', async () => {
    const file = path.join(folderWith({ 'a.txt': 'a\r\nb\r\rc\n\r\n' }), 'a.txt');
    const corpus = await read(file, asLineFeeds);
    expect(textOf(corpus)).toBe('a\nb\n\nc\n\n');
    expect(corpus.notes).toEqual([
      `${file} has CRLF or CR line endings, which rnn reads as LF (use --keep-line-ends to keep them)`,
    ]);
    const known = await read(file, { ...asLineFeeds, vocabulary: corpus.vocabulary });
    expect(known.notes).toEqual([`${file} has CRLF or CR line endings, which rnn reads as LF`]);
  });

  it('are recognised wherever a chunk of the input ends', async () => {
    for (const pieces of [
      ['a\r', '\nb'],
      ['a', '\r', '\n', 'b'],
      ['a\r', 'b'],
      ['a\r\n', 'b'],
    ])
      expect(textOf(await read('-', { ...asLineFeeds, stdin: Readable.from(pieces) }))).toBe('a\nb');
  });

  it('stay unchanged on request, and in bytes', async () => {
    const file = path.join(folderWith({ 'a.txt': 'a\r\nb' }), 'a.txt');
    expect(await read(file, { keepLineEnds: true })).toMatchObject({ characters: 4, notes: [] });
    expect(await read(file, { ...asLineFeeds, unit: 'byte' })).toMatchObject({ characters: 4, notes: [] });
  });

  it('do not change the digest of a text with LF', async () => {
    const folder = folderWith({ 'lf.txt': 'a\nb\n', 'crlf.txt': 'a\r\nb\r\n' });
    const digests = ['lf.txt', 'crlf.txt'].map(
      async (name) => (await read(path.join(folder, name), asLineFeeds)).digest,
    );
    expect(await Promise.all(digests)).toEqual(Array(2).fill((await read(path.join(folder, 'lf.txt'))).digest));
  });
});

describe('consecutive files', () => {
  it('get a newline between them if one is missing, with a note', async () => {
    const corpus = await read(folderWith({ a: 'one', b: '', c: 'two\n', d: 'three\r', e: 'four' }), asLineFeeds);
    expect(textOf(corpus)).toBe('one\ntwo\nthree\nfour');
    expect(corpus.notes[1]).toBe(
      '1 file does not end with a newline, so rnn adds one before the next file (use --keep-line-ends to prevent this)',
    );
    expect(corpus.digest).toBe((await read(folderWith({ a: 'one\ntwo\nthree\nfour' }))).digest);
  });

  it('get no newline before the validation text', async () => {
    const folder = folderWith({ a: 'ab', v: 'ba' });
    const corpus = await read(path.join(folder, 'a'), { ...asLineFeeds, validationFile: path.join(folder, 'v') });
    expect([corpus.vocabulary.decode(corpus.train), corpus.vocabulary.decode(corpus.validation)]).toEqual(['ab', 'ba']);
  });

  it('are joined unchanged if line endings are kept, and as bytes', async () => {
    const folder = folderWith({ a: 'one', b: 'two' });
    expect(textOf(await read(folder, { keepLineEnds: true }))).toBe('onetwo');
    expect(await read(folder, { ...asLineFeeds, unit: 'byte' })).toMatchObject({ characters: 6, notes: [] });
  });
});
