// The program of pages whose charts do not change, such as that of `rnn gradients --html`: draws
// them.
import type { Chart } from '../charts.ts';
import { pageData } from './page.ts';
import { Plot } from './plot.ts';

for (const chart of pageData<readonly Chart[]>()) {
  const plot: Plot = new Plot(chart, null, (range) => plot.show(range));
}
