// How often gates are shut and open, as pictures and as a table: the plot of Karpathy, Johnson and Fei-Fei (2015), in which each cell is a dot.
import { type Saturation, summaryOf } from '../insight/saturation.ts';
import { groupBy } from '../group.ts';

const SIDE = 200;
const MARGIN = { left: 34, bottom: 34, top: 8, right: 8 };
const words: Readonly<Record<string, string>> = { i: 'Input', f: 'Forget', o: 'Output', r: 'Reset', z: 'Update' };

export function gatesHtml(saturation: readonly Saturation[]): string {
  const layers = [...new Set(saturation.map(({ layer }) => layer))];
  const legend = layers.length > 1 ? `<p class="legend">${layers.map((layer) => `<span><i style="background: ${colourOf(layer)}"></i>layer ${layer}</span>`).join('')}</p>` : '';
  return `<section aria-labelledby="gates-title">
<h2 id="gates-title">How often gates are open and shut</h2>
<p class="hint">Each dot is a cell. To the right: the fraction of the text in which its gate was open, above 0.9; upwards: in which it was shut, below 0.1. A click on a dot shades the text by its cell.</p>
${legend}
<div class="plots">${[...groupBy(saturation, ({ gate }) => gate)].map(([gate, ofLayers]) => plotSvg(gate, ofLayers)).join('\n')}</div>
<p id="gates-means">Means over the cells of a layer, and cells whose gate is open or shut most of the time</p>
<div class="scroll"><table aria-labelledby="gates-means">
<thead><tr><th scope="col">layer</th><th scope="col">gate</th><th scope="col">shut</th><th scope="col">open</th><th scope="col">cells mostly shut</th><th scope="col">cells mostly open</th></tr></thead>
<tbody>${saturation.map(rowHtml).join('\n')}</tbody></table></div>
</section>`;
}

const colourOf = (layer: number): string => `var(--series-${(layer % 8) + 1})`;
const nameOf = (gate: string): string => (gate in words ? `${words[gate]} gate, ${gate}` : `Gate ${gate}`);
const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)}\u00a0%`;

function rowHtml(saturation: Saturation): string {
  const { left, right, mostlyLeft, mostlyRight } = summaryOf(saturation);
  return `<tr><th scope="row">${saturation.layer}</th><td>${saturation.gate}</td><td>${percent(left)}</td><td>${percent(right)}</td><td>${mostlyLeft}</td><td>${mostlyRight}</td></tr>`;
}

function plotSvg(gate: string, ofLayers: readonly Saturation[]): string {
  const [x, y] = [(fraction: number) => (MARGIN.left + SIDE * fraction).toFixed(1), (fraction: number) => (MARGIN.top + SIDE * (1 - fraction)).toFixed(1)];
  const [width, height] = [MARGIN.left + SIDE + MARGIN.right, MARGIN.top + SIDE + MARGIN.bottom];
  const ticks = [0, 0.5, 1].map((tick) => `<text x="${x(tick)}" y="${height - 18}" text-anchor="middle">${tick}</text><text x="${MARGIN.left - 6}" y="${y(tick)}" dy="0.32em" text-anchor="end">${tick}</text>`);
  const dots = ofLayers.map(({ layer, left, right }) => `<g style="color: ${colourOf(layer)}">${[...left].map((shut, unit) =>
    `<circle cx="${x(right[unit])}" cy="${y(shut)}" r="3.5" data-layer="${layer}" data-unit="${unit}"><title>unit ${unit} of layer ${layer}: open ${percent(right[unit])}, shut ${percent(shut)}</title></circle>`).join('')}</g>`);
  return `<figure><figcaption>${nameOf(gate)}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${nameOf(gate)}: the table below has the means">
<path class="axes" d="M${x(0)} ${y(1)}V${y(0)}H${x(1)}"/><path class="diagonal" d="M${x(0)} ${y(1)}L${x(1)} ${y(0)}"/>
${ticks.join('')}<text x="${x(0.5)}" y="${height - 4}" text-anchor="middle">open</text><text x="8" y="${y(0.5)}" text-anchor="middle" transform="rotate(-90 8 ${y(0.5)})">shut</text>
${dots.join('\n')}<circle class="ring" r="6"/></svg></figure>`;
}
