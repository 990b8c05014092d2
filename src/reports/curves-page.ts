// The page of `rnn plot --html`: the curves of some runs over each other, to zoom and to read; each
// chart is a table, too.
import type { Evaluation, Report } from '../training/curves.ts';
import { chartLabel, chartTable } from './chart-words.ts';
import { type Chart, type NamedCurves, chartsOf, measuredColumns } from './charts.ts';
import { escapeHtml } from './html.ts';
import { page, pageScript, styleSheet } from './page.ts';
import { thin } from './thin.ts';

/**
 * In each of them up to ten reports are kept: more than a wide screen has pixels. The longest run
 * takes some 400 kB.
 */
const places = 300;

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
    style: styleSheet('charts'),
    body: `${controls}\n${chartsOf(data.runs, { horizontal: 'step' }).map(chartHtml).join('\n')}`,
    script: pageScript('curves'),
    data,
  });
}

/** Curves as short as a screen is wide, with numbers as long as can be seen. */
export function pageDataOf(runs: readonly NamedCurves[]): CurvesData {
  return {
    runs: runs.map(({ name, curves }) => ({
      name,
      curves: {
        reports: thin(curves.reports, measuredColumns, places).map(rounded) as Report[],
        evaluations: thin(curves.evaluations, ['validationLossNats'], places).map(rounded) as Evaluation[],
      },
    })),
  };
}

const rounded = (moment: object): object =>
  Object.fromEntries(
    Object.entries(moment).map(([name, value]) => [
      name,
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
    ]),
  );

function summaryOf({ curves: { reports, evaluations } }: NamedCurves): string {
  const last = reports.at(-1) ?? evaluations.at(-1);
  const losses = evaluations.flatMap(({ step, validationLossNats: loss }) => (loss === null ? [] : [{ step, loss }]));
  const best = losses.toSorted((a, b) => a.loss - b.loss).at(0);
  const steps = last === undefined ? 'no steps yet' : `${last.step.toLocaleString('en')} steps`;
  return best === undefined
    ? steps
    : `${steps}; the lowest validation loss is ${best.loss.toFixed(3)} nats per character, at step ${best.step.toLocaleString('en')}`;
}

export const chartHint = `<p class="hint">Drag across a chart to zoom, double-click to see the whole again. With the keyboard: arrows read, + and − zoom, 0 shows the whole.</p>
<noscript><p>The lines are drawn by a script, which does not run here; the tables have the numbers.</p></noscript>`;

const controls = `<form class="controls" id="controls">
<label>Over <select id="horizontal"><option value="step">steps<option value="epoch">epochs<option value="time">time<option value="characters">characters read</select></label>
<label>Smoothing <input id="smoothing" type="range" min="0" max="0.98" step="0.02" value="0"></label>
<label><input id="logarithmic" type="checkbox"> Logarithmic loss</label>
<button type="button" id="reset" disabled>Whole run</button>
</form>
${chartHint}
<p class="hint" id="nothing" role="status" hidden>The logs tell nothing over that.</p>`;

/** A place for the lines of a chart, and its table. */
export function chartHtml(chart: Chart): string {
  const { name, title, unit } = chart;
  return `<section class="chart" aria-labelledby="${name}-title">
<h2 id="${name}-title">${title} <small>${unit}</small></h2>
<ul class="legend" id="${name}-legend"></ul>
<div class="plot" id="${name}" tabindex="0" role="img" aria-label="${escapeHtml(chartLabel(chart))}"></div>
<p class="unseen" id="${name}-reading" aria-live="polite"></p>
<details><summary>${title} as a table</summary>
<div class="scroll" id="${name}-table" tabindex="0" role="region" aria-label="${title} as a table">${chartTable(chart)}</div>
</details>
</section>`;
}
