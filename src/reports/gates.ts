// How often gates are shut and open, as pictures and as a table: the plot of Karpathy, Johnson and Fei-Fei (2015), in which each cell is a
// dot.
import { type Saturation, summaryOf } from '../insight/saturation.ts';
import { groupBy } from '../group.ts';
import type { Plotter } from './observable.ts';

const SIDE = 250;
const words: Readonly<Record<string, string>> = { i: 'Input', f: 'Forget', o: 'Output', r: 'Reset', z: 'Update' };

export async function gatesHtml(saturation: readonly Saturation[]): Promise<string> {
  const { openPlot } = await import('./observable.ts');
  const plotter = openPlot();
  const layers = [...new Set(saturation.map(({ layer }) => layer))];
  const legend =
    layers.length > 1
      ? `<p class="legend">${layers.map((layer) => `<span><i style="background: ${colourOf(layer)}"></i>layer ${layer}</span>`).join('')}</p>`
      : '';
  return `<section aria-labelledby="gates-title">
<h2 id="gates-title">How often gates are open and shut</h2>
<p class="hint">Each dot is a cell. To the right: the fraction of the text in which its gate was open, above 0.9; upwards: in which it was shut, below 0.1. A click on a dot shades the text by its cell.</p>
${legend}
<div class="plots">${[...groupBy(saturation, ({ gate }) => gate)].map(([gate, ofLayers]) => plotSvg(gate, ofLayers, plotter)).join('\n')}</div>
<p id="gates-means">Means over the cells of a layer, and cells whose gate is open or shut most of the time</p>
<div class="scroll"><table aria-labelledby="gates-means">
<thead><tr>${heads.map((text) => `<th scope="col">${text}</th>`).join('')}</tr></thead>
<tbody>${saturation.map(rowHtml).join('\n')}</tbody></table></div>
</section>`;
}

/** No more than all of the time can be shut and open together. */
// prettier-ignore
const diagonal = [[0, 1], [1, 0]] as const;
const heads = ['layer', 'gate', 'shut', 'open', 'cells mostly shut', 'cells mostly open'];
const colourOf = (layer: number): string => `var(--series-${(layer % 8) + 1})`;
const nameOf = (gate: string): string => (gate in words ? `${words[gate]} gate, ${gate}` : `Gate ${gate}`);
const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)}\u00a0%`;

function rowHtml(saturation: Saturation): string {
  const { left, right, mostlyLeft, mostlyRight } = summaryOf(saturation);
  const cells = [saturation.gate, percent(left), percent(right), mostlyLeft, mostlyRight].map((text) => `<td>${text}</td>`);
  return `<tr><th scope="row">${saturation.layer}</th>${cells.join('')}</tr>`;
}

/** Each dot has the layer and unit of its cell as data, for the page's program. */
function plotSvg(gate: string, ofLayers: readonly Saturation[], { Plot, document }: Plotter): string {
  const axis = { domain: [0, 1], ticks: [0, 0.5, 1], tickSize: 0, labelArrow: 'none', labelAnchor: 'center' } as const;
  const drawn = Plot.plot({
    document,
    width: SIDE,
    height: SIDE,
    marginTop: 8,
    marginRight: 10,
    marginBottom: 34,
    marginLeft: 40,
    x: { ...axis, label: 'open', labelOffset: 32 },
    y: { ...axis, label: 'shut', labelOffset: 38 },
    marks: [
      Plot.frame({ anchor: 'left' }),
      Plot.frame({ anchor: 'bottom' }),
      Plot.line(diagonal, { strokeOpacity: 0.25 }),
      ...ofLayers.map(({ layer, left, right }) =>
        Plot.dot(left, {
          x: right,
          y: left,
          r: 3.5,
          fill: 'currentColor',
          title: (shut: number, unit: number) => `unit ${unit} of layer ${layer}: open ${percent(right[unit])}, shut ${percent(shut)}`,
        }),
      ),
    ],
  });
  drawn.querySelector('style')?.remove();
  for (const [index, dots] of [...drawn.querySelectorAll('[aria-label="dot"]')].entries()) {
    const { layer } = ofLayers[index];
    dots.setAttribute('style', `color: ${colourOf(layer)}`);
    for (const [unit, dot] of [...dots.querySelectorAll('circle')].entries()) {
      dot.setAttribute('data-layer', String(layer));
      dot.setAttribute('data-unit', String(unit));
      for (const place of ['cx', 'cy']) dot.setAttribute(place, Number(dot.getAttribute(place)).toFixed(1));
    }
  }
  return `<figure><figcaption>${nameOf(gate)}</figcaption>
<svg viewBox="0 0 ${SIDE} ${SIDE}" fill="currentColor" font-size="10" text-anchor="middle" role="img" aria-label="${nameOf(gate)}: the table below has the means">${drawn.innerHTML}<circle class="ring" r="6"/></svg></figure>`;
}
