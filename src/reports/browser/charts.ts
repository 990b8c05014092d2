// The script of pages with static charts, such as the page of `rnn gradients --html`.
import { pageData } from './page.ts';
import { showCharts } from './plot.ts';

showCharts(pageData());
