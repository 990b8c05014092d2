// The options of a command, from the command line, else the environment (RNN_LEARNING_RATE for
// --learning-rate), else a file. This file decides between these sources. training/ decides between
// the weaker sources: presets, the text and defaults.
import type { Command } from 'commander';
import { usageError } from '../errors.ts';
import { sampleOptions } from '../options/sampling.ts';
import { serveOptions } from '../options/serve.ts';
import { evalOptions } from '../options/trained.ts';
import { commonOptions } from '../options/common.ts';
import { tableOf, variableOf } from '../options/option.ts';
import { trainOptions } from '../options/train.ts';
import { exclusive, excludedBy } from '../options/run.ts';
import { retiredVariables } from '../options/retired.ts';
import { badValue } from '../options/values.ts';
import { type Level, type FlagSetting, fromFile, levelOf } from './config.ts';
import type { Context } from './context.ts';
import { mayBeCpu } from './devices.ts';
import { type Flag, flagsFor, flagsOf, suggestedKeys } from './flags.ts';
import type { Io } from './process/io.ts';
import { retiredWarning, warnOfRetired } from './retired.ts';

/** A setting that takes effect, with its value. */
export interface SettledSetting extends Omit<FlagSetting, 'value'> {
  readonly value: unknown;
}

/** Variables of devices/cpu and the tests, which are not options. */
const otherVariables: ReadonlySet<string> = new Set([
  'RNN_KERNELS',
  ...retiredVariables,
  'RNN_TEST',
  'RNN_SCREENSHOTS',
  'RNN_CHROMIUM',
]);
/** Whether the variable of an option applies to every command with the option. */
const variableAppliesToAllCommands = ({ row }: Flag): boolean => row.variableAppliesToAllCommands === true;

/** Keys of variables that apply to every command that uses a device, whatever options it has. */
const ofDevices: readonly string[] = ['kernels'];

/**
 * Adds options from the environment, and for `rnn train` from a file, that the command line does
 * not have, and stores the origin of each option.
 */
export async function settleOptions(command: Command, context: Context): Promise<void> {
  const flags = flagsOf(command);
  const given = new Map<string, unknown>();
  for (const flag of flags) {
    const value: unknown = command.getOptionValue(flag.option);
    // Of a switch and its `--no-…`, take the flag that was written.
    if (command.getOptionValueSource(flag.option) !== 'cli' || flag.negate === (value !== false)) continue;
    given.set(flag.option, value);
    context.origins.set(flag.mainName, flag.negate ? flag.longName : flag.mainName);
  }
  const { env } = context.io;
  // These are read first, because they decide how an error in another option is printed.
  const said = fromEnvironment(
    flags.filter(({ key }) => key === 'debug' || (key === 'json' && command.name() === 'train')),
    env,
  );
  context.wantsDebug ||= said.get('debug')?.value() === true;
  context.wantsJson = given.has('json') ? given.get('json') === true : said.get('json')?.value() === true;
  for (const { flag, origin, source, value } of await settingsFor(command, given, context)) {
    command.setOptionValueWithSource(flag.option, value, source);
    context.origins.set(flag.mainName, origin);
  }
  context.wantsJson ||= command.getOptionValue('json') === true;
  const [argument] = command.registeredArguments;
  const [checkpoint = []] = command.processedArgs as (string | string[] | undefined)[];
  if (argument?.name() === 'checkpoint' && env.RNN_CHECKPOINT && checkpoint.length === 0) {
    command.processedArgs[0] = argument.variadic ? [env.RNN_CHECKPOINT] : env.RNN_CHECKPOINT;
    context.origins.set('--checkpoint', 'RNN_CHECKPOINT');
  }
}

async function settingsFor(
  command: Command,
  given: ReadonlyMap<string, unknown>,
  context: Context,
): Promise<readonly SettledSetting[]> {
  if (command.name() === 'train')
    return settingsOfTrain(command, given, command.getOptionValue('config') as string | undefined, context);
  // The options of a sweep have no variables, and sweep/options.ts passes options of train to
  // trials.
  if (command.name() === 'sweep') return [];
  warnOfRetired(command, context);
  const flags = flagsOf(command).filter(variableAppliesToAllCommands);
  warnOfMisspelt(command, flags, context);
  return mergeByPriority(given, [fromEnvironment(flags, context.io.env)]);
}

/**
 * The options of `rnn train` from the environment and a file that no stronger source has.
 *
 * @param given options of the command line and their values, by name
 * @throws RnnError `usage` for a file that cannot be read, an unknown option, or an invalid value
 */
export async function settingsOfTrain(
  command: Command,
  given: ReadonlyMap<string, unknown>,
  config: string | undefined,
  context: Context,
): Promise<readonly SettledSetting[]> {
  const {
    io: { env },
    stderr,
  } = context;
  warnOfRetired(command, context);
  const flags = flagsOf(command).filter(({ negate }) => !negate);
  warnOfMisspelt(command, flags, context);
  const environment = fromEnvironment(flags, env);
  const path = config ?? (env.RNN_CONFIG || undefined);
  const configOrigin = config === undefined ? 'RNN_CONFIG' : '--config';
  const file =
    path === undefined
      ? new Map<string, FlagSetting>()
      : new Map(await fromFile(configOrigin, path, flags, (name) => stderr.warn(retiredWarning(name))));
  // The device reads RNN_KERNELS itself, but only without an option, and RNN_KERNELS is stronger
  // than the file.
  if (env.RNN_KERNELS) file.delete('kernels');
  return mergeByPriority(given, [environment, file]);
}

/**
 * The settings of some options from the environment. Empty variables are ignored. RNN_KERNELS is
 * left to the cpu device, because it is a preference for the cpu and not an error with other
 * devices.
 *
 * @throws RnnError `usage` for an option under two names
 */
export const fromEnvironment = (flags: readonly Flag[], environment: Io['env']): Level =>
  levelOf(
    flags.flatMap((flag): FlagSetting[] => {
      const name = variableOf(flag.key);
      const text = environment[name];
      if (text === undefined || text === '' || otherVariables.has(name)) return [];
      return [{ flag, name, origin: name, source: 'env', value: () => valueOf(flag, name, text) }];
    }),
  );

function valueOf({ kind }: Flag, name: string, text: string): unknown {
  if (kind.name !== 'list') return kind.parse(name, text);
  // Between braces, a comma is part of a glob.
  const texts = text.split(/,(?![^{]*\})/).map((each) => each.trim());
  if (texts.includes('')) throw badValue(name, text, 'texts between commas, without empty texts');
  return texts.reduce<unknown>((earlier, each) => kind.parse(name, each, earlier), undefined);
}

/** The options whose variables apply to every command. RNN_KERNELS does, because the cpu reads it. */
export const flagsEverywhere = (): Flag[] =>
  flagsFor({ ...tableOf(sampleOptions), ...tableOf(serveOptions), ...tableOf(evalOptions), ...commonOptions }).filter(
    (flag) => variableAppliesToAllCommands(flag) || flag.key === 'kernels',
  );

/** Every variable that this program reads. */
export function knownVariables(): ReadonlySet<string> {
  const options = [...flagsFor(trainOptions), ...flagsEverywhere()];
  return new Set([...otherVariables, ...options.map(({ key }) => variableOf(key))]);
}

function warnOfMisspelt(command: Command, flags: readonly Flag[], { io, stderr }: Context): void {
  const deviceVariables = flagsOf(command).some(({ option }) => option === 'device') ? ofDevices : [];
  for (const { name, suggestion } of misspelt(flags, deviceVariables, io.env))
    stderr.warn(`${name} is not an option of rnn ${command.name()}. Did you mean ${suggestion}?`);
}

/**
 * Variables that look like a misspelt option, each with the variable that was probably meant. The
 * first letter must match, because variables of other programs, such as RNN_HOME, are also similar
 * to an option.
 */
function misspelt(
  flags: readonly Flag[],
  others: readonly string[],
  environment: Io['env'],
): readonly { readonly name: string; readonly suggestion: string }[] {
  const known = knownVariables();
  const switches = flags.filter(({ kind }) => kind.name === 'switch');
  return Object.keys(environment)
    .filter((name) => name.startsWith('RNN_') && !known.has(name))
    .flatMap((name) => {
      const typedKey = name.slice('RNN_'.length).toLowerCase();
      const negatedSwitch = switches.find(({ key }) => variableOf(`no-${key}`) === name);
      if (negatedSwitch !== undefined) return [{ name, suggestion: `${variableOf(negatedSwitch.key)}=0` }];
      const [key = null] = suggestedKeys(flags, typedKey, others);
      // On Windows, RNN_Hidden and RNN_HIDDEN are the same variable.
      if (key === null || !key.startsWith(typedKey.slice(0, 1)) || environment[variableOf(key)] !== undefined)
        return [];
      return [{ name, suggestion: variableOf(key) }];
    });
}

/**
 * The settings that each level adds to stronger levels. A setting is dropped if a stronger level
 * has the option, or an option that excludes it, or, for kernels, a device other than the cpu.
 *
 * @throws RnnError `usage` if a level has two options that exclude each other, or an invalid value
 */
function mergeByPriority(given: ReadonlyMap<string, unknown>, levels: readonly Level[]): readonly SettledSetting[] {
  const settings = new Map(given);
  const isOn = (name: string): boolean => settings.has(name) && settings.get(name) !== false;
  return levels.flatMap((level) => {
    const hasNoEffect = (name: string): boolean =>
      excludedBy(name).some(isOn) || (name === 'kernels' && !mayBeCpu(settings.get('device')));
    const added = [...level].filter(([name]) => !settings.has(name) && !hasNoEffect(name));
    refuseExclusive(new Map(added));
    const settled = added.map(([, setting]) => ({ ...setting, value: setting.value() }));
    for (const { flag, value } of settled) settings.set(flag.option, value);
    return settled;
  });
}

function refuseExclusive(level: Level): void {
  for (const { options, hint } of exclusive) {
    const names = options.flatMap((option) => {
      const setting = level.get(option);
      return setting === undefined || setting.value() === false ? [] : [setting.name];
    });
    if (names.length > 1) throw usageError(`cannot use ${names.join(' and ')} together`, hint);
  }
}
