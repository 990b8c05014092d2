// The log of a run: a file with one JSON object a line. Knows of what is in a line only its step and the name of its event.

import { appendFileSync, closeSync, fstatSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';

import { RnnError } from '../errors.ts';
import { diskError } from './atomic.ts';

/**
 * Adds a line; of one that the disk does not take whole, nothing stays.
 *
 * @throws RnnError `machine` that says what failed
 */
export function appendLine(path: string, line: object): void {
  try {
    refuseNoFile(path);
    const file = openSync(path, 'a');
    try {
      append(file, `${JSON.stringify(line)}\n`);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw diskError(`${path} could not be written`, error);
  }
}

function append(file: number, text: string): void {
  const { size } = fstatSync(file);
  try {
    appendFileSync(file, text);
  } catch (error) {
    try {
      ftruncateSync(file, size);
    } catch {
      // Not a file that can be cut, or a disk that does not even take that: the error in hand says what is wrong.
    }
    throw error;
  }
}

/**
 * Takes back what was written after a step: lines from the first later one on, and a last one that a crash cut off. Lines that are none
 * of a log stay where they are, and hurt nobody.
 *
 * @param undone events that had not come yet at that very step
 * @throws RnnError `machine` that says what failed
 */
export async function cutLogBack(path: string, step: number, undone: readonly string[] = []): Promise<void> {
  let kept = 0;
  try {
    if (!refuseNoFile(path)) return;
    const log = await readFile(path);
    for (let end = log.indexOf(10); end >= 0; end = log.indexOf(10, kept)) {
      const line = parse(log.toString('utf8', kept, end));
      if (line.step > step || (line.step === step && undone.includes(line.event))) break;
      kept = end + 1;
    }
    if (kept < log.length) await truncate(path, kept);
  } catch (error) {
    throw diskError(`${path} could not be cut back to the checkpoint`, error);
  }
}

/** Whether it is there. @throws RnnError `machine` if it is a folder, or a named pipe, which would wait for a reader or a writer */
function refuseNoFile(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || status.isFile() || status.isCharacterDevice()) return status !== undefined;
  throw new RnnError('machine', `${path} could not be written: it is no file`, { hint: 'move it away; the log goes on in a new file' });
}

/** Lines without a step belong to whatever came before them, as do those that are no JSON object or have no number for a step. */
function parse(line: string): { readonly step: number; readonly event: string } {
  try {
    const { step, event } = JSON.parse(line) as { step?: unknown; event?: unknown };
    return { step: typeof step === 'number' ? step : 0, event: String(event) };
  } catch {
    return { step: 0, event: '' };
  }
}
