// How the page of surprise looks: shades of cost, and where what was expected stands, beside the text or below it.
import { HIGHEST_LEVEL } from './surprise-parts.ts';

const shades = Array.from({ length: HIGHEST_LEVEL }, (_, index) => {
  const share = (index + 1) / HIGHEST_LEVEL;
  const colour =
    share <= 0.5
      ? `color-mix(in oklab, var(--warm) ${Math.round(200 * share)}%, transparent)`
      : `color-mix(in oklab, var(--hot) ${Math.round(200 * share - 100)}%, var(--warm))`;
  return `.s${index + 1} { background: ${colour}; }`;
}).join('\n');

export const surpriseStyle = `
:root { --warm: #ffdb9e; --hot: #f56f55; }
@media (prefers-color-scheme: dark) { :root { --warm: #6b450f; --hot: #b8331f; } }
${shades}
.hint, .muted { color: var(--muted); margin: 0.3rem 0 0; max-width: 80ch; }
.keys { white-space: nowrap; }
kbd { font: 0.85em var(--mono); padding: 0 0.3em; border: 1px solid var(--line); border-radius: 4px; background: var(--raised); color: var(--ink); }
.tiles { display: flex; flex-wrap: wrap; gap: 0.6rem 2.4rem; margin: 1.6rem 0 0; }
.tiles div { display: flex; flex-direction: column-reverse; }
.tiles dt { color: var(--muted); font-size: 0.85rem; }
.tiles dd { margin: 0; font-size: 1.5rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.after { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 4fr); gap: 0 3rem; }
.others { width: 100%; }
.others td:nth-child(2) { width: 100%; }
.others th { font-weight: 400; white-space: nowrap; }
.others .own th, .others .own td { font-weight: 650; }
.bar { display: block; height: 0.7rem; min-width: 2px; border-radius: 2px; background: color-mix(in oklab, var(--muted) 45%, transparent); }
.own .bar { background: var(--accent); }
#along { position: relative; height: 4.5rem; margin-top: 0.5rem; cursor: pointer; border-bottom: 1px solid var(--line); }
#along svg { display: block; width: 100%; height: 100%; }
#along polygon { fill: color-mix(in oklab, var(--hot) 22%, transparent); }
#along polyline { fill: none; stroke: var(--hot); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
#place { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; background: var(--ink); pointer-events: none; }
.scale { display: flex; align-items: center; margin: 0.7rem 0 0; color: var(--muted); font-size: 0.85rem; }
.scale i { width: 1.9rem; text-align: center; font-style: normal; color: var(--ink); }
.scale i:last-of-type { margin-right: 0.5rem; }
.reader { display: grid; grid-template-columns: minmax(0, 1fr) 19rem; gap: 2rem; align-items: start; margin-top: 0.8rem; }
#text { padding: 1rem 1.1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); font: 0.95rem/1.7 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; cursor: default; max-height: 76vh; overflow-y: auto; }
#text div { content-visibility: auto; contain-intrinsic-size: auto 1200px; }
#text i { font-style: normal; padding: 0.12em 0; scroll-margin: 5em 0; }
#text .faint { color: var(--muted); }
#text i.over { box-shadow: inset 0 0 0 1px var(--muted); border-radius: 2px; }
#text i.here { box-shadow: 0 0 0 2px var(--accent); border-radius: 2px; position: relative; }
#panel { position: sticky; top: 1rem; padding: 1rem 1.1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); min-height: 17rem; max-height: calc(100vh - 2rem); box-sizing: border-box; overflow-y: auto; }
#panel p { margin: 0; }
#panel .context { font: 0.85rem/1.5 var(--mono); color: var(--muted); white-space: pre; overflow: hidden; direction: rtl; text-align: left; }
#panel .context bdi { direction: ltr; unicode-bidi: isolate-override; }
#panel .cost { margin-top: 0.5rem; }
#panel .cost strong { font-size: 1.5rem; font-variant-numeric: tabular-nums; }
#panel .context b { color: var(--ink); padding: 0.1em 0.15em; border-radius: 2px; }
#panel .each { margin-top: 0.9rem; padding-top: 0.6rem; border-top: 1px solid var(--line); }
#panel .each + ol { margin-top: 0.3rem; }
#panel ol { list-style: none; margin: 0.9rem 0 0; padding: 0; }
#panel li { display: grid; grid-template-columns: 3.4rem 1fr 4.4rem; gap: 0.6rem; align-items: center; padding: 0.16rem 0; }
#panel li .symbol { font: 1rem var(--mono); text-align: center; border: 1px solid var(--line); border-radius: 4px; white-space: pre; overflow: hidden; }
#panel li .symbol.named { font: 0.8rem/1.5rem system-ui, sans-serif; color: var(--muted); }
#panel li .share { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
#panel li.own .symbol { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); color: var(--ink); }
#panel li.own .share { font-weight: 650; }
#panel li.beyond { margin-top: 0.4rem; padding-top: 0.5rem; border-top: 1px dashed var(--line); }
.dearest { padding-left: 2rem; }
.dearest li { padding: 0.25rem 0; }
.dearest li::marker { color: var(--muted); }
.dearest button { font: 0.9rem/1.6 var(--mono); white-space: pre; max-width: 100%; overflow: hidden; vertical-align: middle; margin-right: 0.6rem; }
.dearest b { color: var(--ink); background: var(--hot); border-radius: 2px; }
.dearest span { color: var(--muted); }
.dearest li > span { display: inline-block; }
@media (max-width: 60rem) {
  .after { grid-template-columns: minmax(0, 1fr); }
  .reader { grid-template-columns: minmax(0, 1fr); gap: 0.8rem; }
  #text { padding: 0.7rem 0.8rem; font-size: 0.85rem; max-height: 64vh; }
  #text i { scroll-margin: 4rem 0 11rem; }
  #panel { top: auto; bottom: 0; min-height: 7rem; margin: 0 -0.4rem; padding: 0.6rem 0.8rem 0.7rem; border-radius: 10px 10px 0 0; box-shadow: 0 -6px 20px rgb(0 0 0 / 0.12); }
  #panel { max-height: 45vh; }
  #panel .context { display: none; }
  #panel .each { margin-top: 0.4rem; padding-top: 0.3rem; font-size: 0.8rem; }
  #panel .cost { margin: 0; font-size: 0.9rem; }
  #panel .cost strong { font-size: 1.15rem; }
  #panel ol { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 0.3rem; margin-top: 0.4rem; }
  #panel li { grid-template-columns: 1fr; gap: 0.15rem; padding: 0; }
  #panel li .share { text-align: center; font-size: 0.75rem; }
  #panel li .bar { height: 0.3rem; }
  #panel li.beyond { margin: 0; padding: 0; border: 0; }
}
@media print { #panel, #keys { display: none; } #text { max-height: none; } .reader { display: block; } #text i { print-color-adjust: exact; } }
`;
