// Folders with real files for the tests of src/corpus, and shorthands to read them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { readCorpus, type Corpus, type CorpusOptions } from '../../src/corpus/read.ts';
import { RnnError } from '../../src/errors.ts';

/** A folder with these files, deleted after the test. */
export function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'rnn-corpus-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

export function read(source: string | readonly string[], options: Partial<CorpusOptions> = {}): Promise<Corpus> {
  return readCorpus({
    sources: typeof source === 'string' ? [source] : source,
    include: [],
    exclude: [],
    records: null,
    column: [],
    learnAfter: null,
    weights: [],
    lowercase: false,
    unit: 'char',
    encoding: 'utf-8',
    keepLineEnds: true,
    skipInvalid: false,
    minCount: 1,
    validationFraction: 0,
    validationFile: null,
    testFraction: 0,
    testFile: null,
    ...options,
  });
}

/** The text of a corpus. */
export function textOf({ vocabulary, train, validation, test }: Corpus): string {
  return [train, validation, test].map((tokens) => vocabulary.decode(tokens)).join('');
}

/** The RnnError that this function throws. */
export async function failureOf(action: Promise<unknown> | (() => unknown)): Promise<RnnError> {
  try {
    await (typeof action === 'function' ? action() : action);
  } catch (error) {
    if (error instanceof RnnError) return error;
    throw error;
  }
  throw new Error('expected an RnnError, and nothing was thrown');
}
