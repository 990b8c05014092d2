// The log of a run: a file with one JSON object a line. Knows only the step and the event of a
// line.

import { type Stats, appendFileSync, statSync, truncateSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';

import { machineError } from '../errors.ts';
import { diskError } from '../files/atomic.ts';
import { endOf } from '../files/output-file.ts';
import { isObject } from './json-values.ts';

export type LogLine = Readonly<Record<string, unknown>>;

/**
 * Adds a line; if the disk does not take all of it, nothing of it stays.
 *
 * @throws RnnError `machine` that says what failed
 */
export function appendLine(path: string, line: object): void {
  try {
    const size = refuseNoFile(path)?.size ?? 0;
    try {
      appendFileSync(path, `${JSON.stringify(line)}\n`);
    } catch (error) {
      try {
        truncateSync(path, size);
      } catch {
        // Not a file that can be cut, or a disk that does not even take that: the first error says
        // what is wrong.
      }
      throw error;
    }
  } catch (error) {
    throw diskError(`${path} could not be written`, error);
  }
}

/**
 * Removes the lines from the first of a later step on, and a last line that a crash cut off.
 *
 * @param undone events that had not come yet at that very step
 * @throws RnnError `machine` that says what failed
 */
export async function cutLogBack(path: string, step: number, undone: readonly string[] = []): Promise<void> {
  let kept = 0;
  try {
    // A device such as /dev/null keeps no lines, and reading one may never end.
    if (refuseNoFile(path)?.isFile() !== true) return;
    const log = await readFile(path);
    for (let end = log.indexOf(10); end >= 0; end = log.indexOf(10, kept)) {
      const line = objectOf(log.toString('utf8', kept, end));
      // Lines without a step belong to the line before them.
      const at = typeof line?.['step'] === 'number' ? line['step'] : 0;
      if (at > step || (at === step && undone.includes(String(line?.['event'])))) break;
      kept = end + 1;
    }
    if (kept < log.length) await truncate(path, kept);
  } catch (error) {
    throw diskError(`${path} could not be cut back to the checkpoint`, error);
  }
}

/** How a log begins. */
export const logStart = '{"event":"';

/** Enough for the reports of the last minutes, and a sample of text or two. */
const TAIL_BYTES = 65_536;

/**
 * The last lines of a log, oldest first; none if there is no log, or it cannot be read: what counts
 * is in the checkpoints. Only its end is read, however long it is.
 */
export const lastLines = async (path: string): Promise<LogLine[]> => objectsIn(await endOf(path, TAIL_BYTES));

/** The lines of a text that are JSON objects. */
export const objectsIn = (text: string): LogLine[] =>
  text
    .split('\n')
    .map(objectOf)
    .filter((line) => line !== null);

/** Null if a line is not a JSON object. */
function objectOf(line: string): LogLine | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * What is there. @throws RnnError `machine` if it is a folder, or a named pipe, which would wait
 * for a reader or a writer
 */
function refuseNoFile(path: string): Stats | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || status.isFile() || status.isCharacterDevice()) return status;
  throw machineError(`${path} could not be written: it is no file`, 'move it away; the log goes on in a new file');
}
