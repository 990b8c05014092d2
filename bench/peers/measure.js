// Shared by the peers in JavaScript: options, windows of a text, and the clock.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { median } from '../comparison/statistics.js';

/** The options of the command line, and the text that it names. */
export function task(more = {}) {
  const sizes = { hidden: '128', layers: '2', batch: '50', seq: '50', seconds: '4' };
  const options = Object.fromEntries(
    Object.entries({ ...sizes, ...more }).map(([name, preset]) => [name, { type: 'string', default: preset }]),
  );
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const numbers = Object.fromEntries(Object.keys(sizes).map((name) => [name, Number(values[name])]));
  return { ...values, ...numbers, text: readFileSync(positionals[0], 'utf8') };
}

/**
 * Characters per second of `step`, which trains on `characters` of them. The first step is not
 * counted: it compiles and allocates. A slow peer gets one step more than that, however long it
 * takes.
 */
export async function trainingSpeed({ characters, seconds }, step) {
  await step();
  const figures = [];
  const started = performance.now();
  let mark = started;
  while (mark - started < 1000 * seconds) {
    await step();
    const now = performance.now();
    figures.push((1000 * characters) / (now - mark));
    mark = now;
  }
  return { charactersPerSecond: median(figures), steps: figures.length };
}

export function tell(peer, packageName, figures) {
  const { version } = createRequire(import.meta.url)(`./node_modules/${packageName}/package.json`);
  console.log(JSON.stringify({ peer, version, measure: 'train', ...figures }));
}
