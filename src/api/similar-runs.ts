// Runs that the user may have meant by a folder without a run: those in the folder, else those next to it with a similar name.
import { basename, dirname } from 'node:path';

const MAX_NAMED = 3;

/** @param runsIn the run folders in a folder; it may throw if the folder cannot be read */
export async function similarRuns(path: string, runsIn: (folder: string) => Promise<readonly string[]>): Promise<string[]> {
  const inside = await runsIn(path).catch(() => []);
  const beside = await runsIn(dirname(path)).catch(() => []);
  const name = basename(path);
  const similar = beside
    .map((run) => ({ run, distance: distanceOf(basename(run).toLowerCase(), name.toLowerCase()) }))
    .filter(({ run, distance }) => distance <= name.length / 3 || basename(run).startsWith(name) || name.startsWith(basename(run)))
    .toSorted((a, b) => a.distance - b.distance)
    .map(({ run }) => run);
  return [...new Set([...inside, ...similar])].slice(0, MAX_NAMED);
}

/** How many letters have to be added, removed or replaced to make one name of the other (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= b.length; column++)
      next.push(Math.min(row[column] + 1, next[column - 1] + 1, row[column - 1] + (letter === b[column - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}
