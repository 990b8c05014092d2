// Makes Commander's options from rows of options. Knows nothing of the meaning of options.
import { type Command, Option as CommanderOption } from 'commander';
import { usageError } from '../errors.ts';
import type { Kind } from '../options/kind.ts';
import { type Option, type OptionGroups, type Options, defaultOf, keyOf } from '../options/option.ts';
import { suggestWords } from '../options/suggest.ts';

/** The placeholder of a value, such as `<n>`, unless the row of the option has another. */
const placeholders = { number: '<n>', duration: '<time>', choice: '<name>', text: '<text>', list: '<text>' } as const;

/** A flag of the command line, made from the row of an option. */
export class Flag extends CommanderOption {
  /** The name in code, in checkpoints and for Commander: `learningRate` for `--learning-rate`. */
  readonly option: string;
  readonly row: Option;
  /** The name without dashes, as in a configuration file. */
  readonly key: string;

  /** @param key the name of an alias, or `no-…`, which undoes a switch */
  constructor(option: string, row: Option, key = keyOf(option, row)) {
    const {
      kind,
      placeholder = kind.isWhole === false ? '<x>' : placeholders[kind.name as keyof typeof placeholders],
    } = row;
    super(`--${key}${kind.name === 'switch' ? '' : ` ${placeholder}`}`, withDefault(row.help, row));
    this.option = option;
    this.row = row;
    this.key = key;
    if (key !== this.mainKey) this.hideHelp();
    // `--no-prime` is a separate option, and does not undo `--prime <text>`.
    if (option.startsWith('no')) this.negate = false;
    if (kind.name !== 'switch') this.argParser((given, earlier) => kind.parse(this.longName, given, earlier));
  }

  /** The name with both dashes. */
  get longName(): string {
    return `--${this.key}`;
  }

  /** The first sentence of the description, for the short help and for completions. */
  get brief(): string {
    return withDefault(this.row.help.split('. ')[0], this.row);
  }

  get kind(): Kind {
    return this.row.kind;
  }

  /** The key that the help shows: `learning-rate` for the alias `lr`. */
  get mainKey(): string {
    return keyOf(this.option, this.row);
  }

  /** The main key with both dashes. */
  get mainName(): string {
    return `--${this.mainKey}`;
  }

  /** `folder` for `--out <folder>`, or null for a switch. */
  get placeholder(): string | null {
    return /<(.*)>/.exec(this.flags)?.[1] ?? null;
  }

  override attributeName(): string {
    return this.option;
  }
}

/** `Momentum of sgd [default: 0.9]` */
function withDefault(text: string, row: Option): string {
  const defaultText = shownDefaultOf(row);
  return defaultText === '' ? text : `${text} [default: ${defaultText}]`;
}

/** The default of an option as the help shows it, or empty if it is not shown. */
export function shownDefaultOf(row: Option): string {
  const value = row.defaultInWords ?? defaultOf(row);
  // The help of `no-…` says how to turn the option off.
  if (value === true) return row.key?.startsWith('no-') ? '' : 'on';
  return typeof value === 'number' || typeof value === 'string' ? String(value) : '';
}

/** `batchSize` for `batch-size`. */
export const camelCase = (key: string): string => key.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** The flags of a table of options, with hidden flags for aliases. */
export const flagsFor = (options: Options): Flag[] =>
  Object.entries(options).flatMap(([name, row]) => [
    new Flag(name, row),
    ...(row.aliases ?? []).map((alias) => new Flag(name, row, alias)),
  ]);

/** Adds options under headings of the help. */
export function addGroups(command: Command, groups: OptionGroups): void {
  for (const [heading, options] of Object.entries(groups))
    for (const flag of flagsFor(options)) command.addOption(flag.helpGroup(heading));
}

/**
 * Adds `--no-tied` for `--tied`, which undoes it in a file, the environment or an earlier run. The
 * help does not show it.
 */
export function addNegatedSwitches(command: Command, options: Options): void {
  for (const [name, row] of Object.entries(options))
    if (row.kind.name === 'switch' && row.isExcludedFromConfig === undefined)
      for (const key of [keyOf(name, row), ...(row.aliases ?? [])]) command.addOption(new Flag(name, row, `no-${key}`));
}

/** Makes it an error to give an option with a single value twice, because either could be meant. */
export function refuseRepeats(command: Command): void {
  const given = new Map<string, string>();
  for (const flag of flagsOf(command)) {
    if (flag.kind.name === 'switch' || flag.kind.name === 'list') continue;
    command.on(`option:${flag.name()}`, (value: string) => {
      const first = given.get(flag.option);
      if (first !== undefined)
        throw usageError(`cannot use ${flag.longName} twice: it is ${first} and ${value}`, `use ${flag.longName} once`);
      given.set(flag.option, value);
    });
  }
}

/** The options of a command that are rows of a table. */
export const flagsOf = (command: Command): Flag[] => command.options.filter((option) => option instanceof Flag);

/**
 * The keys that a user probably meant by a word: keys that the help shows, else the main keys of
 * hidden flags.
 *
 * @param others other possible meanings, such as the argument of the command
 */
export function suggestedKeys(
  options: readonly CommanderOption[],
  word: string,
  others: readonly string[] = [],
): string[] {
  const visibleKeys = options.filter(({ hidden }) => !hidden).map(keyIn);
  const suggestions = suggestWords(word, [...visibleKeys, ...others]);
  if (suggestions.length > 0) return suggestions;
  const main = new Map(
    options.map((option) => [keyIn(option), option instanceof Flag && !option.negate ? option.mainKey : keyIn(option)]),
  );
  return [...new Set(suggestWords(word, [...main.keys()]).map((key) => main.get(key)!))];
}

const keyIn = ({ long }: CommanderOption): string => long!.slice(2);
