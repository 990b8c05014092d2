// The results of `rnn inspect`, for a terminal and as JSON.
import { type Finding, unitText, describeUntested, scoreOf, scoreText } from '../../insight/finding.ts';
import { type Saturation, saturationHeads, saturationRow, saturationSummary } from '../../insight/saturation.ts';
import type { Colours } from '../output/colour.ts';
import { lengthShown, wrap } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { textTable } from '../output/text-table.ts';

/** The width of each column at least. */
const MIN_WIDTH = 12;
const GAP = 2;

/** A line for each property that a unit detects, and a line for each kind of other properties. */
export function unitsTable(
  findings: readonly Finding[],
  { colour: { dim }, columns }: Pick<Output, 'colour' | 'columns'>,
): string[] {
  const detected = findings.filter(({ cells }) => cells.length > 0);
  const rows = detected.map(({ property, chance, cells }) => ({
    left: [dim(property.name), scoreText(property, chance!)],
    units: cells.map((cell) => `${unitText(cell)} ${scoreText(property, cell.correlation).replace(/^\S+ /, '')}`),
  }));
  const table = (units: number): string[] =>
    textTable(
      [['', 'chance up to'], ...rows.map((row) => [...row.left, ...row.units.slice(0, units)])],
      'l',
      MIN_WIDTH,
    );
  const unitWidth = Math.max(MIN_WIDTH, ...rows.flatMap(({ units }) => units.map(({ length }) => length)));
  const leftWidth = Math.max(...table(0).map(lengthShown));
  const [head, ...lines] = table(Math.max(1, Math.floor((columns - leftWidth) / (GAP + unitWidth))));
  return [
    ...(detected.length === 0 ? [] : [dim(`${head}  units, best first`), ...lines]),
    ...describeUntested(findings).map((line) => dim(wrap(line, Math.max(20, columns - 2)).join('\n  '))),
  ];
}

/** A line for each gate of each layer. */
export function gatesTable(saturation: readonly Saturation[], { dim }: Colours): string[] {
  if (saturation.length === 0) return [];
  const [head, ...lines] = textTable([saturationHeads, ...saturation.map(saturationRow)], 'r');
  return [dim(head), ...lines];
}

/** The JSON object of a property of the text. */
export function findingObject({ property, chance, cells, neededCharacters }: Finding): object {
  return {
    event: 'property',
    property: property.name,
    what: property.description,
    measure: property.isNumber ? 'spearman' : 'auc',
    chance: chance === null ? null : scoreOf(property, chance),
    neededCharacters,
    cells: cells.map(({ layer, name, unit, correlation }) => ({
      cell: unitText({ layer, name, unit }),
      layer,
      value: name,
      unit,
      score: scoreOf(property, correlation),
      sign: Math.sign(correlation),
    })),
  };
}

/** The JSON object of a gate. */
export function saturationObject(saturation: Saturation): object {
  const { layer, gate, left, right } = saturation;
  return {
    event: 'saturation',
    layer,
    gate,
    ...saturationSummary(saturation),
    cells: { left: [...left], right: [...right] },
  };
}
