// The program of pages of charts that are what they are, as that of `rnn gradients --html`: draws them.
import type { Chart } from '../charts.ts';
import { pageData } from './page.ts';
import { Plot } from './plot.ts';

const charts = pageData<readonly Chart[]>();
let plots: Plot[] = [];

function draw(): void {
  for (const plot of plots) plot.close();
  plots = charts.map((chart) => {
    const plot: Plot = new Plot(chart, { range: null, onZoom: (range) => plot.show(range) });
    return plot;
  });
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
draw();
