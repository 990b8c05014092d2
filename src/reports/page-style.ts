// The style sheet that all pages share: colours for light and dark, text, tables, controls, and what shows where the keyboard is.
import { seriesColours } from './colours.ts';

const variables = (colours: readonly string[]): string => colours.map((colour, index) => `--series-${index + 1}: ${colour};`).join(' ');

const dark = `--paper: #131418; --raised: #1b1d22; --ink: #e9eaed; --muted: #a3a8b3; --line: #31343c; --accent: #7db8ff; ${variables(seriesColours.dark)}`;

export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #fcfcfb; --raised: #ffffff; --ink: #1a1c20; --muted: #5c626d; --line: #dedfe2; --accent: #005fb8; ${variables(seriesColours.light)}
  --serif: Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) { :root { ${dark} } }
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 76rem; padding: 2rem clamp(1rem, 4vw, 3rem) 4rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word;
}
h1 { margin: 0; font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
h2 { margin: 0; font-size: 1.1rem; line-height: 1.3; }
header p { margin: 0.4rem 0 0; color: var(--muted); max-width: 70ch; }
section { margin-top: 2.2rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
button, select, input { font: inherit; color: inherit; }
button, select { padding: 0.25rem 0.7rem; border: 1px solid var(--line); border-radius: 6px; background: var(--raised); cursor: pointer; }
button:hover, select:hover { border-color: var(--muted); }
input { accent-color: var(--accent); }
summary { cursor: pointer; color: var(--muted); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding-bottom: 0.3rem; }
th, td { padding: 0.25rem 1rem 0.25rem 0; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--muted); font-weight: 500; }
.scroll { overflow-x: auto; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print { body { padding: 0; } button, select { display: none; } }
`;
