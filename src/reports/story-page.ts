// The page of `rnn story --html`: what a run wrote as it learnt, stage after stage, below the curve of its loss.
import type { Stage } from '../training/curves.ts';
import { chartsOf, type NamedCurves } from './charts.ts';
import { chartsStyle } from './charts-style.ts';
import { chartHtml, pageDataOf } from './curves-page.ts';
import { escapeHtml } from './html.ts';
import { page, pageScript } from './page.ts';
import { captionOf, factsOf } from './story.ts';

const storyStyle = `
.timeline { margin: 2.2rem 0 0; padding: 0; list-style: none; border-left: 2px solid var(--line); }
.timeline li { position: relative; padding: 0 0 2rem 1.6rem; }
.timeline li:last-child { padding-bottom: 0; }
.timeline li::before { content: ""; position: absolute; left: -7px; top: 0.4rem; width: 12px; height: 12px; border-radius: 50%; border: 2px solid var(--series-2); background: var(--paper); }
.timeline li:last-child::before { background: var(--series-2); }
.timeline p { margin: 0.1rem 0 0.6rem; color: var(--muted); font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.timeline pre { margin: 0; padding: 0.9rem 1.1rem; max-width: 80ch; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); font: 0.9rem/1.6 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
`;

export function storyPage({ name, curves }: NamedCurves, stages: readonly Stage[]): string {
  const charts = chartsOf(pageDataOf([{ name, curves }]).runs, { horizontal: 'step', only: ['loss'] });
  const items = stages.map(
    (stage, index) =>
      `<li><h2>${captionOf(index)}</h2><p>${factsOf(stage)}</p><pre dir="auto" lang="">${escapeHtml(stage.text)}</pre></li>`,
  );
  return page({
    title: `What ${name} learnt`,
    summary: `Text that it wrote while it was trained, at ${stages.length === 1 ? 'one step' : `${stages.length} steps`}.`,
    style: `${chartsStyle}${storyStyle}`,
    body: `${charts.map(chartHtml).join('')}\n<ol class="timeline" aria-label="stages of training">\n${items.join('\n')}\n</ol>`,
    ...(charts.length > 0 && { script: pageScript('charts'), data: charts }),
  });
}
