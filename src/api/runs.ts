// Runs on disk for whoever wants to draw or compare them: their logs as curves, with a name each. Writes nothing.
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { LogFollower, type LogLine, findRuns, isHeld, readLog } from '../runs/store.ts';
import { Curves } from '../training/curves.ts';
import { pathIn } from '../path-in.ts';
import { type RunSummary, listRuns as listRunsIn } from '../training/runs.ts';
import { areSources } from './checks.ts';
import { refuseUnknown, refuseUnless, refuseUnlessName, refuseUnlessSignal } from './checks.ts';

export interface Run {
  readonly path: string;
  /** The folder's; all of its path where another run has the same. */
  readonly name: string;
  readonly curves: Curves;
}

/** A run reports once a second. */
const lookEveryMs = 250;

/**
 * @param given run folders, folders of them, or files in one; nothing stands for the newest run in ./checkpoints
 * @throws RnnError `checkpoint` if there is none
 */
export async function readRuns(given: string | readonly string[] = []): Promise<Run[]> {
  refuseUnless(areSources(given), 'runs', given, 'a run folder, a folder of them, a file in one, or a list of them');
  const paths = await findRuns([given].flat());
  const names = paths.map((path) => basename(path));
  const runs: Run[] = [];
  for (const [index, path] of paths.entries()) {
    const curves = new Curves();
    for await (const line of readLog(logOf(path))) curves.add(line);
    const isAlone = names.indexOf(names[index]) === names.lastIndexOf(names[index]);
    runs.push({ path, name: isAlone ? names[index] : path, curves });
  }
  return runs;
}

/**
 * The runs in a folder, those of one text together, the lowest validation loss first, then those without one by name; at the end newer,
 * damaged and empty ones.
 *
 * @throws RnnError `checkpoint` if there is no such folder
 */
export async function listRuns(folder: string): Promise<RunSummary[]> {
  refuseUnlessName('the folder', folder, 'the name of a folder');
  return listRunsIn(folder);
}

/** What a look at a growing log brings. */
export interface FreshLines {
  readonly lines: readonly LogLine[];
  /** What came before holds no more: these lines begin the log. */
  readonly isAnew: boolean;
}

/**
 * The log of a run from its beginning, and on as another process writes it, a look four times a second, until nobody
 * trains in the folder any more or the signal is aborted.
 *
 * @throws RnnError `checkpoint` if there is no run, `machine` if its log cannot be read
 */
export async function* followRun(path: string, options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<FreshLines> {
  refuseUnlessName('the run', path, 'a run folder');
  refuseUnknown(options, ['signal']);
  const { signal } = options;
  refuseUnlessSignal(signal);
  await findRuns([path]);
  const follower = new LogFollower(logOf(path));
  const isStopped = (): boolean => signal?.aborted === true;
  for (let isOver = false; !isOver && !isStopped();) {
    // Before the log is read, so that nothing is missed of a run that ends meanwhile.
    const isRunning = isHeld(path);
    const { lines, isAnew, isAll } = await follower.next();
    yield { lines, isAnew };
    isOver = isAll && !isRunning;
    if (isAll && isRunning) await wait(lookEveryMs, undefined, { signal }).catch(() => {});
  }
}

const logOf = (path: string): string => pathIn(path, 'log.jsonl');
