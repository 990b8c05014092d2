// The words of `rnn sweep` that are about options of `rnn train`: which there are, what each may be, and the command line of a point. All
// that can be wrong with any point is found here, before the first is trained.
import { Command, Option } from 'commander';
import type { SweepIdentity } from '../runs/store.ts';
import { isStandardInput } from '../corpus/standard-input.ts';
import { RnnError } from '../errors.ts';
import type { Axis, Distribution, Point } from '../training/search.ts';
import { addTrainFlags, checkTogether, type TrainFlags } from './commands/train-flags.ts';
import { Flag, refuseRepeats } from './flags.ts';
import { shellWord } from './format.ts';
import { suggestion } from './settings.ts';
import { gridOption, isListFor } from './several-values.ts';
import { badValue } from '../options/values.ts';

/** Options of `rnn train` that a sweep decides on, and what to do instead. */
export const own: Readonly<Record<string, string>> = {
  out: 'give --out before --: each trial has a folder in it',
  resume: 'leave it out: each run goes on where it was',
  force: 'remove the folder of the sweep to begin anew, or give another --out',
  json: 'give it before --',
  quiet: 'give it before --',
  dryRun: 'rnn sweep --emit prints the command lines, to which --dry-run can be added with --resume left out',
  debug: 'give it before --',
  noColor: 'give --no-color before --',
};
/** They change nothing in what is learnt, and may be others when a sweep goes on. */
export const ofThisMachine: readonly (keyof TrainFlags)[] = ['device', 'threads', 'blas', 'maxTimeMs', 'acceptNewCorpus'];

const number = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const decimal = new RegExp(`^${number}$`, 'i');
const range = new RegExp(`^(log:)?(${number})\\.\\.(${number})$`, 'i');

/** What holds for all points: the text, and the options after `--`. */
export class Fixed {
  readonly sources: readonly string[];
  readonly flags: TrainFlags;
  /** The options as they were written. */
  readonly words: readonly string[];
  readonly #options: readonly Option[];
  readonly #written = new Map<Option, string[]>();

  /** @param words the text, and what followed `--` @throws Commander's errors, or a usage error for options that are not for all points */
  constructor(words: readonly string[]) {
    const command = parsed(words, (option, value) =>
      this.#written.set(option, [...(this.#written.get(option) ?? []), ...(value === undefined ? [] : [value])]),
    );
    const first = words.findIndex((word) => word.startsWith('-') && word !== '-');
    this.sources = first < 0 ? words : words.slice(0, first);
    this.words = words.slice(this.sources.length);
    this.#options = command.options;
    if (command.args.length > this.sources.length) {
      throw new RnnError('usage', `${command.args.at(-1)} stands after options of rnn train, and is none`, {
        hint: 'name texts before --',
      });
    }
    const given = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
    for (const option of given) {
      const name = option.attributeName();
      if (Object.hasOwn(own, name))
        throw new RnnError('usage', `${option.long} after -- is not for the runs of a sweep`, { hint: own[name] });
    }
    this.flags = Object.fromEntries(
      given.map((option) => [option.attributeName(), command.getOptionValue(option.attributeName()) as unknown]),
    );
    if ([...this.sources, this.flags.validationFile, this.flags.testFile].some(isStandardInput)) {
      throw new RnnError('usage', 'standard input (-) can be read only once, and a sweep reads its text for each trial', {
        hint: 'put the text into a file',
      });
    }
  }

  /** What makes the sweep another one where it changes. */
  get identity(): SweepIdentity {
    const given = [...this.#written].map(([option, written]) => ({ option, name: option.attributeName() as keyof TrainFlags, written }));
    const options = given
      .filter(({ name }) => !ofThisMachine.includes(name))
      .map(({ option, name, written }) => [option.long!, { written, value: this.flags[name] }] as const);
    return { sources: this.sources, options: Object.fromEntries(options) };
  }

  /** `hidden=128,256`. @throws RnnError `usage` */
  gridAxis(text: string): Axis<readonly string[]> {
    const { option, values } = this.#split('--grid', text);
    return { option: nameOf(option), values: listOf(option, values) };
  }

  /** `lr=log:1e-4..1e-2`, `dropout=0..0.5`, `cell=lstm,gru`. @throws RnnError `usage` */
  sampleAxis(text: string): Axis<Distribution> {
    const { option, values } = this.#split('--sample', text);
    const [, logarithmic, ...ends] = range.exec(values) ?? [];
    if (ends.length === 0 || typeof valueOf(option, ends[0]) !== 'number')
      return { option: nameOf(option), values: { kind: 'choice', values: listOf(option, values) } };
    const [low, high] = ends.map(Number);
    for (const end of ends) valueOf(option, end);
    if (low >= high) throw badValue(`--sample ${nameOf(option)}`, values, 'a lower and a higher number, low..high');
    if (logarithmic !== undefined && low <= 0)
      throw badValue(`--sample ${nameOf(option)}`, values, 'numbers above 0, since it is drawn by its logarithm');
    return {
      option: nameOf(option),
      values: { kind: 'range', low, high, logarithmic: logarithmic !== undefined, whole: isWhole(option, low, high) },
    };
  }

  #split(flag: string, text: string): { readonly option: Option; readonly values: string } {
    const at = text.indexOf('=');
    if (at < 1) throw badValue(flag, text, 'an option of rnn train and its values, such as hidden=128,256');
    const name = text.slice(0, at).replace(/^--/, '');
    const option = this.#options.find(({ long, negate }) => long === `--${name}` && !negate);
    if (option === undefined) {
      const near = suggestion(
        this.#options.filter((each) => each instanceof Flag),
        name,
      );
      throw new RnnError('usage', `${flag} ${name}: rnn train has no option --${name}`, {
        hint: near === null ? 'rnn train --help lists its options' : `did you mean ${near}?`,
      });
    }
    const attribute = option.attributeName();
    if (Object.hasOwn(own, attribute))
      throw new RnnError('usage', `${flag} ${name} is not for the runs of a sweep`, { hint: own[attribute] });
    if (this.flags[attribute as keyof TrainFlags] !== undefined)
      throw new RnnError('usage', `--${name} is given for all trials, and by ${flag}`, { hint: 'leave one of them out' });
    return { option, values: text.slice(at + 1) };
  }

  /** All options of a point. @throws RnnError `usage` if some contradict each other */
  flagsOf({ name, settings }: Point): TrainFlags {
    const pairs = settings.map(({ option, value }) => {
      const found = this.#optionNamed(option);
      return [found.attributeName(), valueOf(found, value)] as const;
    });
    const flags = { ...this.flags, ...Object.fromEntries(pairs.filter(([, value]) => value !== false)) };
    return about(name, () => {
      checkTogether({ ...flags, resume: true });
      return flags;
    });
  }

  /** Whether an option of `rnn train` can have a value. */
  isValue(name: string, value: string): boolean {
    try {
      valueOf(this.#optionNamed(name), value);
      return true;
    } catch {
      return false;
    }
  }

  #optionNamed(name: string): Option {
    return this.#options.find(({ long }) => long === `--${name}`)!;
  }

  /** The words after `rnn` that train a point. */
  commandOf({ settings }: Point, folder: string): string[] {
    const words = settings.flatMap(({ option, value }) => {
      if (isSwitch(this.#optionNamed(option))) return [value === 'true' ? `--${option}` : `--no-${option}`];
      return [`--${option}`, value];
    });
    return ['train', ...this.sources, ...this.words, ...words, '--resume', '--out', folder];
  }
}

/** Options of `rnn train` as hidden ones of a command that has others: whoever gives one there is told where it goes. */
export function refuseTrainFlags(command: Command): void {
  const train = new Command('train');
  addTrainFlags(train);
  const known = new Set(command.options.map(({ long }) => long));
  for (const option of train.options.filter(({ long }) => !known.has(long))) {
    command.addOption(new Option(option.flags).hideHelp());
    command.on(`option:${option.name()}`, (value?: string) => {
      const isList = option instanceof Flag && value !== undefined && isListFor(option, value);
      const otherwise = isList
        ? `use ${gridOption(option, value)}`
        : `it goes after --: rnn sweep <corpus...> … -- ${option.long}${value === undefined ? '' : ` ${shellWord(value)}`}`;
      throw new RnnError('usage', `${option.long} is an option of rnn train`, { hint: own[option.attributeName()] ?? otherwise });
    });
  }
}

/** Names the point in an error that is about it. */
export function about<Result>(name: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof RnnError ? new RnnError(error.kind, `${name}: ${error.message}`, { hint: error.hint, cause: error }) : error;
  }
}

/** @param see is called with what is written after each option */
function parsed(words: readonly string[], see: (option: Option, value: string | undefined) => void = () => {}): Command {
  const command = new Command('train')
    .argument('<corpus...>')
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .helpOption(false);
  addTrainFlags(command);
  refuseRepeats(command);
  for (const option of command.options) command.on(`option:${option.name()}`, (value?: string) => see(option, value));
  return command.parse(words, { from: 'user' });
}

const nameOf = ({ long }: Option): string => long!.slice(2);
const isSwitch = ({ required, optional }: Option): boolean => !required && !optional;

/** Numbers as the program writes them, so that 0.0050 and 5e-3 are one point; a text is what was written, be it 01. */
function listOf(option: Option, text: string): readonly string[] {
  return [
    ...new Set(
      text.split(',').map((value) => (typeof valueOf(option, value) === 'number' && decimal.test(value) ? String(Number(value)) : value)),
    ),
  ];
}

/** @throws RnnError `usage` for what the option may not be */
function valueOf(option: Option, value: string): unknown {
  if (!isSwitch(option)) return option.parseArg!(value, undefined as never);
  if (value !== 'true' && value !== 'false') throw badValue(option.long!, value, 'true or false');
  return value === 'true';
}

function isWhole(option: Option, low: number, high: number): boolean {
  if (!Number.isInteger(low) || !Number.isInteger(high)) return false;
  try {
    valueOf(option, String(low + 0.5));
    return false;
  } catch {
    return true;
  }
}
