// Shorthands for Commander's options, each with its strict parser and with what it takes, for completions,
// configuration files and their schema. Knows nothing of what the options mean.
import { type Command, Option } from 'commander';
import { RnnError } from '../errors.ts';
import { parseChoice, parseDuration, parseNumber, parseText, type NumberRange } from './values.ts';

/** What follows an option on the command line. */
type Takes =
  | { readonly kind: 'switch' }
  | { readonly kind: 'number'; readonly range: NumberRange }
  | { readonly kind: 'duration' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'text' }
  /** Given several times, one value each; any text without `choices`. */
  | { readonly kind: 'list'; readonly choices?: readonly string[] };

export class Flag extends Option {
  readonly takes: Takes;

  constructor(flags: string, description: string, takes: Takes) {
    super(flags, description);
    this.takes = takes;
  }

  /** With both dashes. */
  get longName(): string {
    return this.long!;
  }

  /** Without them: what it is called in a configuration file. */
  get key(): string {
    return this.longName.slice(2);
  }

  /** `folder` of `--out <folder>`; null for a switch. */
  get placeholder(): string | null {
    return /<(.*)>/.exec(this.flags)?.[1] ?? null;
  }
}

export const numberFlag = (flags: string, description: string, range: NumberRange): Flag =>
  parsedBy(new Flag(flags, description, { kind: 'number', range }), (name, text) => parseNumber(name, text, range));

export const durationFlag = (flags: string, description: string): Flag =>
  parsedBy(new Flag(flags, description, { kind: 'duration' }), parseDuration);

export const choiceFlag = (flags: string, description: string, choices: readonly string[]): Flag =>
  parsedBy(new Flag(flags, description, { kind: 'choice', choices }), (name, text) => parseChoice(name, text, choices));

export const textFlag = (flags: string, description: string): Flag => parsedBy(new Flag(flags, description, { kind: 'text' }), parseText);

/** A text that may be empty. */
export const anyTextFlag = (flags: string, description: string): Flag => new Flag(flags, description, { kind: 'text' });

/** May be given several times; the values are gathered in a list. */
export function listFlag(flags: string, description: string, choices?: readonly string[]): Flag {
  const flag = new Flag(flags, description, { kind: 'list', ...(choices === undefined ? {} : { choices }) });
  const parse = (text: string): string =>
    choices === undefined ? parseText(flag.longName, text) : parseChoice(flag.longName, text, choices);
  flag.argParser((text, earlier: string[] | undefined) => [...(earlier ?? []), parse(text)]);
  return flag;
}

export const switchFlag = (flags: string, description: string): Flag => new Flag(flags, description, { kind: 'switch' });

/** `--no-prime` leaves the prime out of the output. It does not undo `--prime <text>`, as it would by Commander's rules. */
export function omitFlag(flags: string, description: string): Flag {
  const flag = switchFlag(flags, description);
  flag.negate = false;
  return flag;
}

/** What commands take that read texts. */
export const skipInvalidFlag = (): Flag => switchFlag('--skip-invalid', 'leave out files that cannot be read as text');

/** What every command takes. */
export const commonFlags = (): Flag[] => [
  switchFlag('--debug', 'print the stack of an error'),
  switchFlag('--no-color', 'no colours; NO_COLOR and FORCE_COLOR work too'),
];

/** Under the heading of each group in the help. */
export function addGroups(command: Command, groups: Readonly<Record<string, readonly Option[]>>): void {
  for (const [heading, flags] of Object.entries(groups)) {
    for (const flag of flags) command.addOption(flag.helpGroup(heading));
  }
}

/**
 * `--no-tied` for `--tied`: takes back what a file, the environment or an earlier run says. It has no line of its
 * own in the help.
 */
export function addUndoing(command: Command, flags: readonly Flag[]): void {
  for (const flag of flags) command.addOption(switchFlag(`--no-${flag.key}`, `undo ${flag.longName}`).hideHelp());
}

/** Makes it an error to give an option twice that takes one value: which of the two is meant would be a guess. */
export function refuseRepeats(command: Command): void {
  for (const flag of flagsOf(command)) {
    if (flag.takes.kind === 'switch' || flag.takes.kind === 'list') continue;
    let first: string | undefined;
    command.on(`option:${flag.name()}`, (value: string) => {
      if (first !== undefined)
        throw new RnnError('usage', `${flag.longName} is given twice, as ${first} and as ${value}`, { hint: 'give it once' });
      first = value;
    });
  }
}

/** The options of a command that are known by what they take. */
export const flagsOf = (command: Command): Flag[] => command.options.filter((option) => option instanceof Flag);

function parsedBy(flag: Flag, parse: (name: string, text: string) => unknown): Flag {
  flag.argParser((text) => parse(flag.longName, text));
  return flag;
}

const widestExample = 78;

/** At the end of a command's help: what a user would type, each with a few words on what it is for. */
export function addExamples(command: Command, examples: readonly (readonly [line: string, what: string])[]): void {
  const column = Math.max(...examples.map(([line]) => line.length)) + 2;
  const fits = examples.every(([, what]) => 2 + column + what.length <= widestExample);
  const rows = examples.map(([line, what]) => (fits ? `  ${line.padEnd(column)}${what}` : `  # ${what}\n  ${line}`));
  command.addHelpText('after', `\nExamples:\n${rows.join('\n')}`);
}
