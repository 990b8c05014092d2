// Runs the examples of docs/library.md unchanged, one after another, in one folder and one process,
// with the built package.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as library from '../../src/index.ts';
import { newFolder, root } from './fixture.ts';

interface Example {
  readonly source: string;
  /** Its output according to the page, or null. */
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
const pages = { 'docs/library.md': 13 } as const;

describe.skipIf(!isBuilt).each(Object.entries(pages))('%s (needs npm run build)', (page, count) => {
  const examples = examplesIn(readFileSync(join(root, page), 'utf8'));
  const folder = newFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/rnn'), 'junction');

  it(`has ${count} examples`, () => {
    expect(examples).toHaveLength(count);
  });

  it('run, and print the output on the page', { timeout: 120_000 }, async () => {
    const files = examples.map((_, index) => `./example-${index + 1}.mjs`);
    for (const [index, file] of files.entries()) writeFileSync(join(folder, file), examples[index].source);
    const end = '(end of the example)\n';
    const print = `process.stdout.write(${JSON.stringify(end)});`;
    writeFileSync(join(folder, 'all.mjs'), files.map((file) => `await import('${file}');\n${print}\n`).join(''));
    const { error, stdout, stderr } = await new Promise<{ error: Error | null; stdout: string; stderr: string }>(
      (resolve) => {
        execFile(process.execPath, ['all.mjs'], { cwd: folder, env: process.env }, (failure, out, err) =>
          resolve({ error: failure, stdout: out, stderr: err }),
        );
      },
    );
    expect({ error, stderr }).toEqual({ error: null, stderr: '' });
    const printed = stdout.split(end);
    expect(printed.pop()).toBe('');
    expect(printed).toEqual(examples.map(({ prints }, index) => prints ?? printed[index]));
  });
});

it('docs/library.md names every function and class that can be imported', () => {
  const page = readFileSync(join(root, 'docs/library.md'), 'utf8');
  expect(Object.keys(library).filter((name) => !new RegExp(`\\b${name}\\b`).test(page))).toEqual([]);
});
