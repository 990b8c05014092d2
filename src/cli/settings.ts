// Where the options of a command come from: the command line, else the environment, else a file. What is stronger is
// decided here; what is weaker than all of them (presets, the text, defaults) is decided by training/.
import { Command, CommanderError } from 'commander';
import { RnnError } from '../errors.ts';
import { namesMeant } from '../synonyms.ts';
import { fromFile } from './config.ts';
import type { Context } from './context.ts';
import { mayHaveBlas } from './devices.ts';
import { everywhere, fromEnvironment, misspelt } from './environment.ts';
import { type Flag, flagsOf } from './flags.ts';
import { rivals, rivalsOf } from './rivals.ts';
import { BadValue, badValue } from './values.ts';

/** An option that something other than the command line gives. */
export interface Setting {
  readonly flag: Flag;
  /** How errors call it: `RNN_HIDDEN`, `rnn.json:3: hidden`. */
  readonly name: string;
  /** `RNN_HIDDEN`, `rnn.json`. */
  readonly origin: string;
  /** By Commander's names. */
  readonly source: 'env' | 'config';
  /** As the command line would have it: a text for each time that it is given; whether a switch is on. */
  readonly texts: readonly string[] | boolean;
}

/** One that counts, with its value as the command line would have parsed it. */
export interface Settled extends Setting {
  readonly value: unknown;
}

/** By the option's name in the program, such as `seqLength`. */
export type Level = ReadonlyMap<string, Setting>;

/**
 * Adds what the environment, and for `rnn train` a file, say of options that were not given, and remembers where
 * each comes from.
 */
export async function settle(command: Command, context: Context): Promise<void> {
  const flags = flagsOf(command);
  const given = new Map<string, unknown>();
  for (const flag of flags) {
    const name = flag.attributeName();
    const value: unknown = command.getOptionValue(name);
    // Of a switch and its undoing, the one that was written.
    if (command.getOptionValueSource(name) !== 'cli' || flag.negate === (value !== false)) continue;
    given.set(name, value);
    context.origins.set(name, flag.longName);
  }
  const { env } = context.io;
  // Before anything can be wrong with the others.
  const said = fromEnvironment(
    flags.filter(({ key }) => key === 'debug' || (key === 'json' && command.name() === 'train')),
    env,
  );
  context.wantsDebug ||= said.get('debug')?.texts === true;
  context.wantsJson = given.has('json') ? given.get('json') === true : said.get('json')?.texts === true;
  const settings = await settingsFor(command, given, context);
  for (const { flag, origin, source, value } of settings) {
    const attribute = flag.attributeName();
    command.setOptionValueWithSource(attribute, value, source);
    context.origins.set(attribute, origin);
  }
  context.wantsJson ||= command.getOptionValue('json') === true;
  const checkpoint = command.registeredArguments.findIndex((argument) => argument.name() === 'checkpoint');
  if (checkpoint >= 0 && env.RNN_CHECKPOINT && [command.processedArgs[checkpoint] ?? []].flat().length === 0) {
    command.processedArgs[checkpoint] = command.registeredArguments[checkpoint].variadic ? [env.RNN_CHECKPOINT] : env.RNN_CHECKPOINT;
    context.origins.set('checkpoint', 'RNN_CHECKPOINT');
  }
}

async function settingsFor(command: Command, given: ReadonlyMap<string, unknown>, context: Context): Promise<readonly Settled[]> {
  const { env } = context.io;
  if (command.name() === 'train') return settingsOfTrain(command, given, command.getOptionValue('config') as string | undefined, context);
  // A sweep's own options are none of train's, and train's go to each point by sweep/options.ts.
  if (command.name() === 'sweep') return [];
  const level = fromEnvironment(
    flagsOf(command).filter(({ key, takes }) => everywhere.includes(key) && takes.kind !== 'list'),
    env,
  );
  return strongest(given, [level]);
}

/**
 * What the environment and a file say of options of `rnn train`, as far as nothing stronger does.
 *
 * @param given options of the command line and their values, by their names in the program
 * @throws RnnError `usage` for what cannot be read, is no option, or is no value of one
 */
export async function settingsOfTrain(
  command: Command,
  given: ReadonlyMap<string, unknown>,
  config: string | undefined,
  { io: { env }, stderr }: Context,
): Promise<readonly Settled[]> {
  const flags = flagsOf(command).filter(({ negate }) => !negate);
  const suggest = (key: string): string | null => suggestion(flags, key);
  for (const { name, meant } of misspelt(flags, env, suggest))
    stderr.line(stderr.colour.yellow(`warning: ${name} is no option of rnn train; did you mean ${meant}?`));
  const environment = fromEnvironment(flags, env);
  const path = config ?? (env.RNN_CONFIG || undefined);
  const by = config === undefined ? 'RNN_CONFIG' : '--config';
  const file = path === undefined ? new Map<string, Setting>() : new Map(await fromFile(by, path, flags, suggest));
  // A device reads it by itself, and only where no option says otherwise.
  if (env.RNN_BLAS) file.delete('blas');
  const settled = strongest(given, [environment, file]);
  const { optionRules } = await import('../training/option-rules.ts');
  for (const { flag, name, value } of settled) {
    const rule = Object.values(optionRules).find((each) => each.flag === flag.longName);
    if (rule !== undefined && !rule.holds(value)) throw badValue(name, String(value), rule.expected);
  }
  return settled;
}

/**
 * What each level adds to the stronger ones: nothing where they have the option, or one that is a choice with it,
 * or a device that has no BLAS.
 *
 * @throws RnnError `usage` if a level has two that are one choice, or a value that cannot be
 */
function strongest(given: ReadonlyMap<string, unknown>, levels: readonly Level[]): readonly Settled[] {
  const taken = new Map(given);
  const isOn = (name: string): boolean => taken.has(name) && taken.get(name) !== false;
  return levels.flatMap((level) => {
    const isInVain = (name: string): boolean => rivalsOf(name).some(isOn) || (name === 'blas' && !mayHaveBlas(taken.get('device')));
    const added = [...level].filter(([name]) => !taken.has(name) && !isInVain(name));
    refuseRivals(new Map(added));
    const settled = added.map(([, setting]) => ({ ...setting, value: valueOf(setting) }));
    for (const { flag, value } of settled) taken.set(flag.attributeName(), value);
    return settled;
  });
}

function refuseRivals(level: Level): void {
  for (const { options, hint } of rivals) {
    const names = (options as readonly string[]).flatMap((option) => {
      const setting = level.get(option);
      return setting === undefined || setting.texts === false ? [] : [setting.name];
    });
    if (names.length > 1) throw new RnnError('usage', `${names.join(' and ')} exclude each other`, { hint });
  }
}

/** @throws RnnError `usage`, with the name of the variable or the member in the place of the flag */
function valueOf({ flag, name, texts }: Setting): unknown {
  if (typeof texts === 'boolean') return texts;
  try {
    return texts.reduce<unknown>(
      (earlier, text) => (flag.parseArg === undefined ? text : flag.parseArg(text, earlier as never)),
      undefined,
    );
  } catch (error) {
    throw error instanceof BadValue ? error.calledBy(name) : error;
  }
}

/** The option that means the same as a name (`seqLength`, `rnn_size`), or is nearest to it by Commander's measure, without dashes; else null. */
export function suggestion(flags: readonly Flag[], name: string): string | null {
  const [meant] = namesMeant(
    name,
    flags.map(({ key }) => key),
  );
  if (meant !== undefined) return meant;
  const key = name.replace(/(?<=[a-z])(?=[A-Z])|[ _]/g, '-').toLowerCase();
  const command = new Command()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .helpOption(false);
  for (const flag of flags) command.option(flag.flags);
  try {
    command.parse([`--${key}`], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return /\(Did you mean (?:one of )?--([\w-]+)/.exec(error.message)?.[1] ?? null;
    throw error;
  }
  return null;
}
