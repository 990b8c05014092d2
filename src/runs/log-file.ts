// Where a run's log is.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathIn } from '../files/path-in.ts';

export const logFile = 'log.jsonl';

/** @param folder that of the run */
export const logOf = (folder: string): string => pathIn(folder, logFile);

/** The run folder that a checkpoint lies in; undefined for one that was taken out of its run. */
export function runOf(checkpoint: string): string | undefined {
  const folder = dirname(checkpoint);
  return existsSync(logOf(folder)) ? folder : undefined;
}
