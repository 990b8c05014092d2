// No link of a page is broken, neither in the repository nor in the package, which has fewer files.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { promisify } from 'node:util';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import { isEverything } from '../everything.ts';
import { brokenLinks } from './links.ts';

const root = resolve(import.meta.dirname, '../..');
/** The pages among the files, and whether a path is a file or a folder among them. */
function contents(files: readonly string[]) {
  const pages = files.filter((name) => name.endsWith('.md'));
  const known = new Set(files);
  for (const file of files) {
    for (let folder = posix.dirname(file); folder !== '.'; folder = posix.dirname(folder)) known.add(folder);
  }
  const texts = new Map(pages.map((name) => [name, readFileSync(resolve(root, name), 'utf8')]));
  return { texts, exists: (file: string): boolean => known.has(file.replace(/\/$/, '')) };
}

it('no link is broken in the repository', () => {
  const { texts, exists } = contents(
    execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n'),
  );
  expect(texts.size).toBeGreaterThan(25);
  expect(brokenLinks(texts, exists)).toEqual([]);
});

/** The files of the package by the patterns of package.json, without the built program. */
function packageFiles(): string[] {
  const { files } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { files: readonly string[] };
  // npm adds these to every package.
  const always = ['README.md', 'LICENSE', 'package.json'];
  const patterns = files.filter((pattern) => !['bin', 'dist'].includes(pattern));
  return [...always, ...globSync(patterns, { cwd: root })];
}

it('no link is broken in the package', () => {
  const { texts, exists } = contents(packageFiles());
  expect([...texts.keys()]).toEqual(expect.arrayContaining(['README.md', 'docs/README.md']));
  expect(brokenLinks(texts, exists)).toEqual([]);
});

it.skipIf(!isEverything)(
  'npm packs the pages that the patterns of package.json list',
  { timeout: 600_000 },
  async () => {
    const words = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const { stdout } = await promisify(execFile)('npm', words, { cwd: root, maxBuffer: 2 ** 26 });
    const [{ files }] = JSON.parse(stdout) as [{ files: readonly { path: string }[] }];
    const pagesAmong = (paths: readonly string[]): string[] =>
      paths.filter((path) => path.endsWith('.md') && !path.startsWith('dist/')).toSorted();
    expect(pagesAmong(files.map(({ path }) => path))).toEqual(pagesAmong(packageFiles()));
  },
);

describe('the check of links', () => {
  const pages = new Map([
    ['a.md', '# One `code`: two\n\n[b](docs/b.md#three) ![c](c.svg) [self](#one-code-two) <a href="d.html">'],
    ['docs/b.md', '## Three\n\n## Three\n\n[a](../a.md#none), [web](https://x.y/#z), [again](#three-1) `[no](x)`'],
  ]);
  it('finds files and headings that do not exist', () => {
    expect(brokenLinks(pages, (file) => pages.has(file))).toEqual([
      'a.md: c.svg',
      'a.md: d.html',
      'docs/b.md: ../a.md#none',
    ]);
  });
});
