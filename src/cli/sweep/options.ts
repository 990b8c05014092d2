// Options of `rnn train` in a sweep: those that all trials share, those that the search varies, and
// the command line of a trial. All that can be wrong with any trial is found here, before the first
// is trained.
import { type Command, Option } from 'commander';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { RnnError, errorAbout, usageError } from '../../errors.ts';
import type { SweepIdentity } from '../../runs/store.ts';
import type { Axis, Range, Setting, Trial } from '../../training/search.ts';
import type { TrainFlags } from '../../options/train.ts';
import { checkTogether, givenOptions, trainParser } from '../commands/train.ts';
import type { Context } from '../context.ts';
import { type Flag, flagsOf, suggestedKeys } from '../flags.ts';
import { count } from '../../count.ts';
import { textOfValue } from '../../options/words.ts';
import { shellWord } from '../../shell-word.ts';
import { gridOption, isListFor, isValueOf } from '../several-values.ts';
import { type Settled, settingsOfTrain } from '../settings.ts';
import { retiredOptions } from '../../options/retired.ts';
import { badValue } from '../../options/values.ts';
import { withoutOption } from '../retired.ts';

/** Options of `rnn train` that a sweep decides, and what to do instead. */
const decided: Readonly<Record<string, string>> = {
  out: 'give --out before --: each trial has a folder in it',
  resume: 'leave it out: each run goes on where it was',
  force: 'remove the folder of the sweep to begin anew, or give another --out',
  json: 'give it before --',
  quiet: 'give it before --',
  dryRun: 'rnn sweep --emit prints the command lines, to which --dry-run can be added with --resume left out',
  debug: 'give it before --',
  noColor: 'give --no-color before --',
};
/** They change nothing in the weights, and may change when a sweep continues. */
const ofThisMachine: readonly string[] = [
  'device',
  'threads',
  'kernels',
  'maxTimeMs',
  'acceptNewCorpus',
] satisfies (keyof TrainFlags)[];

/** The text, and the options that all trials share. */
export class SharedOptions {
  readonly sources: readonly string[];
  readonly flags: TrainFlags;
  /** The options, as the user wrote them. */
  readonly #words: readonly string[];
  /** The words after each option. */
  readonly #written = new Map<Flag, string[]>();
  readonly #command: Command;

  /**
   * @param words the text, and the words after `--` @throws Commander's errors, or a usage error
   * for options that trials cannot have
   */
  constructor(words: readonly string[]) {
    const command = trainParser().argument('<corpus...>');
    for (const flag of flagsOf(command))
      command.on(`option:${flag.name()}`, (value?: string) =>
        this.#written.set(flag, [...(this.#written.get(flag) ?? []), ...(value === undefined ? [] : [value])]),
      );
    command.parse(words, { from: 'user' });
    const first = words.findIndex((word) => word.startsWith('-') && word !== '-');
    this.sources = first < 0 ? words : words.slice(0, first);
    this.#words = words.slice(this.sources.length);
    this.#command = command;
    this.flags = command.opts<TrainFlags>();
    if (command.args.length > this.sources.length)
      throw usageError(`${command.args.at(-1)} stands after options of rnn train, and is none`, 'name texts before --');
    for (const flag of this.#written.keys()) refuseDecided(flag, `${flag.longName} after --`);
    if ([...this.sources, this.flags.validationFile, this.flags.testFile].some(isStandardInput))
      throw usageError(
        'standard input (-) can be read only once, and a sweep reads its text for each trial',
        'put the text into a file',
      );
  }

  /**
   * With what the environment and a file say about options of the trials, as if the user had
   * written it after `--`: so the sweep checks it, its folder remembers it, and `--emit` prints it.
   */
  async withSettings(axes: readonly Axis[], context: Context): Promise<SharedOptions> {
    const given = new Map<string, unknown>(Object.entries(this.flags));
    for (const { option } of axes) given.set(this.#flagOf(option)!.option, true);
    const settings = await settingsOfTrain(this.#command, given, this.flags.config, context);
    const words = ['config', ...retiredOptions].reduce(withoutOption, [...this.#words]);
    return new SharedOptions([...this.sources, ...words, ...settings.filter(isForTrials).flatMap(wordsOf)]);
  }

  get identity(): SweepIdentity {
    const options = [...this.#written]
      .filter(([flag]) => !ofThisMachine.includes(flag.option))
      .map(([flag, written]) => [flag.longName, { written, value: this.flags[flag.option as keyof TrainFlags] }]);
    return { sources: this.sources, options: Object.fromEntries(options) };
  }

  /** `hidden=128,256`. @throws RnnError `usage` */
  gridAxis(text: string): Axis<readonly string[]> {
    const { flag, values } = this.#split('--grid', text);
    return { option: flag.mainKey, values: listOf(flag, values) };
  }

  /** `lr=log:1e-4..1e-2`, `dropout=0..0.5`, `cell=lstm,gru`. @throws RnnError `usage` */
  sampleAxis(text: string): Axis {
    const { flag, values } = this.#split('--sample', text);
    return { option: flag.mainKey, values: rangeOf(flag, values) ?? listOf(flag, values) };
  }

  #split(by: string, text: string): { readonly flag: Flag; readonly values: string } {
    const at = text.indexOf('=');
    if (at < 1) throw badValue(by, text, 'an option of rnn train and its values, such as hidden=128,256');
    const key = text.slice(0, at).replace(/^--/, '');
    const flag = this.#flagOf(key);
    if (flag === undefined) {
      const [near] = suggestedKeys(flagsOf(this.#command), key);
      throw usageError(
        `${by} ${key}: rnn train has no option --${key}`,
        near === undefined ? 'rnn train --help lists its options' : `did you mean ${near}?`,
      );
    }
    refuseDecided(flag, `${by} ${key}`);
    if (this.flags[flag.option as keyof TrainFlags] !== undefined)
      throw usageError(`${flag.mainName} is given for all trials, and by ${by}`, 'leave one of them out');
    return { flag, values: text.slice(at + 1) };
  }

  /** The options that do nothing, each once. @throws RnnError `usage` for what no run can have */
  async notesOn(trials: readonly Trial[]): Promise<readonly string[]> {
    const { refuseImpossible } = await import('../../training/possible.ts');
    const times = new Map<string, number>();
    for (const { name, settings } of trials) {
      const varied = settings.map(({ option, value }) => {
        const flag = this.#flagOf(option)!;
        return [flag.option, valueOf(flag, value)] as const;
      });
      const flags: TrainFlags = { ...this.flags, ...Object.fromEntries(varied.filter(([, value]) => value !== false)) };
      try {
        checkTogether({ ...flags, resume: true });
        // The weights to start from have sizes of their own.
        if (flags.initFrom !== undefined) continue;
        for (const note of refuseImpossible(givenOptions(flags), { validates: flags.validationFraction !== 0 }))
          times.set(note, (times.get(note) ?? 0) + 1);
      } catch (error) {
        throw errorAbout(name, error);
      }
    }
    return [...times].map(([note, n]) =>
      n === trials.length ? note : `${note} (at ${count(n)} of ${count(trials.length)} trials)`,
    );
  }

  /** Whether an option of `rnn train` can have a value. */
  isValue({ option, value }: Setting): boolean {
    return isValueOf(this.#flagOf(option)!, value);
  }

  /** The words after `rnn` that train a trial. */
  commandOf({ settings }: Trial, folder: string): string[] {
    const words = settings.flatMap(({ option, value }) => {
      if (this.#flagOf(option)!.kind.name !== 'switch') return [`--${option}`, value];
      return [value === 'true' ? `--${option}` : `--no-${option}`];
    });
    return ['train', ...this.sources, ...this.#words, ...words, '--resume', '--out', folder];
  }

  #flagOf(option: string): Flag | undefined {
    return flagsOf(this.#command).find(({ key, negate }) => key === option && !negate);
  }
}

/**
 * Options of `rnn train` as hidden ones of `rnn sweep`: if a user gives one there, the error says
 * where it goes.
 */
export function refuseTrainFlags(command: Command): void {
  const known = new Set(flagsOf(command).map(({ key }) => key));
  for (const flag of flagsOf(trainParser())) {
    if (known.has(flag.key)) continue;
    command.addOption(new Option(flag.flags).hideHelp());
    command.on(`option:${flag.name()}`, (value?: string) => {
      const where =
        value !== undefined && isListFor(flag, value)
          ? `use ${gridOption(flag, value)}`
          : `it goes after --: rnn sweep <corpus...> … -- ${flag.longName}${value === undefined ? '' : ` ${shellWord(value)}`}`;
      throw usageError(`${flag.longName} is an option of rnn train`, decided[flag.option] ?? where);
    });
  }
}

/** Options of the machine that come from the environment reach each trial by its own. */
function isForTrials({ flag, source }: Settled): boolean {
  const name = flag.option;
  return name !== 'config' && !Object.hasOwn(decided, name) && !(source === 'env' && ofThisMachine.includes(name));
}

function wordsOf({ flag, value }: Settled): readonly string[] {
  if (typeof value === 'boolean') return [value ? flag.longName : `--no-${flag.key}`];
  // In one word each: a text may begin with a dash.
  return [value].flat().map((each) => `${flag.longName}=${textOfValue(flag.row, each)}`);
}

function refuseDecided(flag: Flag, what: string): void {
  const name = flag.option;
  if (Object.hasOwn(decided, name)) throw usageError(`${what} is not for the runs of a sweep`, decided[name]);
}

/**
 * Numbers and switches as the program writes them, so that 0.0050 and 5e-3 are one trial; a text as
 * it is, even 01.
 */
function listOf(flag: Flag, text: string): readonly string[] {
  const isNormalised = flag.kind.name === 'number' || flag.kind.name === 'switch';
  const values = text.split(',').map((value) => {
    const parsed = valueOf(flag, value);
    return isNormalised ? String(parsed) : value;
  });
  return [...new Set(values)];
}

/**
 * Null for a text that is not a range, or an option that is not a number. @throws RnnError `usage`
 * for ends that it cannot have
 */
function rangeOf(flag: Flag, text: string): Range | null {
  const [, log, ...ends] = /^(log:)?(.+?)\.\.(.+)$/.exec(text) ?? [];
  if (ends.length === 0 || flag.kind.name !== 'number') return null;
  const [low, high] = ends.map((end) => valueOf(flag, end) as number);
  if (low >= high) throw badValue(`--sample ${flag.key}`, text, 'a lower and a higher number, low..high');
  const logarithmic = log !== undefined;
  if (logarithmic && low <= 0)
    throw badValue(`--sample ${flag.key}`, text, 'numbers above 0, since it is drawn by its logarithm');
  return { low, high, logarithmic, whole: flag.kind.isWhole === true };
}

/** @throws RnnError `usage` for a value that the option cannot have */
const valueOf = ({ kind, longName }: Flag, value: string): unknown => {
  try {
    return kind.parse(longName, value);
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    throw usageError(error.message, error.hint ?? 'rnn train --help tells how to choose it');
  }
};
