// `rnn runs`: the runs in a folder, best first. training/ and runs/ read them.
import type { Context } from '../context.ts';
import { runsOptions } from '../../options/commands.ts';
import { defineCommand } from '../command.ts';
import { shellWord } from '../../shell-word.ts';
import { runsTable } from '../results/runs-table.ts';

const defaultFolder = 'checkpoints';
/** Folders that a hint names at most. */
const MAX_NAMED = 10;

export const { define } = defineCommand({
  description: 'List the runs in a folder, grouped by text, with the lowest validation loss first.',
  argument: 'A folder of run folders [default: checkpoints]',
  options: runsOptions,
  examples: [
    ['rnn runs', 'the runs in checkpoints/'],
    ['rnn runs sweeps/book', 'the runs of a sweep'],
  ],
  run: (folder: string | undefined, flags, context) => list(folder ?? defaultFolder, flags, context),
});

async function list(folder: string, { json }: { json?: boolean }, { stdout, stderr }: Context): Promise<void> {
  const { listRuns } = await import('../../api/runs.ts');
  const { haveOneText } = await import('../../training/runs.ts');
  const runs = await listRuns(folder);
  if (json) {
    for (const run of runs) await stdout.writeJson({ event: 'run', ...run });
    return;
  }
  if (runs.length > 0) return stdout.write(`${runsTable(runs, haveOneText, stdout.colour).join('\n')}\n`);
  const inside = await (await import('../../runs/store.ts')).foldersOfRuns(folder);
  const commands = inside.slice(0, MAX_NAMED).map((path) => `\n  rnn runs ${shellWord(path)}`);
  if (inside.length > MAX_NAMED) commands.push(`\n  … and ${inside.length - MAX_NAMED} more`);
  const hint =
    inside.length === 0
      ? `. To train one, run rnn train <corpus> --out ${folder}/<name>`
      : `. To list the runs in its folders:${commands.join('')}`;
  stderr.note(`runs not found in ${folder}${hint}`);
}
