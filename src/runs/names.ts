// The files of a run folder, by their names. Opens none of them.
import { temporarySuffix } from '../atomic.ts';

export const latestFile = 'latest.json';
export const previousFile = 'previous.json';
export const bestFile = 'best.json';
export const checkpointFiles = [latestFile, previousFile, bestFile] as const;
export const logFile = 'log.jsonl';
export const lockFile = 'lock.json';

/** Files that were called latest.json and could not be read. */
const damagedName = /^latest\.json\.damaged(-\d+)?$/;
const snapshotName = /^step-(\d+)\.json$/;

export const damagedFile = (count: number): string => `${latestFile}.damaged${count === 1 ? '' : `-${count}`}`;

export const snapshotFile = (step: number): string => `step-${String(step).padStart(9, '0')}.json`;

/** By its name; null for any other file. */
export function stepOfSnapshot(file: string): number | null {
  const [, step] = snapshotName.exec(file) ?? [];
  return step === undefined ? null : Number(step);
}

export const isCheckpoint = (file: string): boolean => stepOfSnapshot(file) !== null || checkpointFiles.some((name) => file === name);

/** What a run leaves behind, apart from its lock. */
export const isOfRun = (file: string): boolean => file === logFile || damagedName.test(file) || isCheckpoint(file);

/** A file that is being written, or that a killed process left. */
export function isTemporary(file: string): boolean {
  const [of] = /^.*?\.jsonl?(?=\.)/.exec(file) ?? [];
  return of !== undefined && file.endsWith(temporarySuffix) && (of === logFile || of === lockFile || isCheckpoint(of));
}

/** A run that has just begun has no more than its lock. */
export const isRunFolder = (files: readonly string[]): boolean =>
  files.some((file) => isCheckpoint(file) || file === logFile || file === lockFile);
