// The path of a run's log.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { joinPath } from '../files/join-path.ts';

export const logFile = 'log.jsonl';

/** @param folder the folder of the run */
export const logOf = (folder: string): string => joinPath(folder, logFile);

/** The run folder of a checkpoint. Undefined for a checkpoint that was taken out of its run. */
export function runOf(checkpoint: string): string | undefined {
  const folder = dirname(checkpoint);
  return existsSync(logOf(folder)) ? folder : undefined;
}
