// What `rnn inspect` found, for a terminal and as JSON.
import { type Finding, cellText, scoreOf, scoreText, sortedFindings } from '../insight/finding.ts';
import { type Saturation, summaryOf } from '../insight/saturation.ts';
import type { Colours } from './colour.ts';
import { count, wrap } from './format.ts';
import type { Output } from './output.ts';
import { textTable } from './text-table.ts';

/** A line for each property that some unit tells, and one for each kind of other properties. */
export function cellsTable(findings: readonly Finding[], { colour, columns }: Pick<Output, 'colour' | 'columns'>): string[] {
  const { told, untold, untested, absent } = sortedFindings(findings);
  const rows = told.map(({ property, chance, cells }) => [
    property.name,
    scoreText(property, chance!),
    ...cells.map((cell) => `${cellText(cell)} ${bareScore(scoreText(property, cell.correlation))}`),
  ]);
  const widths = [0, 1, 2].map((column) =>
    Math.max(12, ...rows.flatMap((row) => (column < 2 ? [row[column].length] : row.slice(2).map((cell) => cell.length)))),
  );
  const fitting = Math.max(1, Math.floor((columns - widths[0] - widths[1] - 2) / (widths[2] + 2)));
  const line = ([name, chance, ...cells]: readonly string[]): string =>
    `${colour.dim(name.padEnd(widths[0]))}  ${[chance.padEnd(widths[1]), ...cells.slice(0, fitting).map((cell) => cell.padEnd(widths[2]))].join('  ')}`.trimEnd();
  const rest = (what: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [colour.dim(wrap(`${what}: ${names.join(', ')}`, Math.max(20, columns - 2)).join('\n  '))];
  return [
    ...(told.length === 0 ? [] : [colour.dim(line(['', 'chance up to', 'units, the best first'])), ...rows.map(line)]),
    ...rest('told by no unit', untold.map(nameOf)),
    ...rest('not tested, the text is too short', untested.map(nameWithNeed)),
    ...rest('not in the text', absent.map(nameOf)),
  ];
}

const nameOf = ({ property }: Finding): string => property.name;
const nameWithNeed = ({ property, neededCharacters }: Finding): string =>
  `${property.name} (takes about ${count(neededCharacters!)} characters)`;

const bareScore = (score: string): string => score.replace(/^\S+ /, '');

/** A line for each gate of each layer. */
export function gatesTable(saturation: readonly Saturation[], { dim }: Colours): string[] {
  const headings = ['layer', 'gate', 'below 0.1', 'above 0.9', 'units mostly below', 'mostly above'];
  const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;
  const rows = saturation.map((each) => {
    const { left, right, mostlyLeft, mostlyRight } = summaryOf(each);
    return [String(each.layer), each.gate, percent(left), percent(right), String(mostlyLeft), String(mostlyRight)];
  });
  const [heading, ...lines] = textTable([headings, ...rows], { isLeft: () => false });
  return rows.length === 0 ? [] : [dim(heading), ...lines];
}

export function findingObject({ property, chance, cells, neededCharacters }: Finding): object {
  return {
    event: 'property',
    property: property.name,
    what: property.what,
    measure: property.isNumber ? 'spearman' : 'auc',
    chance: chance === null ? null : scoreOf(property, chance),
    neededCharacters,
    cells: cells.map(({ layer, name, unit, correlation }) => ({
      cell: cellText({ layer, name, unit }),
      layer,
      value: name,
      unit,
      score: scoreOf(property, correlation),
      sign: Math.sign(correlation),
    })),
  };
}

export function saturationObject(saturation: Saturation): object {
  const { layer, gate, left, right } = saturation;
  return { event: 'saturation', layer, gate, ...summaryOf(saturation), cells: { left: [...left], right: [...right] } };
}
