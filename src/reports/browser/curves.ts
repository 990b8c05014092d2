// The program of the page of `rnn plot --html`: draws the charts anew whenever something about them
// is changed.
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
