// The parts of a command's help that Commander does not have. The help and the reference page show
// them.
import { type Command, Option as CommanderOption } from 'commander';

/** A command line and its purpose. */
export type Example = readonly [line: string, purpose: string];

export interface HelpParts {
  /** The most useful first: the short help shows only the first four. */
  readonly examples?: readonly Example[];
  /** Paragraphs. Lines that begin with a space, such as commands, do not wrap. */
  readonly notes?: readonly string[];
  /** Names of topics with further tables. */
  readonly topics?: readonly string[];
}

const known = new WeakMap<Command, HelpParts>();

/** Adds parts to the help of a command. */
export const addParts = (command: Command, parts: HelpParts): void =>
  void known.set(command, { ...known.get(command), ...parts });

export function partsOf(command: Command): Required<HelpParts> {
  return { examples: [], notes: [], topics: [], ...known.get(command) };
}

/** `-h` and `--help`. */
export class HelpOption extends CommanderOption {
  /** Whether the command line has `-h`, which asks for the short help. */
  isShort = false;

  constructor() {
    super('-h, --help', 'Print this help');
  }

  /** Commander asks this of each word of the command line. */
  is(word: string): boolean {
    const isMeant = word === this.short || word === this.long;
    if (isMeant) this.isShort = word === this.short;
    return isMeant;
  }
}
