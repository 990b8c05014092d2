// Makes the pictures of README and docs in docs/pictures: drawings, and pictures of real runs. `npm run pictures` makes
// all, and `node build/pictures.js NAME…` some of them. docs/contributing/pictures.md lists its requirements.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { drawings as drawingsByFile } from './drawings.js';
import { speed, stages, train } from './pictures/drawings.js';
import { inspect, surprisal, writes } from './pictures/pages.js';

const drawings = () => Object.fromEntries(Object.entries(drawingsByFile).map(([file, draw]) => [file, draw()]));
const pictures = { train, stages, inspect, surprisal, speed, writes, drawings };
const target = resolve(import.meta.dirname, '../docs/pictures');
/** Readers download the pictures with the pages, and the package contains them. */
const maxKilobytes = { svg: 300, png: 200 };

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(pictures);
const unknown = names.find((name) => !Object.hasOwn(pictures, name));
if (unknown !== undefined) {
  console.error(`error: cannot make the picture '${unknown}': expected ${Object.keys(pictures).join(', ')}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'rnn-pictures-'));
mkdirSync(target, { recursive: true });
try {
  for (const name of names)
    for (const [file, content] of Object.entries(await pictures[name](folder))) save(file, content);
} finally {
  rmSync(folder, { recursive: true });
}

function save(file, content) {
  const kilobytes = Math.round(Buffer.byteLength(content) / 1000);
  const max = maxKilobytes[file.split('.').at(-1)];
  if (kilobytes > max) throw new Error(`${file} is ${kilobytes} kB: expected at most ${max} kB`);
  writeFileSync(join(target, file), content);
  console.error(`wrote docs/pictures/${file}, ${kilobytes} kB`);
}
