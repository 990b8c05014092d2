import { spawnSync } from 'node:child_process';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { textBytesOf, compressedSizes, xzSize } from '../../src/evaluation/compressors.ts';
import { byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';

const text = 'Grüße, 世界 😀\n'.repeat(300);
const utf8 = Buffer.from(text);
const hasXz = spawnSync('xz', ['--version']).status === 0;

it('compressors receive the text itself, not its tokens', () => {
  const characters = characterVocabulary(text, false);
  expect(Buffer.from(textBytesOf(Uint8Array.from(characters.encode(text)), characters.data))).toEqual(utf8);
  expect(Buffer.from(textBytesOf(new Uint8Array(utf8), byteVocabulary().data))).toEqual(utf8);
});

it('gzip and brotli run at their highest levels', async () => {
  const varied = Buffer.from(Array.from({ length: 3000 }, (_, at) => `${(at * at) % 397} `).join(''));
  const { gzip, brotli } = await compressedSizes(varied);
  expect(gzip).toBe(gzipSync(varied, { level: 9 }).length);
  expect(gzip).toBeLessThan(gzipSync(varied, { level: 1 }).length);
  expect(brotli / brotliCompressSync(varied).length).toBeCloseTo(1, 2); // 11 is also Node's default, but the window is larger
});

it.skipIf(!hasXz)('xz is the program of the system (skipped if it is missing)', async () => {
  expect(await xzSize(utf8)).toEqual({ xz: spawnSync('xz', ['-9e', '--stdout'], { input: utf8 }).stdout.length });
});

it('xz is omitted if it is missing or fails', async () => {
  expect(await xzSize(utf8, 'no-such-program')).toEqual({});
  expect(await xzSize(Buffer.alloc(2 ** 20, 'x'), 'false')).toEqual({});
});
