// The page of `rnn story --html`: samples of a run at several stages of its training, below the
// curve of its loss.
import type { Stage } from '../training/curves.ts';
import { chartPlaceholders } from './chart-html.ts';
import { chartsOf, type NamedCurves } from './charts.ts';
import { escapeHtml } from './html.ts';
import { page, pageScript, styleSheet } from './page.ts';
import { captionOf, factsOf } from './story.ts';

/** Number of horizontal positions, each of which keeps some reports. */
const places = 300;

export function storyPage(run: NamedCurves, stages: readonly Stage[]): string {
  const charts = chartsOf([run], { horizontal: 'step', only: ['loss'], places });
  const items = stages.map(
    (stage, index) =>
      `<li><h2>${captionOf(index)}</h2><p>${factsOf(stage, run.curves.level)}</p><pre class="text card" dir="auto" lang="">${escapeHtml(stage.text)}</pre></li>`,
  );
  return page({
    title: `Training of ${run.name}`,
    summary: `Samples during training, at ${stages.length === 1 ? 'one step' : `${stages.length} steps`}.`,
    style: styleSheet('charts') + styleSheet('story'),
    body: `${chartPlaceholders(charts)}\n<ol class="timeline" aria-label="stages of training">\n${items.join('\n')}\n</ol>`,
    ...(charts.length > 0 && { script: pageScript('charts'), data: charts }),
  });
}
