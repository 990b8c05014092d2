// The log of a run: a file with one JSON object per line. Knows only the step and the event of a
// line.

import { type Stats, appendFileSync, statSync, truncateSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';

import { machineError } from '../errors.ts';
import { diskError } from '../files/atomic.ts';
import { readEnd } from '../files/output-file.ts';
import { isObject } from './json-values.ts';

export type LogLine = Readonly<Record<string, unknown>>;

/**
 * Adds a line. If the disk does not take all of it, no part of it stays.
 *
 * @throws RnnError `machine` that names the failure
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
        // The file cannot be cut, or the disk does not even take that. The first error is the cause.
      }
      throw error;
    }
  } catch (error) {
    throw diskError(`cannot write ${path}`, error);
  }
}

/**
 * Removes the lines from the first of a later step on, and a last line that a crash cut off.
 *
 * @param undone events that had not happened yet at `step` itself
 * @throws RnnError `machine` that names the failure
 */
export async function truncateLog(path: string, step: number, undone: readonly string[] = []): Promise<void> {
  let keptBytes = 0;
  try {
    // A device such as /dev/null stores no lines, and reading a device may never end.
    if (refuseNoFile(path)?.isFile() !== true) return;
    const log = await readFile(path);
    for (let end = log.indexOf(10); end >= 0; end = log.indexOf(10, keptBytes)) {
      const line = objectOf(log.toString('utf8', keptBytes, end));
      // Lines without a step belong to the line before them.
      const at = typeof line?.['step'] === 'number' ? line['step'] : 0;
      if (at > step || (at === step && undone.includes(String(line?.['event'])))) break;
      keptBytes = end + 1;
    }
    if (keptBytes < log.length) await truncate(path, keptBytes);
  } catch (error) {
    throw diskError(`cannot cut ${path} back to the checkpoint`, error);
  }
}

/** The beginning of a log. */
export const logStart = '{"event":"';

/** Enough for the reports of the last minutes, and one or two samples. */
const TAIL_BYTES = 65_536;

/**
 * The last lines of a log, oldest first. Empty if there is no log or it cannot be read, because
 * everything important is in the checkpoints. Only its end is read, however long it is.
 */
export const lastLines = async (path: string): Promise<LogLine[]> => objectsIn(await readEnd(path, TAIL_BYTES));

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
 * The status of the file.
 *
 * @throws RnnError `machine` if it is a folder, or a named pipe, which would wait for a reader or a
 * writer
 */
function refuseNoFile(path: string): Stats | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || status.isFile() || status.isCharacterDevice()) return status;
  throw machineError(`cannot write ${path}: it is not a file`, 'move it away: the log then continues in a new file');
}
