// The program of the page of `rnn plot --html`: draws the charts anew whenever something about them
// is changed.
import { chartLabel, chartTable } from '../chart-words.ts';
import type { Horizontal } from '../../options/choices.ts';
import { chartsOf } from '../charts.ts';
import type { CurvesData } from '../curves-page.ts';
import { element, pageData } from './page.ts';
import type { Range } from '../scales.ts';
import { Plot } from './plot.ts';

const { runs } = pageData<CurvesData>();
const horizontal = element<HTMLSelectElement>('horizontal');
const smoothing = element<HTMLInputElement>('smoothing');
const logarithmic = element<HTMLInputElement>('logarithmic');
const reset = element<HTMLButtonElement>('reset');
const sections = [...document.querySelectorAll<HTMLElement>('.chart')];
const sectionOf = (chart: string): HTMLElement => element(chart).closest<HTMLElement>('.chart')!;
let range: Range | null = null;
let plots: Plot[] = [];

function draw(): void {
  for (const plot of plots) plot.close();
  const charts = chartsOf(runs, {
    horizontal: horizontal.value as Horizontal,
    smoothing: Number(smoothing.value),
    logarithmicLoss: logarithmic.checked,
  });
  for (const section of sections) section.hidden = !charts.some(({ name }) => section === sectionOf(name));
  element('nothing').hidden = charts.length > 0;
  for (const chart of charts) {
    element(chart.name).setAttribute('aria-label', chartLabel(chart));
    element(`${chart.name}-table`).innerHTML = chartTable(chart);
  }
  plots = charts.map((chart) => new Plot(chart, range, zoom));
}

function zoom(to: Range | null): void {
  range = to;
  reset.disabled = range === null;
  for (const plot of plots) plot.show(range);
}

horizontal.addEventListener('change', () => {
  range = null;
  reset.disabled = true;
  draw();
});
for (const control of [smoothing, logarithmic]) control.addEventListener('input', draw);
reset.addEventListener('click', () => zoom(null));
draw();
