// Reports of the progress of reading, during which timers still run.
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { ReadingActivity } from '../../src/corpus/read.ts';
import { folderWith, read } from './fixture.ts';

const MEBIBYTE = 2 ** 20;

test('reading a folder reports files and bytes, and their totals', async () => {
  const folder = folderWith({
    'a.txt': 'x'.repeat(3 * MEBIBYTE),
    'b.txt': 'yz',
    'c.bin': '\0'.repeat(2000),
    'd.txt': 'é',
  });
  const told: ReadingActivity[] = [];
  await read(folder, { onActivity: (activity) => void told.push(activity) });
  const reading = told.filter(({ kind }) => kind === 'reading');
  expect(reading[0]).toEqual({ kind: 'reading', done: 0, total: null, files: { done: 0, total: 0 } });
  const bytes = 3 * MEBIBYTE + 2 + 2000 + 2;
  expect(reading.at(-1)).toEqual({ kind: 'reading', done: bytes, total: bytes, files: { done: 4, total: 4 } });
  expect(reading.map(({ done }) => done)).toEqual(reading.map(({ done }) => done).toSorted((a, b) => a - b));
  // Never more than a chunk at a time.
  for (const [index, { done }] of reading.entries())
    expect(done - (reading[index - 1]?.done ?? 0)).toBeLessThanOrEqual(MEBIBYTE);
  expect(told.at(-1)!.kind).toBe('encoding');
});

test('reading a pipe reports no total', async () => {
  const told: ReadingActivity[] = [];
  await read('-', { stdin: Readable.from(['abc', 'def']), onActivity: (activity) => void told.push(activity) });
  expect(told.filter(({ kind }) => kind === 'reading').map(({ total }) => total)).not.toContain(6);
  expect(told.findLast(({ kind }) => kind === 'reading')).toMatchObject({ done: 6, total: null });
});
