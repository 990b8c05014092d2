// The language of pages, and of comments and strings in code. The rules are in CONTRIBUTING.md.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAX_SENTENCE_WORDS, dialect } from './style/dialect.ts';
import { type Prose, proseOfPage, proseOfSource } from './style/prose.ts';

const root = resolve(import.meta.dirname, '..');
const filesIn = (...paths: readonly string[]): string[] =>
  execFileSync('git', ['ls-files', ...paths], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');

/** Sources whose words other files check, or that are rewritten as a whole. */
const isSource = (file: string): boolean => /\.[jt]s$/.test(file);

/** Where a rule is quoted, or a word is right. */
const exceptions: readonly { readonly file: string; readonly text: RegExp }[] = [
  { file: 'test/style.test.ts', text: /^(It prints|The file is|The run goes)/ },
  { file: 'CONTRIBUTING.md', text: /a clause with "what"|instead of "that of"/ },
  { file: 'src/reports/page.ts', text: /^default-src/ },
];

/** Programs in other languages inside strings, such as scripts of shells and style sheets. */
const isCode = ({ kind, text }: Prose): boolean => kind === 'string' && /[{}$=]|__\w|>~|\s\/>/.test(text);

function violations(file: string, prose: readonly Prose[]): string[] {
  return prose
    .filter(
      (each) => !isCode(each) && !exceptions.some(({ file: name, text }) => name === file && text.test(each.text)),
    )
    .flatMap(({ kind, line, text }) =>
      dialect.flatMap(({ pattern, instead, isForMessages = false }) => {
        const found = isForMessages && !(kind === 'string' && /^(src|bin)\//.test(file)) ? null : pattern.exec(text);
        return found ? [`${file}:${line}: "${found[0]}" in "${text.slice(0, 100)}": use ${instead}`] : [];
      }),
    );
}

/** Strings of tests may be commands of a shell, whose semicolons are right. */
const withoutSemicolons = (prose: readonly Prose[]): Prose[] =>
  prose.map((each) => (each.kind === 'string' ? { ...each, text: each.text.replaceAll('; ', ', ') } : each));

it('comments and texts of the source keep to the rules of language', () => {
  const found = filesIn('src', 'bin')
    .filter(isSource)
    .flatMap((file) => violations(file, proseOfSource(read(file))));
  expect(found).toEqual([]);
});

it('comments, names of tests and texts of tests, benchmarks and the build keep to the rules of language', () => {
  const found = filesIn('test', 'bench', 'build')
    .filter((file) => /\.[jt]s$/.test(file) && file !== 'test/style/dialect.ts')
    .flatMap((file) => violations(file, withoutSemicolons(proseOfSource(read(file)))));
  expect(found).toEqual([]);
});

describe.each(filesIn('*.md'))('%s', (page) => {
  const prose = proseOfPage(read(page));

  it('keeps to the rules of language', () => {
    expect(violations(page, prose)).toEqual([]);
  });

  it(`has no sentence of more than ${MAX_SENTENCE_WORDS} words`, () => {
    const sentences = prose
      .filter(({ text }) => !text.startsWith('|'))
      .flatMap(({ text }) => text.split(/(?<=[.!?:])\s+/));
    expect(sentences.filter((sentence) => sentence.split(' ').length > MAX_SENTENCE_WORDS)).toEqual([]);
  });
});

describe('the reader of prose', () => {
  it('finds comments and strings, and neither code nor patterns', () => {
    const source = [
      '// One line,',
      '// and another.',
      "const pattern = /it's not a string/, text = 'a string here';",
      '/** A block\n * of two lines. */',
      'const template = `a template with ${`a nested one ${1}`} and an end`;',
      "const quotient = a / b; // It's a comment",
    ].join('\n');
    expect(proseOfSource(source)).toEqual([
      { kind: 'comment', line: 1, text: 'One line, and another.' },
      { kind: 'string', line: 3, text: 'a string here' },
      { kind: 'comment', line: 4, text: 'A block of two lines.' },
      { kind: 'string', line: 6, text: 'a nested one X' },
      { kind: 'string', line: 6, text: 'a template with X and an end' },
      { kind: 'comment', line: 7, text: "It's a comment" },
    ]);
  });

  it('finds the paragraphs of a page without its code', () => {
    const page =
      '# Title\n\nA `piece of code` and\n[a link](page.md).\n\n```sh\ncode here\n```\n\n- one point\n- another point\n';
    expect(proseOfPage(page)).toEqual([
      { kind: 'page', line: 1, text: '# Title' },
      { kind: 'page', line: 3, text: 'A CODE and [a link].' },
      { kind: 'page', line: 10, text: '- one point' },
      { kind: 'page', line: 11, text: '- another point' },
    ]);
  });

  it.each([
    ['It prints what was given.', /what/],
    ['The file is no checkpoint.', /is no/],
    ['The run goes on at step 3.', /goes on/],
  ])('"%s" breaks a rule', (text, words) => {
    const [first] = violations('page.md', [{ kind: 'page', line: 1, text }]);
    expect(first).toMatch(words);
  });

  it.each(['there is no run in X', 'X is 3, expected a text', 'X and X cannot be used together', 'leave it out'])(
    '"%s" breaks a rule of messages',
    (text) => {
      expect(violations('src/source.ts', [{ kind: 'string', line: 1, text }])).toHaveLength(1);
    },
  );

  it.each(['There is no checkpoint in this folder.', 'What does a cell remember?', 'X stands for a text.'])(
    '"%s" breaks no rule',
    (text) => {
      expect(violations('page.md', [{ kind: 'page', line: 1, text }])).toEqual([]);
    },
  );
});
