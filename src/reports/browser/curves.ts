// The script of the page of `rnn plot --html`: redraws the charts when the user changes a control.
import type { Horizontal } from '../../options/choices.ts';
import { type NamedCurves, chartsOf } from '../charts.ts';
import { element, pageData } from './page.ts';
import { showCharts } from './plot.ts';

const runs = pageData<readonly NamedCurves[]>();
const controls = element<HTMLFormElement>('controls');

function draw(): void {
  const chosen = new FormData(controls);
  showCharts(
    chartsOf(runs, {
      horizontal: chosen.get('horizontal') as Horizontal,
      smoothing: Number(chosen.get('smoothing')),
      logarithmicLoss: chosen.has('logarithmic'),
    }),
  );
}

controls.addEventListener('input', draw);
draw();
