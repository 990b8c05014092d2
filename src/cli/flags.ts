// Shorthands for Commander's options, each with its strict parser. Knows nothing of what the options mean.
import { type Command, Option } from 'commander';
import { parseChoice, parseDuration, parseNumber, parseText, type NumberRange } from './values.ts';

export const numberFlag = (flags: string, description: string, range: NumberRange): Option =>
  new Option(flags, description).argParser((text) => parseNumber(longName(flags), text, range));

export const durationFlag = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text) => parseDuration(longName(flags), text));

export const choiceFlag = (flags: string, description: string, choices: readonly string[]): Option =>
  new Option(flags, description).argParser((text) => parseChoice(longName(flags), text, choices));

export const textFlag = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text) => parseText(longName(flags), text));

/** May be given several times; the values are gathered in a list. */
export const listFlag = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text, earlier: string[] | undefined) => [...(earlier ?? []), parseText(longName(flags), text)]);

export const switchFlag = (flags: string, description: string): Option => new Option(flags, description);

/** What every command takes. */
export const commonFlags = (): Option[] => [
  switchFlag('--debug', 'print the stack of an error'),
  switchFlag('--no-color', 'no colours; NO_COLOR and FORCE_COLOR work too'),
];

/** Under the heading of each group in the help. */
export function addGroups(command: Command, groups: Readonly<Record<string, readonly Option[]>>): void {
  for (const [heading, flags] of Object.entries(groups)) {
    for (const flag of flags) command.addOption(flag.helpGroup(heading));
  }
}

function longName(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags;
}
