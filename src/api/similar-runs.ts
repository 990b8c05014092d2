// Runs that a user may have meant by the name of a folder without a run.
import { basename, dirname } from 'node:path';
import { suggestWords } from '../options/suggest.ts';
import { runsIn } from '../runs/store.ts';

const MAX_NAMED = 3;

/**
 * Runs that the user may have meant by a folder without a run: the runs in the folder, and the runs
 * next to it with similar names.
 */
export async function similarRuns(path: string): Promise<string[]> {
  const inside = await runsIn(path).catch(() => []);
  const neighbours = new Map((await runsIn(dirname(path)).catch(() => [])).map((run) => [basename(run), run]));
  const similar = suggestWords(basename(path), [...neighbours.keys()]).map((name) => neighbours.get(name)!);
  return [...new Set([...inside, ...similar])].slice(0, MAX_NAMED);
}
