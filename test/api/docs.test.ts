// The examples of docs/library.md, each run as it stands, one after another in one folder, with the
// package as it is built.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as library from '../../src/index.ts';
import { newFolder, root } from './fixture.ts';

interface Example {
  readonly source: string;
  /** What the page says that it prints; null if it does not. */
  readonly prints: string | null;
}

function examplesIn(page: string): Example[] {
  return [...page.matchAll(/^```js\n([\s\S]*?)^```\n(?:\nprints\n\n```\n([\s\S]*?)^```\n)?/gm)].map(
    ([, source, prints = null]) => ({
      source,
      prints,
    }),
  );
}

const isBuilt = existsSync(join(root, 'dist/index.js'));
const pages = { 'docs/library.md': 11 } as const;

describe.skipIf(!isBuilt).each(Object.entries(pages))('%s (npm run build makes the package)', (page, count) => {
  const examples = examplesIn(readFileSync(join(root, page), 'utf8'));
  const folder = newFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/rnn'), 'junction');

  it(`has ${count} examples`, () => {
    expect(examples).toHaveLength(count);
  });

  it.each(examples.map(({ source, prints }, index) => [index + 1, source, prints] as const))(
    'example %i runs',
    { timeout: 120_000 },
    async (index, source, prints) => {
      const file = join(folder, `example-${index}.mjs`);
      writeFileSync(file, source);
      const { error, stdout, stderr } = await new Promise<{ error: Error | null; stdout: string; stderr: string }>(
        (resolve) => {
          execFile(process.execPath, [file], { cwd: folder, env: process.env }, (failure, out, err) =>
            resolve({ error: failure, stdout: out, stderr: err }),
          );
        },
      );
      expect({ error, stderr }).toEqual({ error: null, stderr: '' });
      expect(stdout).toBe(prints ?? stdout);
    },
  );
});

it('docs/library.md names every function and class that can be imported', () => {
  const page = readFileSync(join(root, 'docs/library.md'), 'utf8');
  expect(Object.keys(library).filter((name) => !new RegExp(`\\b${name}\\b`).test(page))).toEqual([]);
});
