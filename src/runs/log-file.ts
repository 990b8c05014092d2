// The path of a run's log.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathIn } from '../files/path-in.ts';

export const logFile = 'log.jsonl';

/** @param folder of the run */
export const logOf = (folder: string): string => pathIn(folder, logFile);

/** The run folder of a checkpoint. Undefined for a checkpoint that was taken out of its run. */
export function runOf(checkpoint: string): string | undefined {
  const folder = dirname(checkpoint);
  return existsSync(logOf(folder)) ? folder : undefined;
}
