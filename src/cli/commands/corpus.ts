// `rnn corpus`: the corpora that come with the program. The module corpus/ has them.
import { corpusOptions } from '../../options/commands.ts';
import { defineCommand } from '../command.ts';
import { shellWord } from '../../shell-word.ts';
import { textTable } from '../output/text-table.ts';

export const { define } = defineCommand({
  description:
    'List the built-in corpora, or write one to corpora/. You can train on any other text: a book from gutenberg.org, source code.',
  argument: 'The corpus to write',
  options: corpusOptions,
  examples: [
    ['rnn corpus', 'list the built-in corpora'],
    ['rnn corpus sonnets', 'write corpora/sonnets.txt'],
  ],
  async run(name: string | undefined, flags, { stdout, stderr }) {
    const { builtinCorpora } = await import('../../corpus/builtin.ts');
    const { writeBuiltin } = await import('../../api/corpus.ts');
    if (name === undefined) {
      const rows = builtinCorpora.map((each) => [stdout.colour.cyan(each.name), each.description]);
      await stdout.write(`${textTable(rows, 'l').join('\n')}\n`);
      return;
    }
    const path = await writeBuiltin(name, undefined, { force: flags.force });
    await stdout.write(`${path}\n`);
    stderr.note(`to train on it: rnn train ${shellWord(path)}`);
  },
});
