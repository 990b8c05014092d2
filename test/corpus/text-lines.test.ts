import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LineSplitter, MAX_LINE, findLineFiles, readLines } from '../../src/corpus/text-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'rnn-text-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function linesIn(content: string | Uint8Array, { encoding = 'utf-8', asBytes = false } = {}) {
  const file = join(folder, 'lines.txt');
  writeFileSync(file, content);
  const lines = [];
  for await (const some of readLines([file], { encoding, asBytes })) lines.push(...some);
  return lines.map(({ number, text }) => [number, typeof text === 'string' ? text : [...text]]);
}

describe('lines of a file', () => {
  it('are numbered with empty lines, which are skipped, and the last line may lack a newline', async () => {
    expect(await linesIn('one\n\n\r\ntwo\r\nthree')).toEqual([
      [1, 'one'],
      [4, 'two\r'],
      [5, 'three'],
    ]);
    expect(await linesIn('')).toEqual([]);
  });

  it('have U+FFFD for bytes that are not in the encoding', async () => {
    expect(await linesIn(Buffer.from([0x61, 0xff, 0x0a, 0xc3, 0xa9, 0x0a]))).toEqual([
      [1, 'a\u{FFFD}'],
      [2, 'é'],
    ]);
    expect(await linesIn(Buffer.from([0xe9, 0x0a]), { encoding: 'windows-1252' })).toEqual([[1, 'é']]);
  });

  it('are bytes for a byte-level model', async () => {
    expect(await linesIn(Buffer.from([0xff, 0x80, 0x0a, 0x62]), { asBytes: true })).toEqual([
      [1, [0xff, 0x80]],
      [2, [0x62]],
    ]);
  });

  it('are cut if they are too long', () => {
    const splitter = new LineSplitter();
    const piece = 'x'.repeat(MAX_LINE / 2);
    expect([piece, piece, 'y', piece].flatMap((text) => splitter.push(text))).toEqual([]);
    const [long, short] = splitter.push(`\n${'z'.repeat(10)}\n`);
    expect(long).toEqual({ number: 1, text: piece + piece, isCut: true });
    expect(short).toEqual({ number: 2, text: 'zzzzzzzzzz', isCut: false });
    splitter.push(piece + piece);
    expect(splitter.end()).toEqual([{ number: 3, text: piece + piece, isCut: false }]);
  });
});

it('binary files of a folder are skipped, and files that the user names are read', async () => {
  const logs = mkdtempSync(join(folder, 'logs-'));
  writeFileSync(join(logs, 'a.log'), 'a line\n');
  writeFileSync(join(logs, 'b.gz'), Buffer.from([0x1f, 0x8b, 0, 0, 1]));
  expect(await findLineFiles([logs])).toEqual([join(logs, 'a.log')]);
  expect(await findLineFiles([join(logs, 'b.gz'), '-'])).toEqual([join(logs, 'b.gz'), '-']);
  await expect(findLineFiles([join(logs, 'c.log')])).rejects.toThrow(/file or folder not found/);
});
