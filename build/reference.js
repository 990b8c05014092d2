// Writes docs/options.md: every option of every command, from the tables of the built program
// (`npm run build:schema`).
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { commands } from '../dist/cli/commands.js';
import { groupBy } from '../dist/group.js';
import { flagsOf, shownDefaultOf } from '../dist/cli/flags.js';

export async function reference() {
  const sections = [];
  for (const { name, takes, summary, load } of commands) {
    const command = new Command(name);
    (await load()).define(command, {}, takes);
    const shown = flagsOf(command).filter(({ hidden }) => !hidden);
    const tables = [...groupBy(shown, ({ helpGroupHeading }) => helpGroupHeading)].map(
      ([heading, flags]) => `${heading}\n\n${tableOf(flags)}`,
    );
    sections.push(`## rnn ${name}${takes === '' ? '' : ` ${takes}`}\n\n${sentence(summary)}\n\n${tables.join('\n\n')}`);
  }
  return `${head}\n${sections.join('\n\n')}\n`;
}

const head = `# Options

Every option of every command, as \`rnn <command> --help\` lists them. \`npm run build:schema\` writes
this page. [Choosing](choosing.md) says which to change, and [configuration](configuration.md) how to
give them in files and variables: \`--learning-rate\` is \`RNN_LEARNING_RATE\` in the environment, and
\`"learning-rate"\` or \`"learningRate"\` in a file.
`;

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

const tableOf = (flags) =>
  ['| option | meaning | default |', '|---|---|---|', ...flags.map((flag) => rowOf(flag))].join('\n');

function rowOf({ flags, row }) {
  const { choices } = row.kind;
  const named = choices.every((choice) => row.help.includes(choice)) ? '' : `: ${choices.join(', ')}`;
  const meaning = `${row.help.replace(/ \(listed below\)$/, '')}${named}`;
  return `| \`${flags}\` | ${meaning.replaceAll('|', String.raw`\|`)} | ${shownDefaultOf(row)} |`;
}

if (process.argv[1] === import.meta.filename)
  writeFileSync(new URL('../docs/options.md', import.meta.url), await reference());
