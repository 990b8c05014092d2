// The runs that the user gave to a command, with names that are safe for a terminal. api/ reads
// them.
import { basename } from 'node:path';
import { type RnnError, checkpointError, inQuotes, usageError } from '../errors.ts';
import type { Run } from '../api/runs.ts';
import type { Context } from './context.ts';
import { onOneLine } from './output/format.ts';

/**
 * The given runs, with names that are safe for a terminal.
 *
 * @throws RnnError `checkpoint` if there is no run
 */
export async function readGivenRuns(given: readonly string[]): Promise<Run[]> {
  const runs = await (await import('../api/runs.ts')).readRuns(given);
  return runs.map((run) => ({ ...run, name: onOneLine(run.name) }));
}

/** The folder of the given run. @throws RnnError `usage` for several runs, `checkpoint` for none */
export async function findRun(given: string | undefined): Promise<string> {
  const [path, ...others] = await (await import('../runs/store.ts')).findRuns(given === undefined ? [] : [given]);
  if (others.length > 0)
    throw usageError(`${given} has ${others.length + 1} runs: expected one`, `name one of them, such as ${path}`);
  return path;
}

export const emptyLogError = (path: string): RnnError =>
  checkpointError(
    `the log of ${path} is empty: expected at least one loss`,
    'use rnn runs to list other runs. A run logs its first loss about a second after its start, and an imported run has no log',
  );

/** Joins the first `max` texts with commas, and adds “N more” if there are others. */
export function joinTexts(texts: readonly string[], max = 5): string {
  const more = texts.length - max;
  return [...texts.slice(0, max), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

export const runNameOf = (path: string): string => onOneLine(basename(path));

/** The names of folders or files, or their paths where names are equal. */
export function runNamesOf(paths: readonly string[]): string[] {
  const names = paths.map(runNameOf);
  return names.map((name, index) => (names.indexOf(name) === names.lastIndexOf(name) ? name : onOneLine(paths[index])));
}

/**
 * The run given as an argument, instead of RNN_CHECKPOINT.
 *
 * @throws a usage error if it is given twice
 */
export function checkpointOf(run: string | undefined, { origins }: Context): { readonly checkpoint?: string } {
  if (run === undefined) return {};
  if (origins.get('--checkpoint') === '--checkpoint')
    throw usageError(`cannot use ${inQuotes(run)} and --checkpoint together`, 'name the run once');
  return { checkpoint: run };
}
