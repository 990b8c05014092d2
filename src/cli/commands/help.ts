// `rnn help`: prints the tables of a topic. main.ts turns `rnn help COMMAND` into
// `rnn COMMAND --help`.
import type { Command } from 'commander';
import { type RnnError, usageError } from '../../errors.ts';
import { commonOptions } from '../../options/common.ts';
import { orList } from '../../options/kind.ts';
import { suggestWords } from '../../options/suggest.ts';
import type { Context } from '../context.ts';
import { addGroups } from '../flags.ts';
import { helpWidth, paragraph, tableLines } from '../help/layout.ts';
import { addParts } from '../help/parts.ts';
import { topics } from '../help/topics.ts';

export function define(command: Command, context: Context, takes: string): void {
  command
    .description(`Print the help of a command, or the tables of a topic: ${orList(topics.map(({ name }) => name))}.`)
    .argument(takes, 'A command or a topic');
  addGroups(command, { 'Options:': commonOptions });
  addParts(command, {
    examples: [
      ['rnn help', 'all commands and topics'],
      ['rnn help train', 'all options of rnn train'],
      ['rnn help cells', 'the cells, and when to use each'],
    ],
  });
  command.action(async (name: string) => {
    const commands = command.parent!.commands.map((each) => each.name());
    await show(name, commands, context);
  });
}

async function show(name: string, commands: readonly string[], { stdout }: Context): Promise<void> {
  const entry = topics.find((each) => each.name === name);
  if (entry === undefined) throw unknownTopic(name, commands);
  const { intro, tables } = (await entry.load()).topic;
  const width = helpWidth(stdout.columns);
  const { bold, cyan, dim } = stdout.colour;
  const sections = [
    paragraph(intro, width),
    ...tables.map((table) => [
      ...(table.heading === undefined ? [] : [bold(table.heading)]),
      ...tableLines(table, width, cyan, dim),
    ]),
  ];
  await stdout.write(`${sections.map((section) => section.join('\n')).join('\n\n')}\n`);
}

function unknownTopic(name: string, commands: readonly string[]): RnnError {
  const [near] = suggestWords(name, [...commands, ...topics.map((each) => each.name)]);
  return usageError(
    `unknown command or topic '${name}'`,
    near === undefined ? 'run rnn help to list the commands and topics' : `did you mean ${near}?`,
  );
}
