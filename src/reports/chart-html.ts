// Charts as parts of a page: a heading, a legend, an element for the lines, and a table. Used when
// a page is written, and again when a script in the page changes the charts.
import { strokeOf } from './chart-svg.ts';
import { type Chart, type Point, titleWithUnit } from './charts.ts';
import { escapeHtml, table } from './html.ts';
import { tickText, valueText } from './numbers.ts';

const MAX_TABLE_ROWS = 12;

/**
 * The HTML of all charts, into which `showCharts` of browser/plot.ts draws the lines, with a hint
 * and a notice for browsers without scripts. Empty if there are no charts.
 */
export const chartPlaceholders = (charts: readonly Chart[]): string =>
  charts.length === 0
    ? ''
    : `<p class="hint">Drag across a chart to zoom, and double-click to reset. With the keyboard, use the arrows to read values, + and − to zoom, and 0 to reset.</p>
<noscript><p>Enable JavaScript to see the lines. The tables show the numbers.</p></noscript>
<div class="charts" id="charts">${chartsHtml(charts)}</div>`;

export const chartsHtml = (charts: readonly Chart[]): string =>
  charts.length === 0
    ? '<p class="hint" id="nothing" role="status">The logs have no data for this axis.</p>'
    : charts.map(chartHtml).join('\n');

function chartHtml(chart: Chart): string {
  const { name, title, unit, series } = chart;
  const lineSwatchStart = 'aria-hidden="true"><line x2="100%" y1="50%" y2="50%" stroke-width="3"';
  const legend = series.map(
    (each) => `<li><svg ${lineSwatchStart} ${strokeOf(each)}/></svg>${escapeHtml(each.name)}<b></b></li>`,
  );
  return `<section class="chart" aria-labelledby="${name}-title">
<h2 id="${name}-title">${title}${unit === '' ? '' : ` <small>${unit}</small>`}</h2>
<ul class="legend" id="${name}-legend">${legend.join('')}</ul>
<div class="plot" id="${name}" tabindex="0" role="img" aria-label="${escapeHtml(chartLabel(chart))}"></div>
<p class="unseen" id="${name}-reading" aria-live="polite"></p>
<details><summary>${title} as a table</summary>
<div class="scroll" id="${name}-table" tabindex="0" role="region" aria-label="${title} as a table">${chartTable(chart)}</div>
</details>
</section>`;
}

/** Names the chart, and the first and last value of each line. */
const chartLabel = (chart: Chart): string =>
  `${titleWithUnit(chart)}. ${chart.series.map((each) => describeSeries(each, chart.horizontal)).join(' ')}`;

function describeSeries({ name, points }: Chart['series'][number], horizontal: string): string {
  const known = points.filter(([, y]) => y !== null) as [number, number][];
  const [first, last] = [known[0], known.at(-1)!];
  return `${name}: ${valueText(first[1])} at ${tickText(first[0])} ${horizontal}, ${valueText(last[1])} at ${tickText(last[0])}.`;
}

/** All x values of a chart, sorted, without repetitions. */
export const pointPositions = ({ series }: Chart): number[] =>
  [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].toSorted((a, b) => a - b);

/**
 * A table of at most 12 evenly spaced x values. Each cell has the last value of the series up to
 * that x.
 */
function chartTable(chart: Chart): string {
  const { series, horizontal } = chart;
  const xValues = pointPositions(chart);
  const rows = Math.min(MAX_TABLE_ROWS, xValues.length);
  const shownValues = Array.from(
    { length: rows },
    (_, row) => xValues[Math.round((row * (xValues.length - 1)) / Math.max(1, rows - 1))],
  );
  return table(
    [horizontal, ...series.map(({ name }) => escapeHtml(name))],
    shownValues.map((place) => [
      place.toLocaleString('en'),
      ...series.map(({ points }) => valueOrDash(points.findLast(([x]) => x <= place))),
    ]),
  );
}

const valueOrDash = (point: Point | undefined): string =>
  point === undefined || point[1] === null ? '–' : valueText(point[1]);
