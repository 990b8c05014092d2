// The frame of every page that rnn writes: one file that holds all it needs, and a policy that lets
// it ask for nothing else. Knows nothing of what is on the page.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { lineStyle } from './colours.ts';
import { escapeHtml } from './html.ts';
import { pageMarker } from './markers.ts';

interface PageParts {
  readonly title: string;
  /** One line under the title. */
  readonly summary: string;
  /** The style sheet of what is in the body, after the style sheet of all pages. */
  readonly style?: string;
  /** HTML; the caller escapes what it quotes. */
  readonly body: string;
  /** A classic script, run once everything else is there. */
  readonly script?: string;
  /** The script finds it as JSON in the element `data`. */
  readonly data?: unknown;
}

/** A whole page as HTML. */
export function page({ title, summary, style = '', body, script = '', data = null }: PageParts): string {
  const program = insideScript(script);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(program)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${pageMarker}
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${styleSheet('page')}${lineStyle}${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(summary)}</p>
</header>
<main>
${body}
</main>
<script type="application/json" id="data">${insideData(data)}</script>
${program === '' ? '' : `<script>${program}</script>\n`}</body>
</html>
`;
}

/**
 * A program of src/reports/browser with all that it imports, as the build left it. Under Vitest
 * this file runs from src/.
 */
export const pageScript = (name: string): string =>
  read(`${isSource ? '../../dist/reports/' : './'}browser/${name}.js`);

/** A style sheet of src/reports/browser, which the build copies. */
export const styleSheet = (name: string): string => read(`./browser/${name}.css`);

const isSource = import.meta.url.endsWith('.ts');
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/**
 * Nothing may be fetched, and no script runs but ours: whatever text got into the page by mistake
 * stays text.
 */
function policy(program: string): string {
  const ours = program === '' ? "'none'" : `'sha256-${createHash('sha256').update(program).digest('base64')}'`;
  return `default-src 'none'; script-src ${ours}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
}

/**
 * With numbers as long as can be seen. Only `<` can end a script or begin a comment in it, and JSON leaves some control characters as
 * they are. Both occur in strings alone, which have another way to write them.
 */
function insideData(data: unknown): string {
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  return JSON.stringify(data, rounded).replace(
    /[<\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * In strings and patterns, where alone a program has these, a backslash before the letter changes
 * nothing.
 */
function insideScript(program: string): string {
  return program.replace(/<(?=\/script)/gi, String.raw`\x3c`).replaceAll('<!--', String.raw`\x3c!--`);
}
