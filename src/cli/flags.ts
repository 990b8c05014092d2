// Commander's options from rows of options, and what a command's help has besides them. Knows
// nothing of what the options mean.
import { type Command, Option as CommanderOption } from 'commander';
import { usageError } from '../errors.ts';
import type { Kind } from '../options/kind.ts';
import { type Option, type OptionGroups, type Options, defaultOf, keyOf } from '../options/option.ts';
import { suggestions } from '../options/suggest.ts';

/** `<n>` of a value, unless its row says otherwise. */
const placeholders = { number: '<n>', duration: '<time>', choice: '<name>', text: '<text>', list: '<text>' } as const;

export class Flag extends CommanderOption {
  /** In code, in checkpoints and for Commander: `learningRate` of `--learning-rate`. */
  readonly option: string;
  readonly row: Option;
  /** Without its dashes: also its name in a configuration file. */
  readonly key: string;

  /** @param key unless it is the row's own: of an alias, or `no-…`, which undoes a switch */
  constructor(option: string, row: Option, key = keyOf(option, row)) {
    const {
      kind,
      placeholder = kind.isWhole === false ? '<x>' : placeholders[kind.name as keyof typeof placeholders],
    } = row;
    super(`--${key}${kind.name === 'switch' ? '' : ` ${placeholder}`}`, helpOf(row));
    this.option = option;
    this.row = row;
    this.key = key;
    if (key !== this.mainKey) this.hideHelp();
    // `--no-prime` is an option of its own, and does not undo `--prime <text>`.
    if (option.startsWith('no')) this.negate = false;
    if (kind.name !== 'switch') this.argParser((given, earlier) => kind.parse(this.longName, given, earlier));
  }

  /** With both dashes. */
  get longName(): string {
    return `--${this.key}`;
  }

  get kind(): Kind {
    return this.row.kind;
  }

  /** The key that the help shows: `learning-rate` of the alias `lr`. */
  get mainKey(): string {
    return keyOf(this.option, this.row);
  }

  /** With both dashes. */
  get mainName(): string {
    return `--${this.mainKey}`;
  }

  /** `folder` of `--out <folder>`; null for a switch. */
  get placeholder(): string | null {
    return /<(.*)>/.exec(this.flags)?.[1] ?? null;
  }

  override attributeName(): string {
    return this.option;
  }
}

/** `momentum of sgd [default: 0.9]` */
function helpOf(row: Option): string {
  const shown = shownDefaultOf(row);
  return shown === '' ? row.help : `${row.help} [default: ${shown}]`;
}

/** The default of an option as the help shows it; empty for those that need no word. */
export function shownDefaultOf(row: Option): string {
  const value = row.defaultInWords ?? defaultOf(row);
  return typeof value === 'number' || typeof value === 'string' ? String(value) : '';
}

/** `batchSize` of `batch-size`. */
export const camelCase = (key: string): string => key.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** The flags of a table of options, with the hidden ones of aliases. */
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
 * `--no-tied` for `--tied`: undoes it in a file, the environment or an earlier run. It has no line
 * of its own in the help.
 */
export function addUndoing(command: Command, options: Options): void {
  for (const [name, row] of Object.entries(options))
    if (row.kind.name === 'switch' && row.isNotInFiles === undefined)
      for (const key of [keyOf(name, row), ...(row.aliases ?? [])]) command.addOption(new Flag(name, row, `no-${key}`));
}

/**
 * Makes it an error to give an option twice that takes one value: which of the two is meant would
 * be a guess.
 */
export function refuseRepeats(command: Command): void {
  const given = new Map<string, string>();
  for (const flag of flagsOf(command)) {
    if (flag.kind.name === 'switch' || flag.kind.name === 'list') continue;
    command.on(`option:${flag.name()}`, (value: string) => {
      const first = given.get(flag.option);
      if (first !== undefined)
        throw usageError(`${flag.longName} is given twice, as ${first} and as ${value}`, 'give it once');
      given.set(flag.option, value);
    });
  }
}

/** The options of a command that are rows of a table. */
export const flagsOf = (command: Command): Flag[] => command.options.filter((option) => option instanceof Flag);

/**
 * The keys that a word probably stands for: those that the help shows, else those of which hidden
 * flags are other names.
 *
 * @param others what else may be meant, such as the argument of the command
 */
export function suggestedKeys(
  options: readonly CommanderOption[],
  word: string,
  others: readonly string[] = [],
): string[] {
  const shown = options.filter(({ hidden }) => !hidden).map(keyIn);
  const near = suggestions(word, [...shown, ...others]);
  if (near.length > 0) return near;
  const main = new Map(
    options.map((option) => [keyIn(option), option instanceof Flag && !option.negate ? option.mainKey : keyIn(option)]),
  );
  return [...new Set(suggestions(word, [...main.keys()]).map((key) => main.get(key)!))];
}

const keyIn = ({ long }: CommanderOption): string => long!.slice(2);

const widestExample = 78;

/**
 * At the end of a command's help: what a user would type, each with a few words on what it is for.
 */
export function addExamples(command: Command, examples: readonly (readonly [line: string, what: string])[]): void {
  if (examples.length === 0) return;
  const column = Math.max(...examples.map(([line]) => line.length)) + 2;
  const fits = examples.every(([, what]) => 2 + column + what.length <= widestExample);
  const rows = examples.map(([line, what]) => (fits ? `  ${line.padEnd(column)}${what}` : `  # ${what}\n  ${line}`));
  command.addHelpText('after', `\nExamples:\n${rows.join('\n')}`);
}
