// The runs that a command was given, as curves with names that are fit for a terminal. Reading them
// is api/'s.
import { basename } from 'node:path';
import { type RnnError, usageError, checkpointError } from '../errors.ts';
import type { Run } from '../api/runs.ts';
import { onOneLine } from './output/format.ts';

/** @throws RnnError `checkpoint` if there is none */
export async function readRuns(given: readonly string[]): Promise<Run[]> {
  const runs = await (await import('../api/runs.ts')).readRuns(given);
  return runs.map((run) => ({ ...run, name: onOneLine(run.name) }));
}

/** The folder of the one run that is meant. @throws RnnError `usage` if those are several */
export async function findRun(given: string | undefined): Promise<string> {
  const [path, ...others] = await (await import('../runs/store.ts')).findRuns(given === undefined ? [] : [given]);
  if (others.length > 0)
    throw usageError(`there are ${others.length + 1} runs in ${given}`, `give one of them, such as ${path}`);
  return path;
}

export const nothingLogged = (path: string): RnnError =>
  checkpointError(
    `nothing is logged in ${path}`,
    'a run logs its first losses about a second after it began, and an imported one has none; rnn runs lists the runs that there are',
  );

/** At most `max` of the texts, and how many more there are. */
export function listed(texts: readonly string[], max = 5): string {
  const more = texts.length - max;
  return [...texts.slice(0, max), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

export const nameOf = (path: string): string => onOneLine(basename(path));

/** Of folders or files: as short as tells them apart. */
export function namesOf(paths: readonly string[]): string[] {
  const names = paths.map(nameOf);
  return names.map((name, index) => (names.indexOf(name) === names.lastIndexOf(name) ? name : onOneLine(paths[index])));
}
