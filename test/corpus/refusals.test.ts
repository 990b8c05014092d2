// Files that cannot be read as text: all are found before the first is reported.
import { chmodSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureOf, folderWith, read, textOf } from './fixture.ts';

const latin = Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]);
/** Longer than the head that distinguishes text from binary files. */
const longText = 'a line of text\n'.repeat(100_000);
const lateNul = `${longText}\0`;

describe('files of a folder that cannot be read as text', () => {
  it('are listed together, with the option that skips them', async () => {
    const folder = folderWith({
      'a.lat': latin,
      'b.lat': latin,
      'deep/name.txt': latin,
      'good.txt': 'good\n',
      'other/name.txt': 'fine\n',
      'zero.log': lateNul,
    });
    symlinkSync('nowhere', path.join(folder, 'link'));
    const error = await failureOf(read(folder));
    expect(error.message).toBe('cannot read 5 of 7 files as text');
    expect(error.cases).toEqual([
      `${folder}/a.lat is not UTF-8 at line 1, column 4 (byte 3, 0xE9)`,
      `${folder}/b.lat is not UTF-8 at line 1, column 4 (byte 3, 0xE9)`,
      `${folder}/deep/name.txt is not UTF-8 at line 1, column 4 (byte 3, 0xE9)`,
      `cannot read ${folder}/link: the link is broken`,
      `cannot read ${folder}/zero.log as text: it looks binary (a NUL byte at byte ${longText.length})`,
    ]);
    expect(error.hint).toBe('use --skip-invalid to skip them, or --exclude for some of them');
    const exclude = ['*.lat', 'deep/name.txt', 'link', 'zero.log'];
    expect(textOf(await read(folder, { exclude }))).toBe('good\nfine\n');
  });

  it('are counted from the 21st on', async () => {
    const folder = folderWith({ 'good.txt': 'ab' });
    const many = folderWith(
      Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`${String(index).padStart(2, '0')}.lat`, latin])),
    );
    const error = await failureOf(read([folder, many]));
    expect(error.message).toBe('cannot read 33 of 34 files as text');
    expect([error.cases.length, error.cases.at(-1)]).toEqual([21, 'and 13 more']);
  });

  it('leave nothing in the text with --skip-invalid, and are named in a note', async () => {
    const files = { 'a.txt': 'one\r\n', 'b.txt': Buffer.concat([Buffer.from('žluť\r\n'), latin]), 'c.txt': 'two' };
    const folder = folderWith({
      ...files,
      'd.log': lateNul,
      'e.txt': Buffer.from([0x61, 0xe2, 0x82]),
      'f.txt': '\u20ac',
    });
    const corpus = await read(folder, { skipInvalid: true, keepLineEnds: false });
    expect(textOf(corpus)).toBe('one\ntwo\n\u20ac');
    expect(corpus.vocabulary.data.symbols).toEqual([...'\nenotw\u20ac']);
    expect(corpus.notes[0]).toBe(
      `skipped 3 files that cannot be read as text: ${['b.txt', 'd.log', 'e.txt'].map((name) => path.join(folder, name)).join(', ')}`,
    );
    const alone = await read(folder, { exclude: ['b.txt', 'd.log', 'e.txt'], keepLineEnds: false });
    expect([corpus.digest, corpus.files, corpus.notes.slice(1)]).toEqual([alone.digest, alone.files, alone.notes]);
  });

  it.skipIf(process.getuid?.() === 0)('include files and folders without read permission', async () => {
    const folder = folderWith({ 'a.txt': 'ab\n', 'b.txt': 'secret', 'deep/c.txt': 'secret' });
    chmodSync(path.join(folder, 'b.txt'), 0);
    chmodSync(path.join(folder, 'deep'), 0);
    try {
      expect((await failureOf(read(folder))).message).toBe('cannot read 2 of 3 files as text');
      expect(textOf(await read(folder, { skipInvalid: true }))).toBe('ab\n');
    } finally {
      chmodSync(path.join(folder, 'deep'), 0o755);
    }
  });
});

describe('a named file that is not text', () => {
  it('is an error or is skipped, like other files', async () => {
    const folder = folderWith({ 'a.txt': 'ab\n', 'b.txt': latin });
    const files = ['a.txt', 'b.txt'].map((name) => path.join(folder, name));
    expect((await failureOf(read(files))).hint).toMatch(/, or use --skip-invalid to skip it$/);
    expect(textOf(await read(files, { skipInvalid: true }))).toBe('ab\n');
  });

  it('is an error if there is no other file', async () => {
    const file = path.join(folderWith({ 'b.txt': latin }), 'b.txt');
    expect((await failureOf(read(file))).hint).not.toContain('--skip-invalid');
    expect((await failureOf(read(file, { skipInvalid: true }))).message).toContain('as text: no file is valid text');
  });

  it('is reported before the first file is read if it does not exist', async () => {
    const folder = folderWith({ 'a.txt': latin });
    const missing = path.join(folder, 'missing.txt');
    expect((await failureOf(read([path.join(folder, 'a.txt'), missing], { skipInvalid: true }))).message).toContain(
      'not found',
    );
    expect((await failureOf(read(path.join(folder, 'a.txt'), { validationFile: missing }))).message).toContain(
      'not found',
    );
  });
});
