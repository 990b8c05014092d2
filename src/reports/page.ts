// The frame of every page that rnn writes: a single self-contained file, with a content security
// policy that forbids all requests, unless a server writes the page.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { lineStyle } from './colours.ts';
import { escapeHtml } from './html.ts';
import { pageMarker } from './markers.ts';

/** The contents of a page. */
interface PageParts {
  readonly title: string;
  /** One line under the title. */
  readonly summary: string;
  /** The style sheet of the body, which follows the style sheet of all pages. */
  readonly style?: string;
  /** HTML. The caller escapes text. */
  readonly body: string;
  /** A classic script, which runs after everything else has loaded. */
  readonly script?: string;
  /** The script reads it as JSON from the element `data`. */
  readonly data?: unknown;
  /** Lets the script run WebAssembly, or send requests to its server. */
  readonly permission?: 'webassembly' | 'server';
}

/** A complete page as HTML. */
export function page({ title, summary, style = '', body, script = '', data = null, permission }: PageParts): string {
  const program = insideScript(script);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(program, permission)}">
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
 * A script of src/reports/browser, bundled with its imports by the build. Under Vitest this file
 * runs from src/.
 */
export const pageScript = (name: string): string =>
  read(`${isSource ? '../../dist/reports/' : './'}browser/${name}.js`);

/** A style sheet of src/reports/browser, which the build copies. */
export const styleSheet = (name: string): string => read(`./browser/${name}.css`);

const isSource = import.meta.url.endsWith('.ts');
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/**
 * The content security policy of a page. It forbids the page to run other scripts, and to fetch
 * anything except from its own server, so text that is inserted without escaping cannot run.
 */
function policy(program: string, permission: PageParts['permission']): string {
  const ours = program === '' ? "'none'" : `'sha256-${createHash('sha256').update(program).digest('base64')}'`;
  const more = { webassembly: " 'wasm-unsafe-eval'", server: "; connect-src 'self'", none: '' }[permission ?? 'none'];
  return `default-src 'none'; script-src ${ours}${more}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
}

/**
 * Writes data as JSON for a script element. Rounds numbers to the precision that is visible.
 * Escapes `<`, which could end the script or begin a comment, and the control characters that JSON
 * leaves unescaped. Both occur only in strings, where an escape has the same meaning.
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
 * Escapes `</script` and `<!--` in a program. They occur only in its strings and patterns, where
 * `\x3c` means `<`.
 */
function insideScript(program: string): string {
  return program.replace(/<(?=\/script)/gi, String.raw`\x3c`).replaceAll('<!--', String.raw`\x3c!--`);
}
