// Options of `rnn train` in a sweep: shared options, varied options, and the command line of a
// trial. Errors in the options of any trial are found here, before the first trial starts. A trial
// finds errors that depend on the text or on the checkpoint of --init-from.
import { type Command, Option } from 'commander';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { RnnError, errorAbout, usageError } from '../../errors.ts';
import type { SweepIdentity } from '../../runs/store.ts';
import type { Axis, SearchRange, TrialSetting, Trial } from '../../training/search.ts';
import type { TrainFlags } from '../../options/train.ts';
import { refuseContradictoryFlags, givenOptions, trainParser } from '../commands/train.ts';
import type { Context } from '../context.ts';
import { type Flag, flagsOf, suggestedKeys } from '../flags.ts';
import { count } from '../../count.ts';
import { textOfValue } from '../../options/words.ts';
import { shellWord } from '../../shell-word.ts';
import { gridOption, isListFor, isValueOf } from '../several-values.ts';
import { type SettledSetting, settingsOfTrain } from '../settings.ts';
import { retiredOptions } from '../../options/retired.ts';
import { badValue } from '../../options/values.ts';
import { withoutOption } from '../retired.ts';

/** Options of `rnn train` that a sweep sets itself, each with a hint. */
const hintsForSweepOptions: Readonly<Record<string, string>> = {
  out: 'put --out before --: rnn sweep makes a folder in it for each trial',
  resume: 'omit it: each run resumes automatically',
  force: 'to start again, remove the folder of the sweep or choose another --out',
  json: 'put --json before --',
  quiet: 'put --quiet before --',
  dryRun: 'use rnn sweep --emit to print the command lines, and replace --resume by --dry-run in one of them',
  debug: 'put --debug before --',
  noColor: 'put --no-color before --',
};
/** Options of the output, which the whole sweep has. */
const ofOutput: readonly string[] = ['json', 'quiet', 'debug', 'noColor'];
/**
 * Options that can change when a sweep is resumed: where and how long each run is trained, and
 * whether a run may continue on a changed text.
 */
const changeableOptions: readonly string[] = [
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
  readonly #args: readonly string[];
  /** The values that the user gave for each option. */
  readonly #valuesByFlag = new Map<Flag, string[]>();
  readonly #command: Command;

  /**
   * @param words the text, and the words after `--`
   * @throws Commander's errors, or a usage error for options that trials cannot have
   */
  constructor(words: readonly string[]) {
    const command = trainParser().argument('<corpus...>');
    for (const flag of flagsOf(command))
      command.on(`option:${flag.name()}`, (value?: string) =>
        this.#valuesByFlag.set(flag, [
          ...(this.#valuesByFlag.get(flag) ?? []),
          ...(value === undefined ? [] : [value]),
        ]),
      );
    command.parse(words, { from: 'user' });
    const first = words.findIndex((word) => word.startsWith('-') && word !== '-');
    this.sources = first < 0 ? words : words.slice(0, first);
    this.#args = words.slice(this.sources.length);
    this.#command = command;
    this.flags = command.opts<TrainFlags>();
    if (command.args.length > this.sources.length)
      throw usageError(`cannot read ${command.args.at(-1)} as an option of rnn train`, 'name texts before --');
    for (const flag of this.#valuesByFlag.keys()) refuseSweepOption(flag, `${flag.longName} after --`);
    if ([...this.sources, this.flags.validationFile, this.flags.testFile].some(isStandardInput))
      throw usageError(
        'cannot read standard input (-) in a sweep: each trial reads the text again',
        'save the text to a file',
      );
  }

  /**
   * Adds options of the trials from the environment and a file, as if the user had written them
   * after `--`. So the sweep checks them, its folder stores them, and `--emit` prints them.
   */
  async withSettings(axes: readonly Axis[], context: Context): Promise<SharedOptions> {
    const given = new Map<string, unknown>(Object.entries(this.flags));
    for (const { option } of axes) given.set(this.#flagOf(option)!.option, true);
    const settings = await settingsOfTrain(this.#command, given, this.flags.config, context);
    const words = ['config', ...retiredOptions].reduce(withoutOption, [...this.#args]);
    return new SharedOptions([...this.sources, ...words, ...settings.filter(belongsOnCommandLine).flatMap(argsOf)]);
  }

  /** The texts and options that must not change when a sweep is resumed. */
  get identity(): SweepIdentity {
    const options = [...this.#valuesByFlag]
      .filter(([flag]) => !changeableOptions.includes(flag.option))
      .map(([flag, written]) => [flag.longName, { written, value: this.flags[flag.option as keyof TrainFlags] }]);
    return { sources: this.sources, options: Object.fromEntries(options) };
  }

  /** `hidden=128,256`. @throws RnnError `usage` */
  gridAxis(text: string): Axis<readonly string[]> {
    const { flag, values } = this.#split('--grid', text);
    return { option: flag.mainKey, values: listOf(flag, values) };
  }

  /** `learning-rate=log:1e-4..1e-2`, `dropout=0..0.5`, `cell=lstm,gru`. @throws RnnError `usage` */
  sampleAxis(text: string): Axis {
    const { flag, values } = this.#split('--sample', text);
    return { option: flag.mainKey, values: rangeOf(flag, values) ?? listOf(flag, values) };
  }

  #split(sweepFlag: string, text: string): { readonly flag: Flag; readonly values: string } {
    const at = text.indexOf('=');
    if (at < 1) throw badValue(sweepFlag, text, 'an option of rnn train and its values, such as hidden=128,256');
    const key = text.slice(0, at).replace(/^--/, '');
    const flag = this.#flagOf(key);
    if (flag === undefined) {
      const [near] = suggestedKeys(flagsOf(this.#command), key);
      throw usageError(
        `cannot use ${sweepFlag} ${key}: rnn train has no option --${key}`,
        near === undefined ? 'run rnn train --help to list its options' : `did you mean ${near}?`,
      );
    }
    refuseSweepOption(flag, `${sweepFlag} ${key}`);
    if (this.flags[flag.option as keyof TrainFlags] !== undefined)
      throw usageError(`cannot use ${flag.mainName} both after -- and in ${sweepFlag}`, 'omit one of them');
    return { flag, values: text.slice(at + 1) };
  }

  /**
   * Notes on options without effect, each once.
   *
   * @throws RnnError `usage` for options that no run can have
   */
  async notesOn(trials: readonly Trial[]): Promise<readonly string[]> {
    const { checkOptions } = await import('../../training/impossible-options.ts');
    const trialsByNote = new Map<string, number>();
    for (const { name, settings } of trials) {
      const varied = settings.map(({ option, value }) => {
        const flag = this.#flagOf(option)!;
        return [flag.option, valueOf(flag, value)] as const;
      });
      const flags: TrainFlags = { ...this.flags, ...Object.fromEntries(varied.filter(([, value]) => value !== false)) };
      try {
        refuseContradictoryFlags({ ...flags, resume: true });
        // The sizes come from the checkpoint of --init-from, which is not read here.
        if (flags.initFrom !== undefined) continue;
        for (const note of checkOptions(givenOptions(flags), { isValidated: flags.validationFraction !== 0 }))
          trialsByNote.set(note, (trialsByNote.get(note) ?? 0) + 1);
      } catch (error) {
        throw errorAbout(name, error);
      }
    }
    return [...trialsByNote].map(([note, n]) =>
      n === trials.length ? note : `${note} (in ${count(n)} of ${count(trials.length)} trials)`,
    );
  }

  /** Whether the value of a setting is valid for its option. */
  isValue({ option, value }: TrialSetting): boolean {
    return isValueOf(this.#flagOf(option)!, value);
  }

  /** The arguments of the `rnn` command that trains a trial. */
  commandOf({ settings }: Trial, folder: string): string[] {
    const words = settings.flatMap(({ option, value }) => {
      if (this.#flagOf(option)!.kind.name !== 'switch') return [`--${option}`, value];
      return [value === 'true' ? `--${option}` : `--no-${option}`];
    });
    return ['train', ...this.sources, ...this.#args, ...words, '--resume', '--out', folder];
  }

  #flagOf(option: string): Flag | undefined {
    return flagsOf(this.#command).find(({ key, negate }) => key === option && !negate);
  }
}

/**
 * Adds the options of `rnn train` to `rnn sweep` as hidden options. If a user gives one there, the
 * error says where to put it.
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
          : `put it after --: rnn sweep <corpus...> … -- ${flag.longName}${value === undefined ? '' : ` ${shellWord(value)}`}`;
      throw usageError(
        `cannot use ${flag.longName} here: it is an option of rnn train`,
        hintsForSweepOptions[flag.option] ?? where,
      );
    });
  }
}

/**
 * Whether to add an option to the command lines of the trials. Machine options in the environment
 * are left there, because each trial reads them itself.
 */
function belongsOnCommandLine({ flag, source }: SettledSetting): boolean {
  const name = flag.option;
  return (
    name !== 'config' &&
    !Object.hasOwn(hintsForSweepOptions, name) &&
    !(source === 'env' && changeableOptions.includes(name))
  );
}

function argsOf({ flag, value }: SettledSetting): readonly string[] {
  if (typeof value === 'boolean') return [value ? flag.longName : `--no-${flag.key}`];
  // Flag and value are joined with =, because a value can begin with a dash.
  return [value].flat().map((each) => `${flag.longName}=${textOfValue(flag.row, each)}`);
}

function refuseSweepOption(flag: Flag, written: string): void {
  const name = flag.option;
  if (!Object.hasOwn(hintsForSweepOptions, name)) return;
  const reason = ofOutput.includes(name) ? 'the whole sweep has one output' : 'rnn sweep sets it for each trial';
  throw usageError(`cannot use ${written}: ${reason}`, hintsForSweepOptions[name]);
}

/**
 * The values of a list. Numbers and switches are normalised, so that 0.0050 and 5e-3 are one trial.
 * Texts are unchanged, even 01.
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
 * Null for a text that is not a range, or an option that is not a number.
 *
 * @throws RnnError `usage` for ends that are not values of the option
 */
function rangeOf(flag: Flag, text: string): SearchRange | null {
  const [, log, ...ends] = /^(log:)?(.+?)\.\.(.+)$/.exec(text) ?? [];
  if (ends.length === 0 || flag.kind.name !== 'number') return null;
  const [low, high] = ends.map((end) => valueOf(flag, end) as number);
  if (low >= high) throw badValue(`--sample ${flag.key}`, text, 'a lower and a higher number, low..high');
  const logarithmic = log !== undefined;
  if (logarithmic && low <= 0)
    throw badValue(`--sample ${flag.key}`, text, 'numbers above 0, because the logarithm is sampled');
  return { low, high, logarithmic, whole: flag.kind.isWhole === true };
}

/** @throws RnnError `usage` for a value that the option cannot have */
const valueOf = ({ kind, longName }: Flag, value: string): unknown => {
  try {
    return kind.parse(longName, value);
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    throw usageError(error.message, error.hint ?? 'run rnn train --help to see how to choose a value');
  }
};
