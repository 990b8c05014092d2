// How often gates are shut and open, as pictures and as a table: the plot of Karpathy, Johnson and
// Fei-Fei (2015), in which each cell is a dot.
import { type Saturation, summaryOf } from '../insight/saturation.ts';
import { groupBy } from '../group.ts';
import { section, table } from './html.ts';

/** A plot in pixels, and in it the square of fractions from 0 to 1. */
const SIDE = 250;
const [LEFT, TOP, RIGHT, BOTTOM] = [40, 8, 240, 216];
const words: Readonly<Record<string, string>> = { i: 'Input', f: 'Forget', o: 'Output', r: 'Reset', z: 'Update' };

export function gatesHtml(saturation: readonly Saturation[]): string {
  const layers = [...new Set(saturation.map(({ layer }) => layer))];
  const legend =
    layers.length > 1
      ? `<p class="legend">${layers.map((layer) => `<span><i style="background: ${colourOf(layer)}"></i>layer ${layer}</span>`).join('')}</p>`
      : '';
  return section(
    'gates',
    'How often gates are open and shut',
    `<p class="hint">Each dot is a cell. To the right: the fraction of the text in which its gate was open, above 0.9; upwards: in which it was shut, below 0.1. A click on a dot shades the text by its cell.</p>
${legend}
<div class="plots">${[...groupBy(saturation, ({ gate }) => gate)].map(([gate, ofLayers]) => plotSvg(gate, ofLayers)).join('\n')}</div>
<p id="gates-means">Means over the cells of a layer, and cells whose gate is open or shut most of the time</p>
<div class="scroll">${table(heads, saturation.map(rowOf), ' aria-labelledby="gates-means"')}</div>`,
  );
}

const heads = ['layer', 'gate', 'shut', 'open', 'cells mostly shut', 'cells mostly open'];
const colourOf = (layer: number): string => `var(--series-${(layer % 8) + 1})`;
const nameOf = (gate: string): string => (gate in words ? `${words[gate]} gate, ${gate}` : `Gate ${gate}`);
const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)}\u00a0%`;

function rowOf(saturation: Saturation): (string | number)[] {
  const { left, right, mostlyLeft, mostlyRight } = summaryOf(saturation);
  return [saturation.layer, saturation.gate, percent(left), percent(right), mostlyLeft, mostlyRight];
}

const x = (fraction: number): string => (LEFT + fraction * (RIGHT - LEFT)).toFixed(1);
const y = (fraction: number): string => (BOTTOM - fraction * (BOTTOM - TOP)).toFixed(1);
const label = (content: string, place: string): string => `<text ${place}>${content}</text>`;

/** The axes; and a diagonal, because shut and open together are at most all of the time. */
const axes = [
  ...[0, 0.5, 1].flatMap((tick) => [
    label(tick.toFixed(1), `x="${x(tick)}" y="${BOTTOM + 17}"`),
    label(tick.toFixed(1), `x="${LEFT - 9}" y="${Number(y(tick)) + 4}" text-anchor="end"`),
  ]),
  label('open', `x="${x(0.5)}" y="${BOTTOM + 32}"`),
  label('shut', `transform="translate(10,${y(0.5)}) rotate(-90)"`),
  `<path d="M${LEFT},${TOP}V${BOTTOM}H${RIGHT}" class="frame"/>`,
  `<path d="M${LEFT},${TOP}L${RIGHT},${BOTTOM}" stroke-width="1.5" stroke-opacity="0.25"/>`,
].join('');

/** Each dot has the layer and unit of its cell as data, for the page's program. */
function plotSvg(gate: string, ofLayers: readonly Saturation[]): string {
  const dotsOf = ({ layer, left, right }: Saturation): string => {
    const dots = Array.from(left, (shut, unit) => {
      const title = `unit ${unit} of layer ${layer}: open ${percent(right[unit])}, shut ${percent(shut)}`;
      return `<circle data-layer="${layer}" data-unit="${unit}" r="3.5" cx="${x(right[unit])}" cy="${y(shut)}"><title>${title}</title></circle>`;
    });
    return `<g style="color: ${colourOf(layer)}">${dots.join('')}</g>`;
  };
  return `<figure><figcaption>${nameOf(gate)}</figcaption>
<svg viewBox="0 0 ${SIDE} ${SIDE}" text-anchor="middle" role="img" aria-label="${nameOf(gate)}: the table below has the means">${axes}${ofLayers.map(dotsOf).join('')}<circle class="ring" r="6"/></svg></figure>`;
}
