// Texts that are lists and get a warning, and texts that must never get one.
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { type ListFacts, listFactsOf, listHint, listWarning } from '../../src/corpus/lists.ts';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { Random } from '../../src/random.ts';

const syllables = ['ba', 'dor', 'el', 'ka', 'lun', 'mi', 'no', 'ra', 'Sé', 'tu', 've', 'zan'];
const random = new Random(3);
const pick = <Item>(items: readonly Item[]): Item => items[random.uint32() % items.length];
const capital = (word: string): string => word[0].toUpperCase() + word.slice(1);
const names = [
  ...new Set(Array.from({ length: 600 }, () => capital(pick(syllables) + pick(syllables) + pick(syllables)))),
];
const sorted = names.toSorted();
const shuffle = (lines: readonly string[]): string[] =>
  lines
    .map((line) => ({ line, key: random.uniform() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ line }) => line);

const encoded = (lines: readonly string[]): Parameters<typeof listFactsOf> => {
  const text = `${lines.join('\n')}\n`;
  const vocabulary = characterVocabulary(text, false);
  return [Uint8Array.from(vocabulary.encode(text)), vocabulary];
};
const factsOf = (lines: readonly string[]): ListFacts | null => listFactsOf(...encoded(lines));

describe('a list', () => {
  it('is recognised as sorted by code points or as in a locale, even with some exceptions', () => {
    const collator = new Intl.Collator('en');
    const nearly = sorted.with(7, 'Aab').with(50, 'Zz').with(90, 'Mm');
    const mixed = names.map((name, index) => (index % 2 === 0 ? name : name.toLowerCase()));
    for (const lines of [sorted, names.toSorted(collator.compare), mixed.toSorted(collator.compare), nearly])
      expect(factsOf(lines)).toEqual({ isSorted: true, duplicateFraction: 0 });
    expect(factsOf(shuffle(names))).toBeNull();
  });

  it('is recognised by its duplicates', () => {
    const facts = factsOf(shuffle([...names, ...names.slice(0, names.length / 3)]))!;
    expect(facts.isSorted).toBe(false);
    expect(facts.duplicateFraction).toBeCloseTo(0.25, 2);
    expect(factsOf(shuffle([...names, ...names.slice(0, 10)]))).toBeNull();
  });

  it('gets a warning that names the option for records', () => {
    const warningOf = (lines: readonly string[]): string | null => listWarning(...encoded(lines));
    expect(warningOf(sorted)).toBe(
      'the lines are sorted, so the validation part differs from the training part: use --records line to shuffle them',
    );
    const twice = [...names, ...names];
    expect(warningOf(shuffle(twice))).toBe(
      '50 % of the lines are duplicates, so the validation loss is too low: use --records line to keep equal lines in one part',
    );
    expect(warningOf(twice.toSorted())).toMatch(/^the lines are sorted/);
    expect(warningOf(names)).toBeNull();
  });
});

describe('a hint to train on lines', () => {
  const hintOf = (lines: readonly string[]): string | null => listHint(...encoded(lines));
  const csv = (index: number): string => `${index},${pick(names)},${pick(names)}`;

  it.each([
    ['names', names],
    ['titles', names.map((name) => `The ${name} of ${pick(names)}`)],
    ['rows of CSV', names.map((_, index) => csv(index))],
    ['pairs', names.map((name) => `${name}\t${pick(['English', 'French'])}`)],
  ])('comes with %s', (_, lines) => {
    expect(hintOf(shuffle(lines))).toBe('the text looks like a list: add --records line to train on its lines');
  });

  const words = readFileSync('docs/architecture.md', 'utf8')
    .replace(/[^\w.,;: ]+/g, ' ')
    .split(/ +/);
  const wrapped = (columns: number): string[] => {
    const lines = [''];
    for (const word of words) {
      if (lines.at(-1)!.length + word.length >= columns) lines.push('');
      lines.push(`${lines.pop()!} ${word}`.trim());
    }
    return lines;
  };
  it.each([
    ['prose', readFileSync('docs/architecture.md', 'utf8').split('\n')],
    ['wrapped prose without blank lines', wrapped(80)],
    ['narrow prose without blank lines', wrapped(40)],
    ['the sonnets', readFileSync('corpora/sonnets.txt', 'utf8').split('\n')],
    ['source code', readFileSync('src/corpus/read.ts', 'utf8').split('\n')],
    ['a short list', names.slice(0, 40)],
  ])('does not come with %s', (_, lines) => {
    expect(hintOf(lines)).toBeNull();
  });
});

const numbered = (lineOf: (index: number) => string): string[] =>
  Array.from({ length: 300 }, (_, index) => lineOf(index));
const time = (index: number): string => new Date(1_700_000_000_000 + 61_000 * index).toISOString();
const verse = [
  'when in the chronicle of wasted time',
  'I see descriptions of the fairest wights',
  'and beauty making beautiful old rhyme',
];
const record = (index: number): string[] => [
  `Bread with ${pick(names)}`,
  `- ${index % 5} cups of flour`,
  'Bake it for an hour.',
  '<end>',
];

/** In all of these, the order of the lines, or their frequency, belongs to the text. */
test.each([
  ['source code', readFileSync('src/corpus/read.ts', 'utf8').split('\n')],
  ['prose', readFileSync('docs/architecture.md', 'utf8').split('\n')],
  ['verse without blank lines', numbered((index) => `${pick(verse)}, ${pick(names)} ${index}`)],
  [
    'a play without blank lines',
    numbered((index) => (index % 2 === 0 ? `${pick(names.slice(0, 9))}:` : `${pick(verse)} ${pick(names)}`)),
  ],
  ['log lines that start with a time', numbered((index) => `${time(index)} ${pick(['GET /', 'POST /login'])}`)],
  [
    'log lines with the month in words',
    numbered((index) => `Jan ${10 + Math.floor(index / 20)} ${time(index).slice(11, 19)} ${pick(names)}`),
  ],
  ['rows of CSV with numbers in order', numbered((index) => `${index},${pick(names)},${pick(names)}`)],
  ['records of several lines with a marker', numbered(() => '').flatMap((_, index) => record(index))],
  ['a short list', sorted.slice(0, 40)],
  ['a text of one line', [names.join(' ')]],
])('%s is not a list', (_, lines) => {
  expect(factsOf(lines)).toBeNull();
});
