// Writes docs/reference/cli.md: the commands, options and topics, from the tables of the built
// program (`npm run build:schema`).
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { commands } from '../dist/cli/commands.js';
import { groupBy } from '../dist/group.js';
import { shownDefaultOf } from '../dist/cli/flags.js';
import { shownFlags } from '../dist/cli/help/page.js';
import { partsOf } from '../dist/cli/help/parts.js';
import { topics } from '../dist/cli/help/topics.js';

export async function reference() {
  const ofCommands = [];
  for (const { name, takes, load } of commands) {
    const command = new Command(name);
    (await load()).define(command, {}, takes);
    ofCommands.push(section(`rnn ${name}`, commandBlocks(command)));
  }
  const ofTopics = [];
  for (const { name, load } of topics) {
    const { intro, tables } = (await load()).topic;
    ofTopics.push(section(`rnn help ${name}`, [inMarkdown(intro), ...tables.flatMap(tableBlocks)]));
  }
  const list = tableBlocks({
    columns: ['command', 'purpose'],
    rows: commands.map(({ name, takes, summary }) => [`\`${`rnn ${name} ${takes}`.trimEnd()}\``, summary]),
  });
  return `${[head, ...list, ...ofCommands, ...ofTopics].join('\n\n')}\n`;
}

const head = `# Commands and options

The help of every command, as \`rnn <command> --help\` prints it, and the tables of \`rnn help <topic>\`.
\`npm run build:schema\` writes this page. [Choosing](../choosing.md) says which options to change, and
[configuration](../configuration.md) how to give them in files and variables.`;

const section = (heading, blocks) => [`## ${heading}`, ...blocks].join('\n\n');

function commandBlocks(command) {
  const { examples, notes } = partsOf(command);
  const groups = [...groupBy(shownFlags(command), ({ helpGroupHeading }) => helpGroupHeading)];
  return [
    inMarkdown(command.description()),
    code(`rnn ${command.name()} ${command.usage()}`),
    ...(examples.length === 0 ? [] : [code(examples.map(([line, purpose]) => `# ${purpose}\n${line}`).join('\n'))]),
    ...groups.flatMap(([heading, flags]) =>
      tableBlocks({ heading, columns: ['option', 'meaning', 'default'], rows: flags.map(rowOf) }),
    ),
    ...notes.flatMap(noteBlocks),
  ];
}

function rowOf({ flags, row }) {
  const { choices } = row.kind;
  const named = choices.every((choice) => row.help.includes(choice)) ? '' : `. Values: ${choices.join(', ')}`;
  return [`\`${flags}\``, `${row.help}${named}`, shownDefaultOf(row)];
}

/** Lines that begin with a space are code. */
const noteBlocks = (note) =>
  note
    .split(/\n(?= )|(?<=^ .*)\n(?! )/m)
    .reduce((blocks, line) => {
      if (line.startsWith(' ') && blocks.at(-1)?.startsWith(' ')) blocks[blocks.length - 1] += `\n${line}`;
      else blocks.push(line);
      return blocks;
    }, [])
    .map((block) => (block.startsWith(' ') ? code(block.replaceAll(/^ {2}/gm, '')) : inMarkdown(block)));

const code = (text) => `\`\`\`text\n${text}\n\`\`\``;

const tableBlocks = ({ heading, columns, rows }) => [
  ...(heading === undefined ? [] : [inMarkdown(heading)]),
  [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cellOf).join(' | ')} |`).join('\n'),
];

const cellOf = (text) => inMarkdown(text).replaceAll('|', String.raw`\|`);

/** Commands and options become code, and `*` stays itself. */
const inMarkdown = (text) =>
  text.includes('`')
    ? text
    : text
        .replaceAll(/'(rnn [^']*)'/g, '`$1`')
        .replaceAll(/(?<![`\w-])--[a-z][\w-]*(?![^`]*`[^`]*$)/g, '`$&`')
        .replaceAll(/<([\w ]+)>/g, String.raw`\<$1>`)
        .replaceAll('*', String.raw`\*`);

if (process.argv[1] === import.meta.filename)
  writeFileSync(new URL('../docs/reference/cli.md', import.meta.url), await reference());
