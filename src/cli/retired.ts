// Options of earlier versions on the command line, in files and in the environment: accepted, warned
// of, and ignored.
import { type Command, Option } from 'commander';
import { flagOf } from '../options/flags.ts';
import { variableOf } from '../options/option.ts';
import { retiredOptions, retiredVariables, warningAbout } from '../options/retired.ts';
import type { Context } from './context.ts';
import { flagsOf } from './flags.ts';

const variable = variableOf('kernels');
/** What replaces values of RNN_WASM. */
const successors: Readonly<Record<string, string>> = { portable: 'wasm-portable', relaxed: 'wasm' };

/** For a command that computes on a device. They are not in a table, and nothing shows them. */
export function acceptRetired(command: Command): void {
  for (const name of retiredOptions) command.addOption(new Option(`--${name} <value>`).hideHelp());
}

/** Warns of those that are given on the command line and in the environment. */
export function warnOfRetired(command: Command, { io: { env }, stderr }: Context): void {
  if (flagsOf(command).every(({ option }) => option !== 'kernels')) return;
  for (const name of retiredOptions)
    if (command.getOptionValue(name) !== undefined) stderr.warn(retiredWarning(`--${name}`));
  for (const name of retiredVariables) if (env[name]) stderr.warn(retiredWarning(name, env[name]));
}

/** @param value of a variable */
export function retiredWarning(name: string, value = ''): string {
  const successor = name === 'RNN_WASM' ? successors[value] : undefined;
  return warningAbout(
    name,
    successor === undefined ? `${flagOf('kernels')} or ${variable}` : `${variable}=${successor}`,
  );
}

/** The words of a command line without an option that takes one value. */
export const withoutOption = (words: readonly string[], key: string): string[] =>
  words.filter((word, index) => !word.startsWith(`--${key}=`) && ![word, words[index - 1]].includes(`--${key}`));
