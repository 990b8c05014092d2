// Writes the drawings of docs/how-it-works.md as SVG to docs/pictures/: `node build/drawings.js`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lstmCell } from './drawings/lstm-cell.js';
import { temperature } from './drawings/temperature.js';
import { unrolled } from './drawings/unrolled.js';

/** Each drawing by the name of its file. */
export const drawings = { 'unrolled.svg': unrolled, 'lstm-cell.svg': lstmCell, 'temperature.svg': temperature };

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = resolve(import.meta.dirname, '../docs/pictures');
  mkdirSync(folder, { recursive: true });
  for (const [name, draw] of Object.entries(drawings)) writeFileSync(resolve(folder, name), draw());
}
