// The program of the page of `rnn story --html`: draws the curve above the stages.
import { chartsOf } from '../charts.ts';
import type { CurvesData } from '../curves-page.ts';
import { pageData } from './page.ts';
import { Plot } from './plot.ts';

const { runs } = pageData<CurvesData>();
let plot: Plot | null = null;

function draw(): void {
  plot?.close();
  const [loss] = chartsOf(runs, { horizontal: 'step', only: ['loss'] });
  plot = new Plot(loss, { range: null, onZoom: (range) => plot?.show(range) });
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
draw();
