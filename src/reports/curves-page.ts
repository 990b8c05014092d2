// The page of `rnn plot --html`: the curves of some runs over each other, to zoom and to read; each chart is a table, too.
import type { Evaluation, Report } from '../training/curves.ts';
import { type Chart, type NamedCurves, type Point, chartsOf, measuredColumns } from './charts.ts';
import { chartsStyle } from './charts-style.ts';
import { valueText } from './numbers.ts';
import { escapeHtml, page } from './page.ts';
import { pageScript } from './scripts.ts';
import { thin } from './thin.ts';

/** In each of them up to ten reports are kept: more than a wide screen has pixels. The longest run takes some 400 kB. */
const places = 300;
const tableRows = 12;

/** What the page's program is given. */
export interface CurvesData {
  readonly runs: readonly NamedCurves[];
}

export function curvesPage(runs: readonly NamedCurves[]): string {
  const data = pageDataOf(runs);
  const names = runs.map(({ name }) => name);
  return page({
    title: runs.length === 1 ? `Curves of ${names[0]}` : `Curves of ${runs.length} runs`,
    summary: runs.length === 1 ? summaryOf(runs[0]) : names.join(', '),
    style: chartsStyle,
    body: `${controls}\n${chartsOf(data.runs, { horizontal: 'step' }).map(chartHtml).join('\n')}`,
    scripts: [pageScript('curves')],
    data,
  });
}

/** Curves as short as a screen is wide, with numbers as long as can be seen. */
export function pageDataOf(runs: readonly NamedCurves[]): CurvesData {
  return { runs: runs.map(({ name, curves }) => ({ name, curves: { reports: thin(curves.reports, measuredColumns, places).map(rounded) as Report[], evaluations: thin(curves.evaluations, ['validationLossNats'], places).map(rounded) as Evaluation[] } })) };
}

const rounded = (moment: object): object => Object.fromEntries(Object.entries(moment).map(([name, value]) => [name, typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value]));

function summaryOf({ curves: { reports, evaluations } }: NamedCurves): string {
  const last = reports.at(-1) ?? evaluations.at(-1);
  const losses = evaluations.flatMap(({ step, validationLossNats: loss }) => (loss === null ? [] : [{ step, loss }]));
  const best = losses.toSorted((a, b) => a.loss - b.loss).at(0);
  const steps = last === undefined ? 'no steps yet' : `${last.step.toLocaleString('en')} steps`;
  return best === undefined ? steps : `${steps}; the lowest validation loss is ${best.loss.toFixed(3)} nats per character, at step ${best.step.toLocaleString('en')}`;
}

const controls = `<form class="controls" id="controls">
<label>Over <select id="horizontal"><option value="step">steps<option value="epoch">epochs<option value="time">time<option value="characters">characters read</select></label>
<label>Smoothing <input id="smoothing" type="range" min="0" max="0.98" step="0.02" value="0"></label>
<label><input id="logarithmic" type="checkbox"> Logarithmic loss</label>
<button type="button" id="reset" disabled>Whole run</button>
</form>
<p class="hint">Drag across a chart to zoom, double-click to see the whole again. With the keyboard: arrows read, + and − zoom, 0 shows the whole.</p>
<noscript><p>The lines are drawn by a script, which does not run here; the tables have the numbers.</p></noscript>`;

/** A place for the lines of a chart, and its table. */
export function chartHtml(chart: Chart): string {
  const { name, title, unit } = chart;
  return `<section class="chart" aria-labelledby="${name}-title">
<h2 id="${name}-title">${title} <small>${unit}</small></h2>
<ul class="legend" id="${name}-legend"></ul>
<div class="plot" id="${name}" tabindex="0" role="img" aria-label="${escapeHtml(`${title}, ${unit}. ${chart.series.map(described).join(' ')}`)}"></div>
<p class="unseen" id="${name}-reading" aria-live="polite"></p>
<details><summary>${title} as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="${title} as a table">${table(chart)}</div>
</details>
</section>`;
}

function described({ name, points }: Chart['series'][number]): string {
  const known = points.filter(([, y]) => y !== null) as [number, number][];
  const [first, last] = [known[0], known.at(-1)!];
  return `${name}: ${valueText(first[1])} at step ${first[0]}, ${valueText(last[1])} at step ${last[0]}.`;
}

/** Some steps, from the first to the last, and what each series was by then. */
function table({ series }: Chart): string {
  const steps = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].toSorted((a, b) => a - b);
  const shown = steps.length <= tableRows ? steps : Array.from({ length: tableRows }, (_, row) => steps[Math.round((row * (steps.length - 1)) / (tableRows - 1))]);
  const rows = shown.map((step) => `<tr><th scope="row">${step.toLocaleString('en')}</th>${series.map(({ points }) => `<td>${cellText(points.findLast(([x]) => x <= step))}</td>`).join('')}</tr>`);
  return `<table><thead><tr><th scope="col">step</th>${series.map(({ name }) => `<th scope="col">${escapeHtml(name)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

const cellText = (point: Point | undefined): string => (point === undefined || point[1] === null ? '–' : valueText(point[1]));
