// The commands of `rnn sample --interactive`, such as /temp 0.5. Most of them set an option of
// sampling, from whose row they follow.
import { inQuotes, usageError } from '../../errors.ts';
import { type Option, keyOf, tableOf } from '../../options/option.ts';
import { nearestWord } from '../../options/suggest.ts';
import { sampleOptions } from '../../options/sampling.ts';
import { textTable } from '../output/text-table.ts';

const { temperature, topK, topP, minP, length, seed } = tableOf(sampleOptions);
const rows: Readonly<Record<string, Option>> = { temperature, topK, topP, minP, length, seed };

/** The options that a command can change. */
export interface ChangingOptions {
  temperature?: number | readonly [number, number] | undefined;
  topK?: number | undefined;
  topP?: number | undefined;
  minP?: number | undefined;
  length: number;
  seed: number;
}

const optionOf = new Map(Object.entries(rows).map(([name, row]) => [`/${keyOf(name, row)}`, name]));
const RESET = '/reset';
const HELP = '/help';
const QUIT = '/quit';

/** The commands by their names, with the slash. */
export const slashCommands: readonly string[] = [...optionOf.keys(), RESET, HELP, QUIT];

/** The result of a command: a text for the user, or the request to forget the text or to quit. */
export type SlashResult = { readonly text: string } | 'reset' | 'quit';

/** Whether a line is a command. Two slashes begin a line that starts with a slash. */
export const isSlashCommand = (line: string): boolean => line.startsWith('/') && !line.startsWith('//');

/**
 * Runs a command. A value sets an option, and without a value the command shows it.
 *
 * @throws RnnError `usage` for an unknown command or a wrong value
 */
export function runSlashCommand(line: string, options: ChangingOptions): SlashResult {
  const [name, ...values] = line.trim().split(/\s+/);
  const option = optionOf.get(name);
  if (option !== undefined) {
    if (values.length > 0) Object.assign(options, { [option]: rows[option].kind.parse(name, values.join(' ')) });
    return { text: `${name} ${textOfSetting(options[option as keyof ChangingOptions])}` };
  }
  if (!slashCommands.includes(name)) throw notFound(name);
  if (values.length > 0) throw usageError(`${name} has the value ${inQuotes(values.join(' '))}: expected no value`);
  if (name === RESET) return 'reset';
  return name === QUIT ? 'quit' : { text: help() };
}

function notFound(name: string): Error {
  const near = nearestWord(name, slashCommands);
  const meant = near === null ? `use ${HELP} to list the commands` : `use ${near}`;
  return usageError(
    `command not found: ${name}`,
    `${meant}, or // at the beginning of a line that starts with a slash`,
  );
}

const textOfSetting = (value: unknown): string =>
  value === undefined ? 'is not set' : value === Infinity ? 'inf' : [value].flat().join('..');

function help(): string {
  const ofOptions = [...optionOf].map(([name, option]) => [`${name} <value>`, rows[option].help.split('. ')[0]]);
  const others = [
    [RESET, 'Forget the text'],
    [HELP, 'Print this list'],
    [QUIT, 'Quit, like Ctrl-D'],
  ];
  return textTable([...ofOptions, ...others], 'l').join('\n');
}
