// The log of a run: a file with one JSON object a line. Knows of what is in a line only its step.

import { appendFileSync, existsSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';

import { diskError } from './atomic.ts';

/** @throws RnnError `machine` that says what failed */
export function appendLine(path: string, line: object): void {
  try {
    appendFileSync(path, `${JSON.stringify(line)}\n`);
  } catch (error) {
    throw diskError(`${path} could not be written`, error);
  }
}

/**
 * Takes back what was written after a step: lines from the first later one on, and one that a crash cut off.
 *
 * @throws RnnError `machine` that says what failed
 */
export async function cutLogBack(path: string, step: number): Promise<void> {
  if (!existsSync(path)) return;
  let kept = 0;
  try {
    const log = await readFile(path);
    for (let end = log.indexOf(10); end >= 0; end = log.indexOf(10, kept)) {
      if (!(stepOfLine(log.toString('utf8', kept, end)) <= step)) break;
      kept = end + 1;
    }
    if (kept < log.length) await truncate(path, kept);
  } catch (error) {
    throw diskError(`${path} could not be cut back to the checkpoint`, error);
  }
}

/** Lines without a step belong to whatever came before them; NaN for a line that is not JSON. */
function stepOfLine(line: string): number {
  try {
    const { step = 0 } = JSON.parse(line) as { step?: number };
    return step;
  } catch {
    return Number.NaN;
  }
}
