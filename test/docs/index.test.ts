// docs/README.md lists every page once by its kind, and at least once by its reader.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { linksOf } from './links.ts';

const root = resolve(import.meta.dirname, '../..');
const index = 'docs/README.md';
const [byReader, ...byKind] = readFileSync(resolve(root, index), 'utf8').split(/^## /m).slice(1);
const kinds = ['Tutorial', 'How to', 'Reference', 'Explanation', 'Contributing'];

const pages = execFileSync('git', ['ls-files', 'docs/**.md'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((name) => name !== index);
const filesIn = (text: string): string[] => linksOf(index, text).map(({ file }) => file);

it('the index has a section for each kind of page', () => {
  expect(byReader.startsWith('By reader\n')).toBe(true);
  expect(byKind.map((section) => section.split('\n')[0])).toEqual(kinds);
});

it('the index lists each page once by its kind', () => {
  const listed = byKind.flatMap(filesIn);
  expect(pages.length).toBeGreaterThan(20);
  expect(pages.filter((page) => !listed.includes(page))).toEqual([]);
  expect(listed.filter((page, at) => listed.indexOf(page) < at)).toEqual([]);
});

it('the index names a reader of each page', () => {
  const listed = filesIn(byReader);
  // A contributor finds these pages through CONTRIBUTING.md. Commands are for every reader.
  const isForAll = (page: string): boolean => page.startsWith('docs/contributing/') || page === 'docs/reference/cli.md';
  expect(pages.filter((page) => !listed.includes(page) && !isForAll(page))).toEqual([]);
});

it('each row of the lists by kind describes its page in a few words', () => {
  const rows = byKind.flatMap((section) => section.split('\n').filter((line) => line.startsWith('| [')));
  expect(rows.filter((row) => !/^\| \[[^\]]+\]\([^)]+\) \| \S.{5,100} \|$/.test(row))).toEqual([]);
});
