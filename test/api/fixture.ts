// A small text and small runs, for the tests of the library.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import type { TrainRequest, TrainingUpdate } from '../../src/index.ts';

export const root = resolve(import.meta.dirname, '../..');
export const verse = 'the quick brown fox jumps over the lazy dog; the dog sleeps (and the fox is gone). '.repeat(20);

/** A run of less than a second, whose length is a number of update steps. */
export const small = {
  corpus: { text: verse },
  layers: 1,
  hidden: 16,
  batchSize: 8,
  sequenceLength: 10,
  maxSteps: 40,
  evaluateEvery: 20,
  checkpointEvery: 20,
  sampleEvery: 20,
  sampleLength: 20,
  device: 'cpu',
  threads: 1,
} as const satisfies TrainRequest;

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-library-'));
  folders.push(folder);
  return folder;
}

export async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The updates without members that depend on the speed of the machine. */
export function timeless(updates: readonly TrainingUpdate[]): readonly unknown[] {
  // The number of reports depends on the speed of the machine, and so do the mean losses in them.
  return updates.filter(({ event }) => event !== 'report').map((update) => ({ ...update, elapsedMs: 0 }));
}
