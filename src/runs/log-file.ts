// Where a run's log is.
import { pathIn } from '../files/path-in.ts';

export const logFile = 'log.jsonl';

/** @param folder that of the run */
export const logOf = (folder: string): string => pathIn(folder, logFile);
