// The page of `rnn inspect --html`: a text shaded by the values of a unit, the units that track a
// property of the text, and how often gates are open and shut.
import { count } from '../count.ts';
import { type Activations, usualRange } from '../insight/activations.ts';
import { type UnitName, type Finding, unitText, describeUntested, scoreText } from '../insight/finding.ts';
import type { Saturation } from '../insight/saturation.ts';
import { gatesHtml } from './gates.ts';
import { escapeHtml, section } from './html.ts';
import { page, pageScript, styleSheet } from './page.ts';
import { shadedText, shadesStyle } from './shaded-text.ts';

/** The contents of the page. */
export interface UnitsReport {
  /** The name of the run or of its checkpoint. */
  readonly name: string;
  readonly summary: string;
  readonly pieces: readonly string[];
  readonly activations: Activations;
  readonly findings: readonly Finding[];
  readonly saturation: readonly Saturation[];
  /** The unit to show first, or null for the first unit that was found. */
  readonly unit: UnitName | null;
}

/** The data for the program in the page. */
export interface CellsData {
  /** Units by name. */
  readonly cells: Readonly<Record<string, ShownCell>>;
  /** The name of the unit to show first. */
  readonly first: string;
}

/** The values of a unit after each character of the text. */
interface ShownCell {
  /** The lowest and the highest value. */
  readonly range: readonly [low: number, high: number];
  /** The range that contains most values. */
  readonly usual: readonly [low: number, high: number];
  /** Values from the lowest, 0, to the highest, 255, in base64. */
  readonly levels: string;
}

/**
 * Maximum number of values on a page, one byte each. In base64 they take 2.8 MB. More would take
 * long to load.
 */
const MAX_LEVELS = 2 ** 21;

/**
 * For each layer, includes all units of its longest-lived value (c if the cell has it), and those
 * units of other values that were found or requested. The other units would double the size.
 */
export function unitsPage({
  name,
  summary,
  pieces,
  activations,
  findings,
  saturation,
  unit: cell,
}: UnitsReport): string {
  const { arrays, hidden } = activations;
  const stateName = arrays.findLast(({ isGate }) => !isGate)!.name;
  const foundUnits = findings.flatMap(({ cells }) => cells.map(unitText));
  const units = cell === null ? foundUnits : [unitText(cell), ...foundUnits];
  const names = arrays.flatMap(({ layer, name }) =>
    Array.from({ length: hidden }, (_, unit) => ({ layer, name, unit })).filter(
      (each) => name === stateName || units.includes(unitText(each)),
    ),
  );
  const characters = [...pieces.keys()].filter((at) => pieces[at] !== '');
  const places = characters.slice(0, Math.ceil(MAX_LEVELS / names.length));
  const cells = Object.fromEntries(names.map((each) => [unitText(each), shownCell(each, places, activations)]));
  const part = places.length < characters.length ? ` (the first ${count(places.length)} are shown here)` : '';
  const data: CellsData = { cells, first: units[0] ?? unitText(names[0]) };
  return page({
    title: `Units of ${name}`,
    summary: `${summary}${part}`,
    style: `${styleSheet('text')}${styleSheet('cells')}${shadesStyle}`,
    body: `${section(
      'reader',
      'The text, shaded by the values of a unit',
      `<form class="cell">
<label>Unit <select id="cell">${Object.keys(cells)
        .map((each) => `<option>${each}`)
        .join('')}</select></label>
<button type="button" id="previous" aria-label="Previous unit" aria-keyshortcuts="ArrowLeft">←</button>
<button type="button" id="next" aria-label="Next unit" aria-keyshortcuts="ArrowRight">→</button>
<span class="scale"><output id="low"></output><span class="shades" aria-hidden="true"></span><output id="high"></output></span>
<span>here <output id="value"></output></span>
</form>
<div class="beside">
${shadedText(places.map((at) => ({ text: pieces[at], shade: 0 })))}
<div class="found" id="found">${foundHtml(findings)}</div>
</div>
<p class="hint">Press ← and → for the previous and the next unit. Within the text they move between characters and show the value of the unit after each.</p>
<noscript><p>A script shades the text, but your browser does not run it.</p></noscript>`,
    )}
${saturation.length === 0 ? '' : gatesHtml(saturation, stateName)}`,
    script: pageScript('cells'),
    data,
  });
}

function shownCell(
  { layer, name, unit }: UnitName,
  places: readonly number[],
  { arrays, hidden }: Activations,
): ShownCell {
  const { values } = arrays.find((each) => each.layer === layer && each.name === name)!;
  const held = Float32Array.from(places, (at) => values[at * hidden + unit]);
  const sorted = held.toSorted();
  const [low, high] = [sorted[0], sorted.at(-1)!];
  const levels = Uint8Array.from(held, (value) => Math.round((255 * (value - low)) / (high - low || 1)));
  return { range: [low, high], usual: usualRange(held), levels: Buffer.from(levels).toString('base64') };
}

function foundHtml(findings: readonly Finding[]): string {
  const groups = findings
    .filter(({ cells }) => cells.length > 0)
    .map(({ property, cells, chance }) => {
      const buttons = cells.map(
        (cell) =>
          `<button type="button" data-cell="${unitText(cell)}">${unitText(cell)} <b>${scoreText(property, cell.correlation)}</b></button>`,
      );
      return `<h3>${escapeHtml(property.name)}</h3>
<p>${escapeHtml(property.description)} (by chance up to ${scoreText(property, chance!)})</p>
<p class="cells">${buttons.join('')}</p>`;
    });
  return [
    '<p class="hint">Units that track a property of the text. AUC or Spearman’s ρ is measured on the half of the text that was not used to choose them.</p>',
    ...groups,
    ...describeUntested(findings).map((line) => `<p class="hint">${escapeHtml(line)}</p>`),
  ].join('\n');
}
