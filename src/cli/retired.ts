// Options of earlier versions on the command line, in files and in the environment. They are
// accepted with a warning, and ignored.
import { type Command, Option } from 'commander';
import { flagOf } from '../options/flags.ts';
import { variableOf } from '../options/option.ts';
import { retiredOptions, retiredVariables, warningAbout } from '../options/retired.ts';
import type { Context } from './context.ts';
import { flagsOf } from './flags.ts';

const variable = variableOf('kernels');
/** The replacements for values of RNN_WASM. */
const successors: Readonly<Record<string, string>> = { portable: 'wasm-portable', relaxed: 'wasm' };

/** Accepts retired options of a command that uses a device. No help or table lists them. */
export function acceptRetired(command: Command): void {
  for (const name of retiredOptions) command.addOption(new Option(`--${name} <value>`).hideHelp());
}

/** Warns about retired options on the command line and in the environment. */
export function warnOfRetired(command: Command, { io: { env }, stderr }: Context): void {
  if (flagsOf(command).every(({ option }) => option !== 'kernels')) return;
  for (const name of retiredOptions)
    if (command.getOptionValue(name) !== undefined) stderr.warn(retiredWarning(`--${name}`));
  for (const name of retiredVariables) if (env[name]) stderr.warn(retiredWarning(name, env[name]));
}

/**
 * The warning about a retired option or variable.
 *
 * @param value the value of a variable
 */
export function retiredWarning(name: string, value = ''): string {
  const successor = name === 'RNN_WASM' ? successors[value] : undefined;
  return warningAbout(
    name,
    successor === undefined ? `${flagOf('kernels')} or ${variable}` : `${variable}=${successor}`,
  );
}

/** The words of a command line without one option and its value. */
export const withoutOption = (words: readonly string[], key: string): string[] =>
  words.filter((word, index) => !word.startsWith(`--${key}=`) && ![word, words[index - 1]].includes(`--${key}`));
