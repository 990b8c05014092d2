// A fact is on one page, and other pages link to it. Text that two pages share is a sign of a fact
// that is on both.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PageText, repeatedSentences, sharingPages } from './shared-text.ts';

const root = resolve(import.meta.dirname, '../..');
const paths = ['README.md', 'CONTRIBUTING.md', 'docs/**.md', 'corpora/README.md', 'checkpoints/README.md'];
/** The build writes this page from the help of commands. */
const generated = 'docs/reference/cli.md';
const pages = execFileSync('git', ['ls-files', ...paths], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((name) => name !== generated)
  .map((name): PageText => ({ name, text: readFileSync(resolve(root, name), 'utf8') }));

/** The shared fraction of the runs of nine words, above which pages are about the same facts. */
const MAX_SHARED = 0.01;

it('no two pages share more than 1 % of their runs of nine words', () => {
  expect(pages.length).toBeGreaterThan(20);
  expect(sharingPages(pages, MAX_SHARED)).toEqual([]);
});

it('a sentence of at least nine words is on one page only', () => {
  expect(repeatedSentences(pages)).toEqual([]);
});

describe('the comparison of pages', () => {
  const one = 'A run that stops can be resumed with the same command at any time.';
  const other = `${one.replace('command', 'line')} Another sentence has words that no page repeats in this order.`;

  it('finds a sentence on two pages, in another form and with a link', () => {
    const linked = one.replace('the same', '**the** [same](page.md)').replace(' with', '\nwith');
    expect(
      repeatedSentences([
        { name: 'a', text: one },
        { name: 'b', text: linked },
      ]),
    ).toHaveLength(1);
    expect(
      repeatedSentences([
        { name: 'a', text: one },
        { name: 'b', text: other },
      ]),
    ).toEqual([]);
  });

  it('finds runs of nine words in different sentences', () => {
    const [found] = sharingPages(
      [
        { name: 'a', text: one },
        { name: 'b', text: other },
      ],
      MAX_SHARED,
    );
    expect(found).toMatch(/^a and b share .* %, such as "a run that stops can be resumed with the"$/);
  });

  it('ignores code blocks and rows of tables with links', () => {
    const text = ['```', one, '```', '', `| [page](page.md) | ${one} |`].join('\n');
    expect(
      repeatedSentences([
        { name: 'a', text: one },
        { name: 'b', text },
      ]),
    ).toEqual([]);
  });
});
