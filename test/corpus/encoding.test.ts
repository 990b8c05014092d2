import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { decodeText } from '../../src/corpus/encoding.ts';
import { failureOf, folderWith, read, textOf } from './fixture.ts';

const fileWith = (content: string | Uint8Array): string => path.join(folderWith({ t: content }), 't');
const cp1252 = Buffer.concat([
  Buffer.from('one\ntwo\nIt'),
  Buffer.of(0x92),
  Buffer.from('s \x80 5, caf\xe9\n', 'latin1'),
]);

describe('a text with --encoding', () => {
  it.each([
    ['windows-1252', cp1252, 'one\ntwo\nIt’s € 5, café\n'],
    ['latin1', cp1252, 'one\ntwo\nIt’s € 5, café\n'],
    ['utf-16le', Buffer.from('\u{FEFF}añ€😀\n', 'utf16le'), 'añ€😀\n'],
    ['utf-16be', Buffer.from('añ€😀\n', 'utf16le').swap16(), 'añ€😀\n'],
    ['shift_jis', Buffer.of(0x93, 0xfa, 0x96, 0x7b, 0x0a), '日本\n'],
    ['koi8-r', Buffer.of(0xcd, 0xc9, 0xd2), 'мир'],
    // A byte order mark in the file takes precedence.
    ['utf-16', Buffer.from('\u{FEFF}añ\n', 'utf16le').swap16(), 'añ\n'],
    ['windows-1252', Buffer.from('\u{FEFF}añ\n'), 'añ\n'],
  ])('is read with --encoding %s', async (encoding, bytes, text) => {
    expect(textOf(await read(fileWith(bytes), { encoding }))).toBe(text);
    expect(decodeText(bytes, encoding)).toBe(text);
  });

  it('decodes to the same text from one-byte chunks, and has the digest of that text in UTF-8', async () => {
    const bytes = [...Buffer.from('añ€😀\r\n', 'utf16le')].map((byte) => Buffer.of(byte));
    const options = { encoding: 'utf-16le', keepLineEnds: false };
    const corpus = await read('-', { stdin: Readable.from(bytes, { objectMode: false }), ...options });
    expect(textOf(corpus)).toBe('añ€😀\n');
    expect(corpus.digest).toBe((await read(fileWith('añ€😀\n'))).digest);
  });

  it.each([
    ['utf-8', Buffer.from('\u{FEFF}añ\n'), 'añ\n'],
    ['windows-1252', Buffer.from('\u{FEFF}añ\n'), 'añ\n'],
    ['windows-1252', Buffer.from('\u{FEFF}añ\n', 'utf16le'), 'añ\n'],
    ['utf-8', Buffer.from(`\x01${'añ\n'.repeat(9)}`), `\x01${'añ\n'.repeat(9)}`],
  ])('is decoded from one-byte chunks with --encoding %s', async (encoding, bytes, text) => {
    const stdin = Readable.from(
      [...bytes].map((byte) => Buffer.of(byte)),
      { objectMode: false },
    );
    expect(textOf(await read('-', { stdin, encoding }))).toBe(text);
  });

  it('is read as bytes with --level byte', async () => {
    expect((await read(fileWith(cp1252), { encoding: 'windows-1252', unit: 'byte' })).characters).toBe(cp1252.length);
  });

  it.each([
    [
      'utf-16le',
      Buffer.concat([Buffer.from('ab\ncd', 'utf16le'), Buffer.of(0x00, 0xdc, 0x61, 0x00)]),
      /t is not utf-16le at line 2, column 3$/,
    ],
    ['utf-16le', Buffer.from('abc', 'utf16le').subarray(0, 5), /t is not utf-16le at line 1, column 3$/],
    ['utf-16le', Buffer.from('a\0b', 'utf16le'), /t as text: it looks binary \(a NUL character\)$/],
  ])('is refused if it is not valid %s text', async (encoding, bytes, message) => {
    expect((await failureOf(read(fileWith(bytes), { encoding }))).message).toMatch(message);
  });

  it.each([
    [
      'UTF-16',
      Buffer.concat([Buffer.from('\u{FEFF}ab', 'utf16le'), Buffer.of(0x00, 0xdc, 0x61, 0x00)]),
      /is not utf-16le at line 1, column 3$/,
    ],
    ['UTF-8', Buffer.concat([Buffer.from('\u{FEFF}ab'), Buffer.of(0xe9, 0x61)]), /is not UTF-8 at line 1, column 3/],
  ])('is refused if its byte order mark is of %s but its bytes are not', async (_, bytes, message) => {
    const error = await failureOf(read(fileWith(bytes), { encoding: 'windows-1252' }));
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/^correct the file, or remove its byte order mark and use --encoding, or /);
  });

  it('is read from a folder without binary files, which are counted', async () => {
    const folder = folderWith({ 'a.txt': cp1252, 'b.png': Buffer.of(0x89, 0x50, 0x4e, 0x47, 0, 0, 0) });
    const corpus = await read(folder, { encoding: 'windows-1252' });
    expect(corpus).toMatchObject({ files: 1, skipped: 1 });
  });

  it('is refused with an unknown encoding, before anything is read', async () => {
    const error = await failureOf(read('/nowhere', { encoding: 'klingon' }));
    expect(error).toMatchObject({ kind: 'usage', message: '--encoding is klingon: expected the name of an encoding' });
  });
});

describe('a byte that is not UTF-8', () => {
  it('is shown with its line and column, and decoded as Windows-1252', async () => {
    const error = await failureOf(read(fileWith(cp1252)));
    expect(error.message).toMatch(/t is not UTF-8 at line 3, column 3 \(byte 10, 0x92\)$/);
    expect(error.hint).toMatch(/^use --encoding windows-1252 if this is correct: “It’s € 5, café”, or /);
  });

  it('is shown at the end of a text, where more bytes could complete a character', async () => {
    const error = await failureOf(read(fileWith(Buffer.from('un caf\xe9', 'latin1'))));
    expect(error.message).toMatch(/t ends within a character at line 1, column 7 \(byte 6, 0xE9\)$/);
    expect(error.hint).toMatch(/^use --encoding windows-1252 if this is correct: “un café”, or /);
  });

  it('is not decoded as Windows-1252 if Windows-1252 does not define it', async () => {
    const error = await failureOf(read(fileWith(Buffer.of(0x61, 0x81, 0x62))));
    expect(error.hint).toMatch(/^use --encoding to name the encoding of the file, such as windows-1251/);
  });

  it('is shown with its line in the file even if line endings are normalised', async () => {
    const bytes = Buffer.concat([Buffer.from('a\r\nb\rcd'), Buffer.of(0xe9)]);
    const error = await failureOf(read(fileWith(Buffer.concat([bytes, Buffer.from('x')])), { keepLineEnds: false }));
    expect(error.message).toMatch(/t is not UTF-8 at line 3, column 3 \(0xE9\)$/);
  });
});
