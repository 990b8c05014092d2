import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { escapeHtml } from '../../src/reports/html.ts';
import { page, pageScript } from '../../src/reports/page.ts';

const hostile = '</script><script>alert(1)</script><!--<script> & "\' \u2028';
const parts = { title: 'A run', summary: 'The result of the script.', body: '<p>Text</p>' };
const dataOf = (html: string): unknown =>
  JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1]);

describe('a page', () => {
  it('escapes the text of its title and data', () => {
    const html = page({ ...parts, title: hostile, summary: hostile, data: { [hostile]: [hostile, null, 1.5] } });
    expect(dataOf(html)).toEqual({ [hostile]: [hostile, null, 1.5] });
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toContain(`<h1>${escapeHtml(hostile)}</h1>`);
  });

  it('has no control characters for any text', () => {
    const control = '\u001B[2J\u0000\u009B\u007F';
    const html = page({
      ...parts,
      title: control,
      body: `<pre>${escapeHtml(`a\tb\n${control}`)}</pre>`,
      data: [control],
    });
    expect(dataOf(html)).toEqual([control]);
    expect(html).toContain('<pre>a\tb\n␛[2J␀··</pre>');
    expect(html).not.toMatch(/(?![\t\n])\p{Cc}/u);
  });

  it('runs its script unchanged, and no other scripts', () => {
    const program = "const end = '</script>'; const comment = '<!--'; const small = '</SCRIPT';";
    const html = page({ ...parts, script: program });
    const inlined = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text]) => text);
    expect(inlined).toEqual([
      String.raw`const end = '\x3c/script>'; const comment = '\x3c!--'; const small = '\x3c/SCRIPT';`,
    ]);
    const hashes = inlined.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    expect(html).toContain(`script-src ${hashes.join(' ')};`);
    expect(page(parts)).toContain("script-src 'none';");
  });

  it('cannot fetch anything, and supports both colour schemes', () => {
    const html = page({ ...parts, style: 'p { color: red }' });
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/https?:|\bsrc=|@import|url\(/);
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
    expect(html).toContain('@media (prefers-color-scheme: dark)');
    expect(html).toMatch(/p \{ color: red \}<\/style>/);
  });
});

it.each([
  ['charts', true],
  ['curves', true],
  ['cells', false],
  ['surprise', true],
])('the script %s has the licence notice of d3: %s', (name, hasCharts) => {
  expect(pageScript(name).startsWith('/*! with d3-scale')).toBe(hasCharts);
});
