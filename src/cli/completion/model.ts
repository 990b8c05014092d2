// What can follow what on the command line, as plain data, read off the definitions of the commands. Knows no shell.
// Libraries for completion (@pnpm/tabtab, omelette, @bomb.sh/tab) have the shell start the program at every TAB to ask
// it; a script that knows everything answers at once.
import type { Argument, Command } from 'commander';
import { type Flag, flagsOf } from '../flags.ts';

/** What a value may be; of `none` nothing is known. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Words that a value follows at once, each with its `=`. */
  | { readonly kind: 'settings'; readonly words: readonly string[] }
  /** Run folders, and files. */
  | { readonly kind: 'runs' }
  | { readonly kind: 'files' }
  | { readonly kind: 'folders' }
  | { readonly kind: 'none' };

export interface OptionModel {
  /** With both dashes. */
  readonly name: string;
  readonly summary: string;
  /** Null for a switch. */
  readonly values: Values | null;
}

export interface CommandModel {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionModel[];
  /** What stands beside the options. */
  readonly argument: Values;
  /** The command whose options follow `--`, if one's do. */
  readonly afterDashes: string | null;
}

const none: Values = { kind: 'none' };

/** By what help texts call a value. */
const byPlaceholder: Readonly<Record<string, Values>> = {
  file: { kind: 'files' },
  corpus: { kind: 'files' },
  text: { kind: 'files' },
  folder: { kind: 'folders' },
  path: { kind: 'runs' },
  checkpoint: { kind: 'runs' },
  run: { kind: 'runs' },
  runs: { kind: 'runs' },
};

/**
 * @param program with all commands defined
 * @param corpora names of the built-in ones
 */
export function modelOf(program: Command, corpora: readonly string[]): readonly CommandModel[] {
  const train = program.commands.find((command) => command.name() === 'train')!;
  const settings: Values = { kind: 'settings', words: optionsOf(train, []).map(({ name }) => `${name.slice(2)}=`) };
  const commands = program.commands.map((command): CommandModel => ({
    name: command.name(),
    summary: command.summary(),
    options: optionsOf(command, settings.words),
    argument: command.name() === 'corpus' ? { kind: 'words', words: corpora } : argumentOf(command.registeredArguments),
    afterDashes: command.name() === 'sweep' ? 'train' : null,
  }));
  const help: CommandModel = {
    name: 'help',
    summary: "print a command's help",
    options: [],
    argument: { kind: 'words', words: commands.map(({ name }) => name) },
    afterDashes: null,
  };
  return [...commands, help];
}

/** @param settings what an option takes that is about options of `rnn train` */
function optionsOf(command: Command, settings: readonly string[]): OptionModel[] {
  const flags = flagsOf(command)
    .filter(({ hidden }) => !hidden)
    .map((flag) => ({ name: flag.longName, summary: flag.description, values: valuesOf(flag, settings) }));
  return [...flags, { name: '--help', summary: "print the command's help", values: null }];
}

function valuesOf(flag: Flag, settings: readonly string[]): Values | null {
  const { kind: takes, placeholder } = flag;
  if (takes.name === 'switch') return null;
  if (takes.choices.length > 0) return { kind: 'words', words: takes.choices };
  if (takes.name === 'number' || takes.name === 'duration') return none;
  if (placeholder?.startsWith('option=')) return { kind: 'settings', words: settings };
  if (flag.key === 'blas') return { kind: 'words', words: ['auto', 'off'] };
  // `--prime <text>` is a text itself, and not where one is.
  return placeholder === 'text' ? none : (byPlaceholder[placeholder ?? ''] ?? none);
}

function argumentOf([argument]: readonly Argument[]): Values {
  if (argument === undefined) return none;
  return argument.argChoices === undefined ? (byPlaceholder[argument.name()] ?? none) : { kind: 'words', words: argument.argChoices };
}
