// The style sheet of the page of cells.

/** Shades of the text: the lowest, none in the middle, the highest. browser/cells.ts names them so. */
const SHADES = 33;

const middle = (SHADES - 1) / 2;
const shade = (level: number): string =>
  `color-mix(in oklab, var(--${level < middle ? 'low' : 'high'}) ${Math.round((100 * Math.abs(level - middle)) / middle)}%, transparent)`;
const shades = Array.from({ length: SHADES }, (_, level) => shade(level));

export const cellsStyle = `
:root { --low: #58a6ea; --high: #f5a04a; }
@media (prefers-color-scheme: dark) { :root { --low: #1b66ab; --high: #a04c0e; } }
h3 { margin: 1rem 0 0; font-size: 1rem; line-height: 1.3; }
.hint, .found p { color: var(--muted); font-size: 0.875rem; line-height: 1.45; margin: 0.3rem 0; max-width: 75ch; }
.cell { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; position: sticky; top: 0; z-index: 1; margin-top: 0.5rem; padding: 0.5rem 0; background: var(--paper); }
.step { display: inline-flex; gap: 0.25rem; }
.scale { display: inline-flex; align-items: center; gap: 0.5rem; font-variant-numeric: tabular-nums; font-size: 0.875rem; color: var(--muted); }
.shades { width: 8rem; height: 1rem; border-radius: 3px; background: linear-gradient(to right, ${shades.join(', ')}); }
.told { margin: 0 0 0.5rem; min-height: 1.55em; }
.beside { display: grid; grid-template-columns: minmax(0, 1fr) 19rem; gap: 1.5rem; }
.text { font: 0.875rem/1.6 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; max-height: 75vh; overflow-y: auto; padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); cursor: crosshair; }
.text span { padding: 0.1em 0; }
.text .end::before { content: "↵"; color: var(--muted); opacity: 0.6; }
.text .here { outline: 2px solid var(--accent); border-radius: 2px; }
.found { max-height: 75vh; overflow-y: auto; }
.found h3:first-of-type { margin-top: 0.5rem; }
.found .cells { display: flex; flex-wrap: wrap; gap: 0.3rem; }
.found button { font-size: 0.8125rem; padding: 0.15rem 0.5rem; color: var(--ink); font-variant-numeric: tabular-nums; }
.found button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.tip { position: fixed; z-index: 2; padding: 0.1rem 0.5rem; border-radius: 6px; background: var(--ink); color: var(--paper); font-size: 0.8125rem; font-variant-numeric: tabular-nums; pointer-events: none; white-space: pre; }
.legend { display: flex; gap: 1rem; margin: 0.5rem 0; font-size: 0.875rem; }
.legend i { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; margin-right: 0.4em; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: 1rem; max-width: 62rem; margin: 0.75rem 0 1.5rem; }
figure { margin: 0; max-width: 22rem; }
figcaption { font-weight: 500; }
svg { width: 100%; height: auto; display: block; }
svg text { font-size: 11px; fill: var(--muted); }
svg path { fill: none; stroke: var(--muted); }
svg .frame { stroke: var(--ink); }
circle { fill: currentColor; fill-opacity: 0.4; stroke: currentColor; stroke-opacity: 0.8; stroke-width: 0.5; cursor: pointer; }
circle:hover { fill-opacity: 0.9; }
circle.ring { fill: none; stroke: var(--ink); stroke-width: 2; stroke-opacity: 1; pointer-events: none; }
${shades.map((colour, level) => `.s${level} { background: ${colour}; }`).join('\n')}
@media (max-width: 60rem) { .beside { grid-template-columns: minmax(0, 1fr); } .found { max-height: 16rem; order: -1; padding-bottom: 0.5rem; border-bottom: 1px solid var(--line); } .text { max-height: 60vh; } }
@media print { .cell { position: static; } .text, .found { max-height: none; overflow: visible; } .text span { print-color-adjust: exact; } }
`;
