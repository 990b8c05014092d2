// `rnn runs`: the runs in a folder, the best first. Looking into them is training/'s and
// runs/'s.
import type { Context } from '../context.ts';
import { runsOptions } from '../../options/commands.ts';
import { defineCommand } from '../command.ts';
import { shellWord } from '../../shell-word.ts';
import { runsTable } from '../results/runs-table.ts';

const defaultFolder = 'checkpoints';
/** As many as one reads. */
const mostNamed = 10;

export const { define } = defineCommand({
  description: 'Lists the runs in a folder, those of one text together, the lowest validation loss first.',
  argument: 'a folder of run folders; checkpoints unless given',
  options: runsOptions,
  examples: [
    ['rnn runs', 'those in checkpoints/'],
    ['rnn runs sweeps/book', 'those of a sweep'],
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
  const commands = inside.slice(0, mostNamed).map((path) => `\n  rnn runs ${shellWord(path)}`);
  if (inside.length > mostNamed) commands.push(`\n  … and ${inside.length - mostNamed} more`);
  const hint =
    inside.length === 0
      ? `; rnn train --out ${folder}/<name> makes one`
      : `, but in folders of it:${commands.join('')}`;
  stderr.note(`there are no runs in ${folder}${hint}`);
}
