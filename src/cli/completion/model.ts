// Plain data on the words that can follow each other on the command line, from the definitions of
// the commands. Independent of the shell. With the libraries for completion (@pnpm/tabtab,
// omelette, @bomb.sh/tab) the shell starts the program at every TAB. A script that contains all
// words answers immediately.
import type { Command } from 'commander';
import { type Flag, flagsOf } from '../flags.ts';
import { topics } from '../help/topics.ts';

/** The words that a value can be, or names that the shell finds. */
export interface Values {
  /**
   * A value follows a word of `settings` without a space. `runs` are run folders and files. The
   * script has no completions for `nothing`.
   */
  readonly kind: 'words' | 'settings' | 'runs' | 'files' | 'folders' | 'nothing';
  readonly words: readonly string[];
}

export interface OptionModel {
  /** The name with both dashes. */
  readonly name: string;
  readonly summary: string;
  /** Null for a switch. */
  readonly values: Values | null;
}

export interface CommandModel {
  /** Empty for `rnn` itself, whose arguments are the commands. */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionModel[];
  readonly argument: Values;
}

/** The kinds of values, by their placeholders in help texts. */
const kinds: Readonly<Record<string, Values['kind']>> = {
  file: 'files',
  corpus: 'files',
  text: 'files',
  folder: 'folders',
  path: 'runs',
  checkpoint: 'runs',
  run: 'runs',
  runs: 'runs',
};

/**
 * `rnn` itself, then all commands. Each script has the rule that options of `rnn train` follow the
 * `--` of `rnn sweep`.
 *
 * @param program the program, with all commands defined
 * @param corpora the names of the built-in corpora
 */
export function modelOf(program: Command, corpora: readonly string[]): readonly CommandModel[] {
  const train = program.commands.find((command) => command.name() === 'train')!;
  const settings = visibleFlags(train).map(({ key }) => `${key}=`);
  const optionsOf = (command: Command): OptionModel[] => [
    ...visibleFlags(command).map((flag) => ({
      name: flag.longName,
      summary: flag.brief,
      values: valuesOf(flag, settings),
    })),
    { name: '--help', summary: 'Print the help', values: null },
  ];
  const names = oneOf(program.commands.map((command) => command.name()));
  const wordsOf: Readonly<Record<string, readonly string[] | undefined>> = {
    corpus: corpora,
    help: [...names.words, ...topics.map(({ name }) => name)],
  };
  const commands = program.commands.map((command): CommandModel => {
    const [argument] = command.registeredArguments;
    const words = wordsOf[command.name()] ?? argument?.argChoices;
    const values = words === undefined ? valuesCalled(argument?.name()) : oneOf(words);
    return { name: command.name(), summary: command.summary(), options: optionsOf(command), argument: values };
  });
  const version = { name: '--version', summary: 'Print the version', values: null };
  return [{ name: '', summary: '', options: [...optionsOf(program), version], argument: names }, ...commands];
}

const visibleFlags = (command: Command): Flag[] => flagsOf(command).filter(({ hidden }) => !hidden);

const oneOf = (words: readonly string[]): Values => ({ kind: 'words', words });

const valuesCalled = (placeholder = ''): Values => ({ kind: kinds[placeholder] ?? 'nothing', words: [] });

/** @param settings the values of an option whose values are options of `rnn train` */
function valuesOf({ kind, placeholder }: Flag, settings: readonly string[]): Values | null {
  if (placeholder === null) return null;
  if (kind.choices.length > 0) return oneOf(kind.choices);
  if (kind.name === 'number' || kind.name === 'duration') return valuesCalled();
  if (placeholder.startsWith('option=')) return { kind: 'settings', words: settings };
  // The value of `--prime <text>` is a text itself, not a path.
  return valuesCalled(placeholder === 'text' ? '' : placeholder);
}
