// The page of `rnn inspect --html`: a text shaded by what any cell holds, the cells that were found
// to tell something, and how often gates are shut and open.
import { type Activations, valuesOf } from '../insight/activations.ts';
import { type CellName, type Finding, cellText, scoreText, sortedFindings } from '../insight/finding.ts';
import type { Saturation } from '../insight/saturation.ts';
import { gatesHtml } from './gates.ts';
import { escapeHtml, section } from './html.ts';
import { page, pageScript, styleSheet } from './page.ts';

export interface CellsReport {
  /** Of the run or its checkpoint. */
  readonly name: string;
  readonly summary: string;
  readonly pieces: readonly string[];
  readonly activations: Activations;
  readonly findings: readonly Finding[];
  readonly saturation: readonly Saturation[];
  /** The cell to be shown at first; else the first that was found. */
  readonly cell: CellName | null;
}

/** What the page's program is given. */
export interface CellsData {
  /** The text by symbols: what each adds to it. */
  readonly pieces: readonly string[];
  readonly shown: readonly ShownCells[];
  /** The cell that is chosen at first. */
  readonly first: { readonly layer: number; readonly name: string; readonly unit: number };
}

/** Units of one carried value of one layer. */
export interface ShownCells {
  readonly layer: number;
  readonly name: string;
  readonly units: readonly number[];
  /** The lowest value of each of the units, and the highest. */
  readonly lows: readonly number[];
  readonly highs: readonly number[];
  /**
   * From the lowest, 0, to the highest, 255: the values of each unit at all places, then those of
   * the next. In base64.
   */
  readonly levels: string;
}

/** Values on a page, a byte each, which base64 makes 2.8 MB: more would take long to load. */
const MAX_LEVELS = 2 ** 21;

interface ShownUnits extends Pick<ShownCells, 'layer' | 'name' | 'units'> {
  readonly values: Float32Array;
}

/**
 * Shades of the text: the lowest, none in the middle, the highest. browser/cells.ts names them so.
 */
const SHADES = 33;

const middle = (SHADES - 1) / 2;
const shade = (level: number): string =>
  `color-mix(in oklab, var(--${level < middle ? 'low' : 'high'}) ${Math.round((100 * Math.abs(level - middle)) / middle)}%, transparent)`;
const shades = Array.from({ length: SHADES }, (_, level) => shade(level));
const shadesStyle = `:root { --shades: linear-gradient(to right, ${shades.join(', ')}); }
${shades.map((colour, level) => `.s${level} { background: ${colour}; }`).join('\n')}`;

export function cellsPage({ name, summary, pieces, activations, findings, saturation, cell }: CellsReport): string {
  const [found] = findings.flatMap(({ cells }) => cells.slice(0, 1));
  const wanted = [...(cell === null ? [] : [cell]), ...findings.flatMap(({ cells }) => cells)];
  const units = shownUnits(activations, wanted);
  const length = Math.min(
    pieces.length,
    Math.ceil(MAX_LEVELS / units.reduce((sum, each) => sum + each.units.length, 0)),
  );
  const shown = units.map((each) => shownCells(each, length, activations.hidden));
  const part = length < pieces.length ? `; the first ${length.toLocaleString('en')} are shown here` : '';
  const data: CellsData = {
    pieces: pieces.slice(0, length),
    shown,
    first: cell ?? found ?? { layer: shown[0].layer, name: shown[0].name, unit: 0 },
  };
  return page({
    title: `What the cells of ${name} hold`,
    summary: `${summary}${part}`,
    style: `${styleSheet('cells')}${shadesStyle}`,
    body: `${textHtml(shown, findings)}\n${saturation.length === 0 ? '' : gatesHtml(saturation)}`,
    script: pageScript('cells'),
    data,
  });
}

/**
 * Of each layer what it carries longest, c where there is one, by all units; of the rest those that
 * are wanted: all of it would be as large again.
 */
function shownUnits({ all, hidden }: Activations, wanted: readonly CellName[]): ShownUnits[] {
  return all.flatMap(({ layer, name, isGate, values }, index) => {
    const isWhole =
      !isGate && (all[index + 1] === undefined || all[index + 1].isGate || all[index + 1].layer !== layer);
    const units = Array.from({ length: hidden }, (_, unit) => unit).filter(
      (unit) => isWhole || wanted.some((cell) => cell.layer === layer && cell.name === name && cell.unit === unit),
    );
    return units.length === 0 ? [] : { layer, name, units, values };
  });
}

/** @param length in characters, from the beginning */
function shownCells({ layer, name, units, values }: ShownUnits, length: number, hidden: number): ShownCells {
  const levels = Buffer.alloc(units.length * length);
  const seen = values.subarray(0, length * hidden);
  const ranges = units.map((unit, n) => quantise(valuesOf(seen, unit, hidden), levels.subarray(n * length)));
  return {
    layer,
    name,
    units,
    lows: ranges.map(([low]) => low),
    highs: ranges.map(([, high]) => high),
    levels: levels.toString('base64'),
  };
}

function quantise(values: Float32Array, levels: Uint8Array): [low: number, high: number] {
  const [low, high] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  values.forEach((value, at) => {
    levels[at] = Math.round((255 * (value - low)) / (high - low || 1));
  });
  return [Number(low.toPrecision(4)), Number(high.toPrecision(4))];
}

function textHtml(shown: readonly ShownCells[], findings: readonly Finding[]): string {
  const options = (values: readonly (string | number)[]): string =>
    [...new Set(values)].map((value) => `<option>${value}`).join('');
  return section(
    'text',
    'The text, shaded by a cell',
    `<form class="cell">
<label>Layer <select id="layer">${options(shown.map(({ layer }) => layer))}</select></label>
<label>Value <select id="name">${options(shown.map(({ name }) => name))}</select></label>
<label>Unit <select id="unit"></select></label>
<span class="step"><button type="button" id="previous" aria-label="The unit before" aria-keyshortcuts="ArrowLeft">←</button><button type="button" id="next" aria-label="The next unit" aria-keyshortcuts="ArrowRight">→</button></span>
<span class="scale"><output id="low"></output><span class="shades" aria-hidden="true"></span><output id="high"></output></span>
</form>
<p class="told" id="told" aria-live="polite"></p>
<div class="beside">
<div class="text card" id="text" tabindex="0" role="slider" aria-label="Place in the text" aria-describedby="told" aria-valuemin="1"></div>
<div class="found" id="found">${foundHtml(findings)}</div>
</div>
<p class="hint">← and → choose the unit before or the next; within the text they go from character to character, and tell what the cell holds after each.</p>
<div class="tip" id="tip" hidden></div>
<noscript><p>The text is shaded by a script, which does not run here.</p></noscript>`,
  );
}

function foundHtml(findings: readonly Finding[]): string {
  const { told, untold, untested, absent } = sortedFindings(findings);
  const groups = told.map(
    ({
      property,
      cells,
      chance,
    }) => `<div data-property="${escapeHtml(property.name)}"><h3>${escapeHtml(property.name)}</h3>
<p>${escapeHtml(property.what)}; by chance up to ${scoreText(property, chance!)}</p>
<p class="cells">${cells.map((cell) => `<button type="button" data-layer="${cell.layer}" data-name="${cell.name}" data-unit="${cell.unit}">${cellText(cell)} <b>${scoreText(property, cell.correlation)}</b></button>`).join('')}</p></div>`,
  );
  const hint = (what: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`<p class="hint">${what}: ${escapeHtml(names.join(', '))}.</p>`];
  const nameOf = ({ property }: Finding): string => property.name;
  return [
    ...(groups.length > 0
      ? [
          '<p class="hint">Units that tell something of the text, by AUC or Spearman’s ρ on a half of it that they were not chosen on.</p>',
        ]
      : []),
    ...groups,
    ...hint('Told by no unit', untold.map(nameOf)),
    ...hint(
      'Not tested, the text is too short',
      untested.map(
        ({ property, neededCharacters }) =>
          `${property.name} (takes about ${neededCharacters!.toLocaleString('en')} characters)`,
      ),
    ),
    ...hint('Not in this text', absent.map(nameOf)),
  ].join('\n');
}
