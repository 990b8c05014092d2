// The page of `rnn plot --html`: the curves of some runs in common charts that readers can zoom,
// with tables of the values.
import { count } from '../count.ts';
import { chartPlaceholders } from './chart-html.ts';
import { type NamedCurves, chartsOf, measuredColumns } from './charts.ts';
import { formatLoss } from './numbers.ts';
import { page, pageScript, styleSheet } from './page.ts';
import { thinRows } from './thin.ts';

/**
 * Keeps up to ten reports for each of these horizontal positions, which is more than the pixels of
 * a wide screen. The longest run takes some 400 kB.
 */
const places = 300;

export function curvesPage(runs: readonly NamedCurves[]): string {
  const data = runs.map(({ name, curves: { reports, evaluations, level } }) => ({
    name,
    curves: { level, reports: thinRows(reports, measuredColumns, places), evaluations },
  }));
  const names = runs.map(({ name }) => name);
  return page({
    title: runs.length === 1 ? `Curves of ${names[0]}` : `Curves of ${runs.length} runs`,
    summary: runs.length === 1 ? summaryOf(runs[0]) : names.join(', '),
    style: styleSheet('charts'),
    body: `${controls}\n${chartPlaceholders(chartsOf(data, { horizontal: 'step' }))}`,
    script: pageScript('curves'),
    data,
  });
}

function summaryOf({ curves: { reports, evaluations, level = 'char' } }: NamedCurves): string {
  const last = reports.at(-1) ?? evaluations.at(-1);
  const losses = evaluations.flatMap(({ step, validationLossNats: loss }) => (loss === null ? [] : [{ step, loss }]));
  const best = losses.toSorted((a, b) => a.loss - b.loss).at(0);
  const steps = last === undefined ? 'no steps yet' : `${count(last.step)} steps`;
  return best === undefined
    ? steps
    : `${steps}. The lowest validation loss is ${formatLoss(best.loss, level)}, at step ${count(best.step)}`;
}

const controls = `<form class="controls" id="controls">
<label>Over <select name="horizontal"><option value="step">steps<option value="epoch">epochs<option value="time">time<option value="characters">text read</select></label>
<label>Smoothing <input name="smoothing" type="range" min="0" max="0.98" step="0.02" value="0"></label>
<label><input name="logarithmic" type="checkbox"> Logarithmic loss</label>
</form>`;
