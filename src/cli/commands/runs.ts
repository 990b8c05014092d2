// `rnn runs`: the runs in a folder, the best first. Looking into them is training/'s and
// checkpoint/'s.
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, commonFlags, switchFlag } from '../flags.ts';
import { shellWord } from '../../shell-word.ts';
import { runsTable } from '../results/runs-table.ts';

const defaultFolder = 'checkpoints';
/** As many as one reads. */
const mostNamed = 10;

export function define(command: Command, context: Context): void {
  command
    .description('Lists the runs in a folder, those of one text together, the lowest validation loss first.')
    .argument('[folder]', 'a folder of run folders; checkpoints unless given');
  for (const flag of [switchFlag('--json', 'one JSON object per run'), ...commonFlags()]) command.addOption(flag);
  addExamples(command, [
    ['rnn runs', 'those in checkpoints/'],
    ['rnn runs sweeps/book', 'those of a sweep'],
  ]);
  command.action((folder: string | undefined, flags: { json?: boolean }) =>
    list(folder ?? defaultFolder, flags, context),
  );
}

async function list(folder: string, { json }: { json?: boolean }, { stdout, stderr }: Context): Promise<void> {
  const { haveOneText, listRuns } = await import('../../training/runs.ts');
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
