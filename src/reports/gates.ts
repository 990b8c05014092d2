// Plots and a table of how often gates are shut and open, as in Karpathy, Johnson and Fei-Fei
// (2015). Each unit is a dot.
import { groupBy } from '../group.ts';
import { unitText } from '../insight/finding.ts';
import { type Saturation, formatPercent, saturationHeads, saturationRow } from '../insight/saturation.ts';
import { drawChart } from './chart-svg.ts';
import { lineAttributes } from './colours.ts';
import { section, table } from './html.ts';

const SIDE = 250;
const GREY = 6;
/**
 * The axes, and a diagonal: the fractions of time in which a gate is shut and open add up to at
 * most 1.
 */
const { svg, toX, toY } = drawChart(
  {
    name: 'gates',
    title: 'Gates',
    unit: '',
    isLogarithmic: false,
    hasZero: true,
    horizontal: 'open (to the right), shut (upwards)',
    series: [{ name: '', run: 0, colour: GREY, dash: 0, points: [[0, 1], [1, 0]] }], // prettier-ignore
  },
  { width: SIDE, height: SIDE, margin: { left: 30, right: 10, top: 8, bottom: 40 } },
);

/** @param value the carried value to show when the user clicks a unit's dot */
export function gatesHtml(saturation: readonly Saturation[], value: string): string {
  const layers = [...new Set(saturation.map(({ layer }) => layer))];
  const legend = layers.map((layer) => `<span><i ${lineAttributes(layer)}>●</i> layer ${layer}</span>`);
  const plots = [...groupBy(saturation, ({ gate }) => gate)].map(
    ([gate, ofLayers]) => `<figure><figcaption>Gate ${gate}</figcaption>
<svg viewBox="0 0 ${SIDE} ${SIDE}" text-anchor="middle" role="img" aria-label="Gate ${gate}: the table below has the means">${svg}${ofLayers.map((each) => dots(each, value)).join('')}</svg></figure>`,
  );
  return section(
    'gates',
    'How often gates are open and shut',
    `<p class="hint">Each dot is a unit. The horizontal axis is the fraction of the text in which its gate was open (above 0.9). The vertical axis is the fraction in which its gate was shut (below 0.1). Click on a dot to shade the text by its unit. The table shows means over the units of a layer, and how many units are shut or open most of the time.</p>
<p class="legend">${legend.join('')}</p>
<div class="plots">${plots.join('\n')}</div>
<div class="scroll">${table(saturationHeads, saturation.map(saturationRow))}</div>`,
  );
}

function dots({ layer, left, right }: Saturation, name: string): string {
  const circles = Array.from(left, (shut, unit) => {
    const title = `unit ${unit} of layer ${layer}: open ${formatPercent(right[unit])}, shut ${formatPercent(shut)}`;
    return `<circle data-cell="${unitText({ layer, name, unit })}" r="3.5" cx="${toX(right[unit])}" cy="${toY(shut)}"><title>${title}</title></circle>`;
  });
  return `<g ${lineAttributes(layer)}>${circles.join('')}</g>`;
}
