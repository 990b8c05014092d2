// The program of the page of `rnn plot --html`: draws the charts anew whenever something about them is changed.
import { type Horizontal, chartsOf } from '../charts.ts';
import type { CurvesData } from '../curves-page.ts';
import { element, pageData } from './page.ts';
import { Plot, type Range } from './plot.ts';

const { runs } = pageData<CurvesData>();
const horizontal = element<HTMLSelectElement>('horizontal');
const smoothing = element<HTMLInputElement>('smoothing');
const logarithmic = element<HTMLInputElement>('logarithmic');
const reset = element<HTMLButtonElement>('reset');
let range: Range | null = null;
let plots: Plot[] = [];

function draw(): void {
  for (const plot of plots) plot.close();
  const charts = chartsOf(runs, { horizontal: horizontal.value as Horizontal, smoothing: Number(smoothing.value), logarithmicLoss: logarithmic.checked });
  plots = charts.map((chart) => new Plot(chart, { range, onZoom: zoom }));
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
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
draw();
