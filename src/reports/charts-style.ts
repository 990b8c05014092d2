// How charts, their legends and their controls look on a page.
import { seriesColours } from './colours.ts';

export const chartsStyle = `
.controls { display: flex; flex-wrap: wrap; gap: 0.6rem 1.4rem; align-items: center; margin-top: 1.6rem; }
.controls label { display: inline-flex; gap: 0.5rem; align-items: center; }
.controls input[type=range] { width: 8rem; }
button:disabled { opacity: 0.45; cursor: default; }
.hint { margin: 0.7rem 0 0; color: var(--muted); font-size: 0.875rem; }
.chart h2 small { margin-left: 0.4em; color: var(--muted); font-size: 0.875rem; font-weight: 400; }
.chart details { font-size: 0.875rem; margin-top: 0.3rem; }
.chart table { margin: 0.5rem 0; }
.plot { height: 15rem; margin: 0.4rem 0 0 -0.4rem; touch-action: pan-y; }
.chart:first-of-type .plot { height: 24rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1.4rem; margin: 0.3rem 0 0; padding: 0; list-style: none; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.legend li { max-width: 100%; overflow-wrap: anywhere; display: inline-flex; gap: 0.5rem; align-items: center; }
.legend svg { flex: none; width: 1.8rem; height: 4px; }
.legend b { flex: none; min-width: 4.5ch; white-space: nowrap; font-weight: 600; }
.plot > svg { display: block; }
.plot text { fill: var(--muted); font: 12px system-ui, sans-serif; user-select: none; }
.plot .grid { stroke: var(--line); stroke-opacity: 1; }
.plot .cursor > line { stroke: var(--muted); stroke-dasharray: 4 3; }
.plot .cursor rect { fill: var(--accent); fill-opacity: 0.16; }
${seriesColours.light.map((_, line) => `.line-${line} { stroke: var(--series-${line + 1}); } .line-${line} circle { fill: var(--series-${line + 1}); }`).join('\n')}
@media (min-width: 60rem) {
  main:has(> .chart) { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); column-gap: 2rem; }
  main:has(> .chart) > :not(.chart), main:has(> .chart) > .chart:first-of-type { grid-column: 1 / -1; }
}
@media (max-width: 40rem) { .chart:first-of-type .plot { height: 18rem; } }
`;
