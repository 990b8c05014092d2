// The help of a command: its purpose, usage, examples and options. The short form (-h) has the
// options that most people use, and the long form (--help) has all.
import type { Command } from 'commander';
import { groupBy } from '../../group.ts';
import { commands } from '../commands.ts';
import { type Flag, flagsOf } from '../flags.ts';
import type { Colours } from '../output/colour.ts';
import { type Entry, entryLines, paragraph } from './layout.ts';
import { type Example, partsOf } from './parts.ts';
import { topics } from './topics.ts';

/** The maximum number of examples in the short help. */
const MAX_SHORT_EXAMPLES = 4;
/** The heading of options in short help. */
const OPTIONS = 'Options:';
const EXAMPLES = 'Examples:';

interface Look {
  readonly width: number;
  readonly colour: Colours;
}

type Section = readonly string[];

/** The options in the help of a command. */
export const shownFlags = (command: Command): Flag[] => flagsOf(command).filter(({ hidden }) => !hidden);

/** Whether the help of a command has two lengths. */
export function hasShortHelp(command: Command): boolean {
  const common = shownFlags(command).filter(({ row }) => row.isCommon);
  return common.length > 0 && common.length < shownFlags(command).length;
}

/** The help of a command, or of `rnn` itself. */
export function helpOf(command: Command, isShort: boolean, look: Look): string {
  const sections = command.parent === null ? ofProgram(command, look) : ofCommand(command, isShort, look);
  return `${sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n')}\n`;
}

function ofProgram(program: Command, look: Look): Section[] {
  const { notes, examples } = partsOf(program);
  return [
    paragraph(program.description(), look.width),
    usage(program, look),
    exampleLines(examples, look),
    sectionOf(
      'Commands:',
      commands.map(({ name, takes, summary }) => ({ term: `${name} ${takes}`.trimEnd(), text: summary })),
      look,
    ),
    sectionOf(
      "Topics of 'rnn help':",
      topics.map(({ name, summary }) => ({ term: name, text: summary })),
      look,
    ),
    sectionOf(
      OPTIONS,
      [
        ...shownFlags(program).map(fullEntry),
        { term: '-h, --help', text: 'Print this help' },
        { term: '-V, --version', text: 'Print the version' },
      ],
      look,
    ),
    ...notes.map((note) => paragraph(note, look.width)),
  ];
}

function ofCommand(command: Command, asksForShort: boolean, look: Look): Section[] {
  const hasTwo = hasShortHelp(command);
  const isShort = asksForShort && hasTwo;
  const { examples, notes, topics: related } = partsOf(command);
  const head = [paragraph(command.description(), look.width), usage(command, look)];
  if (isShort) {
    const common = shownFlags(command).filter(({ row }) => row.isCommon);
    return [
      ...head,
      exampleLines(examples.slice(0, MAX_SHORT_EXAMPLES), look),
      sectionOf(OPTIONS, common.map(briefEntry), look),
      paragraph(moreHelpSentence(command.name(), related), look.width),
    ];
  }
  const [argument] = command.registeredArguments;
  const groups = [...groupBy(shownFlags(command), ({ helpGroupHeading }) => helpGroupHeading ?? OPTIONS)];
  const help = {
    term: '-h, --help',
    text: hasTwo ? 'Print the help: -h is short, --help is complete' : 'Print this help',
  };
  return [
    ...head,
    argument === undefined ? [] : sectionOf('Argument:', [{ term: argument.name(), text: argument.description }], look),
    exampleLines(examples, look),
    ...groups.map(([heading, flags], index) =>
      sectionOf(heading, [...flags.map(fullEntry), ...(index === groups.length - 1 ? [help] : [])], look),
    ),
    ...notes.map((note) => paragraph(note, look.width)),
    related.length === 0
      ? []
      : paragraph(
          related.length === 1 ? `See also 'rnn help ${related[0]}'.` : `See also ${topicsPhrase(related)}.`,
          look.width,
        ),
  ];
}

const moreHelpSentence = (name: string, related: readonly string[]): string =>
  `Run 'rnn ${name} --help' for all options${related.length === 0 ? '' : `, and ${topicsPhrase(related)}`}.`;

const topicsPhrase = (related: readonly string[]): string =>
  related.length === 1
    ? `'rnn help ${related[0]}' for ${related[0]}`
    : `'rnn help TOPIC' for ${related.slice(0, -1).join(', ')} and ${related.at(-1)}`;

const fullEntry = (flag: Flag): Entry => ({ term: flag.flags, text: flag.description });
const briefEntry = (flag: Flag): Entry => ({ term: flag.flags, text: flag.brief });

const usage = (command: Command, { width, colour }: Look): Section =>
  paragraph(
    `${colour.bold('Usage:')} ${command.parent === null ? '' : 'rnn '}${command.name()} ${command.usage()}`,
    width,
  );

const sectionOf = (heading: string, entries: readonly Entry[], { width, colour }: Look): Section => [
  colour.bold(heading),
  ...entryLines(entries, width, colour.cyan),
];

/** A line for each example, with its purpose to the right, or above if any line would be too long. */
function exampleLines(examples: readonly Example[], { width, colour }: Look): Section {
  if (examples.length === 0) return [];
  const column = Math.max(...examples.map(([line]) => line.length)) + 2;
  const fits = examples.every(([, purpose]) => 2 + column + purpose.length <= width);
  const rows = examples.map(([line, purpose]) =>
    fits ? `  ${line.padEnd(column)}${colour.dim(purpose)}` : `  ${colour.dim(`# ${purpose}`)}\n  ${line}`,
  );
  return [colour.bold(EXAMPLES), ...rows];
}
