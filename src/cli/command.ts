// A command as data. Its help, its flags and their checks follow from the data.
import type { Command } from 'commander';
import { commonOptions } from '../options/common.ts';
import {
  type ExclusiveOptions,
  type CommandOptionValues,
  type OptionGroups,
  columnOf,
  tableOf,
} from '../options/option.ts';
import { refuseContradictions } from '../options/contradictions.ts';
import type { Context } from './context.ts';
import { addGroups } from './flags.ts';
import { type HelpParts, addParts } from './help/parts.ts';
import { acceptRetired } from './retired.ts';

/** The module of a command. */
export interface CommandModule {
  /** @param takes the arguments of the command, such as `<corpus...>` */
  define(command: Command, context: Context, takes: string): void;
}

interface Definition<Argument, Groups extends OptionGroups> {
  readonly description: string;
  /** Describes the arguments. */
  readonly argument?: string;
  /** The options of every command are added to the last group. */
  readonly options: Groups;
  readonly exclusive?: readonly ExclusiveOptions[];
  readonly examples?: HelpParts['examples'];
  readonly notes?: HelpParts['notes'];
  /** Adds parts that only this command has. */
  more?(command: Command): void;
  /**
   * @param flags the given options, and the defaults of omitted options
   * @returns the exit code, unless it is 0
   */
  run(argument: Argument, flags: CommandOptionValues<Groups>, context: Context): Promise<number | void>;
}

/** Makes the module of a command from its definition. */
export function defineCommand<Argument, const Groups extends OptionGroups>(
  definition: Definition<Argument, Groups>,
): CommandModule {
  const { description, argument, options, exclusive = [], examples = [], notes = [] } = definition;
  const table = tableOf(options);
  const last = Object.keys(options).at(-1)!;
  return {
    define(command, context, takes) {
      command.description(description);
      if (argument !== undefined) command.argument(takes, argument);
      addGroups(command, { ...options, [last]: { ...options[last], ...commonOptions } });
      if (Object.hasOwn(table, 'kernels')) acceptRetired(command);
      definition.more?.(command);
      addParts(command, { examples, notes, topics: Object.hasOwn(table, 'device') ? ['devices'] : [] });
      command.action(async (given?: Argument) => {
        const flags = command.opts();
        refuseContradictions(table, exclusive, flags);
        const all = { ...columnOf(table, 'default'), ...flags } as CommandOptionValues<Groups>;
        context.exitCode = (await definition.run(given as Argument, all, context)) ?? 0;
      });
    },
  };
}
