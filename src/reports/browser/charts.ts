// The program of pages whose charts do not change, such as that of `rnn gradients --html`.
import { pageData } from './page.ts';
import { showCharts } from './plot.ts';

showCharts(pageData());
