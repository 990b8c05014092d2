// The table of renamed options in CHANGELOG.md has every former name that options still accept.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchOptions, plotOptions, sweepOptions } from '../../src/options/commands.ts';
import { type Options, keyOf, tableOf } from '../../src/options/option.ts';
import { predictOptions } from '../../src/options/predict.ts';
import { retiredOptions, retiredVariables } from '../../src/options/retired.ts';
import { sampleOptions } from '../../src/options/sampling.ts';
import { scoreOptions } from '../../src/options/score.ts';
import { trainOptions } from '../../src/options/train.ts';
import { evalOptions, gradientsOptions, inspectOptions } from '../../src/options/trained.ts';

const root = resolve(import.meta.dirname, '../..');
const changelog = readFileSync(resolve(root, 'CHANGELOG.md'), 'utf8');
const [, section] = changelog.split('### Renamed\n');
const rows = section
  .split('\n\n')[1]
  .split('\n')
  .slice(2)
  .map((row) => row.split(' | '));

const tables: readonly Options[] = [
  trainOptions,
  ...[
    benchOptions,
    plotOptions,
    sweepOptions,
    predictOptions,
    sampleOptions,
    scoreOptions,
    evalOptions,
    gradientsOptions,
    inspectOptions,
  ].map((groups) => tableOf(groups) as Options),
];
const options = tables.flatMap((table) => Object.entries(table).map(([name, row]) => ({ key: keyOf(name, row), row })));
/** Spellings that were never the name of an option. */
const spellings = ['initialization', 'temperature'];

describe('the table of renamed options', () => {
  it('has each former name that an option accepts, with the current name', () => {
    const renamed = options.flatMap(({ key, row: { aliases = [] } }) =>
      aliases.filter((alias) => !spellings.includes(alias)).map((alias) => [`\`--${alias}\``, `\`--${key}\``] as const),
    );
    expect(renamed.length).toBeGreaterThan(20);
    const isListed = ([before, now]: readonly [string, string]): boolean =>
      rows.some(([left, right]) => left.includes(before) && right.includes(now));
    expect(renamed.filter((each) => !isListed(each))).toEqual([]);
  });

  it('has only flags that exist now in its second column', () => {
    const current = new Set(options.map(({ key }) => `--${key}`));
    const named = rows.flatMap(([, now]) => now.match(/`--[\w-]+/g) ?? []).map((flag) => flag.slice(1));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((flag) => !current.has(flag))).toEqual([]);
  });

  it('has only flags that still work in rows without a remark', () => {
    const accepted = new Set(options.flatMap(({ key, row: { aliases = [] } }) => [key, ...aliases]));
    const silent = rows.filter(([, , remark]) => remark.trim() === '|');
    const named = silent.flatMap(([before]) => before.match(/`--[\w-]+/g) ?? []).map((flag) => flag.slice(3));
    expect(named.filter((flag) => !accepted.has(flag))).toEqual([]);
  });

  it('has each option and variable that is ignored with a warning', () => {
    const ignored = rows
      .filter(([, , remark]) => remark.startsWith('is ignored'))
      .map(([before]) => before)
      .join();
    const names = [...retiredOptions.map((name) => `--${name}`), ...retiredVariables];
    expect(names.filter((name) => !ignored.includes(name))).toEqual([]);
  });
});
