// `rnn corpus`: the corpora that come with the program. They are in corpus/.
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, commonFlags } from '../flags.ts';
import { shellWord } from '../../shell-word.ts';
import { textTable } from '../output/text-table.ts';
import { forceFlag } from '../output/output-files.ts';

export function define(command: Command, context: Context): void {
  command
    .description(
      'Lists the built-in corpora, or writes one to corpora/. Any other text will do: a book of gutenberg.org, source code.',
    )
    .argument('[name]', 'the corpus to write');
  for (const flag of [forceFlag(), ...commonFlags()]) command.addOption(flag);
  addExamples(command, [
    ['rnn corpus', 'what there is'],
    ['rnn corpus sonnets', 'write corpora/sonnets.txt'],
  ]);
  command.action(async (name: string | undefined, flags: { force?: boolean }) => {
    const { stdout, stderr } = context;
    const { builtinCorpora, writeBuiltin } = await import('../../corpus/builtin.ts');
    if (name === undefined) {
      const rows = builtinCorpora.map((each) => [stdout.colour.cyan(each.name), each.description]);
      await stdout.write(`${textTable(rows, 'l').join('\n')}\n`);
      return;
    }
    const path = await writeBuiltin(name, undefined, flags);
    await stdout.write(`${path}\n`);
    stderr.note(`to train on it: rnn train ${shellWord(path)}`);
  });
}
