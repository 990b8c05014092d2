// Where the options of a command come from: the command line, else the environment
// (RNN_LEARNING_RATE for --learning-rate), else a file. What is stronger is decided here; what is
// weaker than all of them (presets, the text, defaults) is decided by training/.
import type { Command } from 'commander';
import { usageError } from '../errors.ts';
import { evalOptions, sampleOptions } from '../options/commands.ts';
import { tableOf, variableOf } from '../options/option.ts';
import { trainOptions } from '../options/train.ts';
import { exclusive, excludedBy } from '../options/run.ts';
import { retiredVariables } from '../options/retired.ts';
import { badValue } from '../options/values.ts';
import { type Level, type Setting, fromFile, levelOf } from './config.ts';
import type { Context } from './context.ts';
import { mayBeCpu } from './devices.ts';
import { type Flag, flagsFor, flagsOf, suggestedKeys } from './flags.ts';
import type { Io } from './process/io.ts';
import { retiredWarning, warnOfRetired } from './retired.ts';

/** One that counts. */
export interface Settled extends Omit<Setting, 'value'> {
  readonly value: unknown;
}

/** Variables that are not options: of devices/cpu, devices/gpu and the tests. */
const otherVariables: ReadonlySet<string> = new Set([
  'RNN_KERNELS',
  ...retiredVariables,
  'RNN_GPU_PRODUCTS',
  'RNN_TEST',
  'RNN_SCREENSHOTS',
  'RNN_CHROMIUM',
]);
/** Whether its variable applies to every command that has the option. */
const isEverywhere = ({ row }: Flag): boolean => row.isEverywhere === true;

/** Keys of variables that apply wherever a device computes, whatever options the command has. */
const ofDevices: readonly string[] = ['kernels', 'gpu-products'];

/**
 * Adds what the environment, and for `rnn train` a file, say of options that were not given, and
 * remembers where each comes from.
 */
export async function settle(command: Command, context: Context): Promise<void> {
  const flags = flagsOf(command);
  const given = new Map<string, unknown>();
  for (const flag of flags) {
    const value: unknown = command.getOptionValue(flag.option);
    // Of a switch and its undoing, the one that was written.
    if (command.getOptionValueSource(flag.option) !== 'cli' || flag.negate === (value !== false)) continue;
    given.set(flag.option, value);
    context.origins.set(flag.mainName, flag.negate ? flag.longName : flag.mainName);
  }
  const { env } = context.io;
  // Before anything can be wrong with the others.
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
): Promise<readonly Settled[]> {
  if (command.name() === 'train')
    return settingsOfTrain(command, given, command.getOptionValue('config') as string | undefined, context);
  // A sweep's own options are none of train's, and train's go to each point by sweep/options.ts.
  if (command.name() === 'sweep') return [];
  warnOfRetired(command, context);
  const flags = flagsOf(command).filter(isEverywhere);
  warnOfMisspelt(command, flags, context);
  return strongest(given, [fromEnvironment(flags, context.io.env)]);
}

/**
 * What the environment and a file say of options of `rnn train`, as far as nothing stronger does.
 *
 * @param given options of the command line and their values, by name
 * @throws RnnError `usage` for what cannot be read, is not an option, or is not a value of one
 */
export async function settingsOfTrain(
  command: Command,
  given: ReadonlyMap<string, unknown>,
  config: string | undefined,
  context: Context,
): Promise<readonly Settled[]> {
  const {
    io: { env },
    stderr,
  } = context;
  warnOfRetired(command, context);
  const flags = flagsOf(command).filter(({ negate }) => !negate);
  warnOfMisspelt(command, flags, context);
  const environment = fromEnvironment(flags, env);
  const path = config ?? (env.RNN_CONFIG || undefined);
  const by = config === undefined ? 'RNN_CONFIG' : '--config';
  const file =
    path === undefined
      ? new Map<string, Setting>()
      : new Map(await fromFile(by, path, flags, (name) => stderr.warn(retiredWarning(name))));
  // A device reads it by itself, and only where no option says otherwise.
  if (env.RNN_KERNELS) file.delete('kernels');
  return strongest(given, [environment, file]);
}

/**
 * What the environment says of some options. An empty variable says nothing. RNN_KERNELS is left to
 * the device that reads it: it is a wish for wherever the cpu computes, and no error elsewhere.
 *
 * @throws RnnError `usage` for an option by two names
 */
export const fromEnvironment = (flags: readonly Flag[], environment: Io['env']): Level =>
  levelOf(
    flags.flatMap((flag): Setting[] => {
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
  if (texts.includes('')) throw badValue(name, text, 'texts between commas, none of them empty');
  return texts.reduce<unknown>((earlier, each) => kind.parse(name, each, earlier), undefined);
}

/** Every variable that this program reads. */
export function knownVariables(): ReadonlySet<string> {
  const everywhere = flagsFor({ ...tableOf(sampleOptions), ...tableOf(evalOptions) }).filter(isEverywhere);
  const options = [...flagsFor(trainOptions), ...everywhere];
  return new Set([...otherVariables, ...options.map(({ key }) => variableOf(key))]);
}

function warnOfMisspelt(command: Command, flags: readonly Flag[], { io, stderr }: Context): void {
  const others = flagsOf(command).some(({ option }) => option === 'device') ? ofDevices : [];
  for (const { name, meant } of misspelt(flags, others, io.env))
    stderr.warn(`${name} is no option of rnn ${command.name()}; did you mean ${meant}?`);
}

/**
 * Variables that look like a misspelt option, each with the one that was probably meant. Its first
 * letter is taken to be right: variables of other programs, such as RNN_HOME, are near to some
 * option as well.
 */
function misspelt(
  flags: readonly Flag[],
  others: readonly string[],
  environment: Io['env'],
): readonly { readonly name: string; readonly meant: string }[] {
  const known = knownVariables();
  const switches = flags.filter(({ kind }) => kind.name === 'switch');
  return Object.keys(environment)
    .filter((name) => name.startsWith('RNN_') && !known.has(name))
    .flatMap((name) => {
      const written = name.slice('RNN_'.length).toLowerCase();
      const undone = switches.find(({ key }) => variableOf(`no-${key}`) === name);
      if (undone !== undefined) return [{ name, meant: `${variableOf(undone.key)}=0` }];
      const [key = null] = suggestedKeys(flags, written, others);
      // Windows knows RNN_Hidden by this name, too.
      if (key === null || !key.startsWith(written.slice(0, 1)) || environment[variableOf(key)] !== undefined) return [];
      return [{ name, meant: variableOf(key) }];
    });
}

/**
 * What each level adds to the stronger ones: nothing where they have the option, or one that is a
 * choice with it, or a device that has no kernels to choose.
 *
 * @throws RnnError `usage` if a level has two that are one choice, or a value that cannot be
 */
function strongest(given: ReadonlyMap<string, unknown>, levels: readonly Level[]): readonly Settled[] {
  const taken = new Map(given);
  const isOn = (name: string): boolean => taken.has(name) && taken.get(name) !== false;
  return levels.flatMap((level) => {
    const isInVain = (name: string): boolean =>
      excludedBy(name).some(isOn) || (name === 'kernels' && !mayBeCpu(taken.get('device')));
    const added = [...level].filter(([name]) => !taken.has(name) && !isInVain(name));
    refuseExclusive(new Map(added));
    const settled = added.map(([, setting]) => ({ ...setting, value: setting.value() }));
    for (const { flag, value } of settled) taken.set(flag.option, value);
    return settled;
  });
}

function refuseExclusive(level: Level): void {
  for (const { options, hint } of exclusive) {
    const names = options.flatMap((option) => {
      const setting = level.get(option);
      return setting === undefined || setting.value() === false ? [] : [setting.name];
    });
    if (names.length > 1) throw usageError(`${names.join(' and ')} exclude each other`, hint);
  }
}
