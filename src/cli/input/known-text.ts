// Reads a text for a trained model through api/, with notes and errors for the user.
import type { Corpus } from '../../api/corpus.ts';
import type { Model } from '../../api/model.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { RnnError, corpusError } from '../../errors.ts';
import type { Part } from '../../options/choices.ts';
import type { ReadingOptions } from '../../options/run.ts';
import type { Context } from '../context.ts';
import { shellWord } from '../../shell-word.ts';
import type { Io } from '../process/io.ts';

export interface TextFlags extends Partial<Pick<ReadingOptions, 'include' | 'exclude' | 'encoding' | 'skipInvalid'>> {
  readonly json?: boolean;
}

/** The names of the given texts, for a page or an error. */
export const namesOfTexts = (sources: readonly string[]): string =>
  sources.map((source) => (isStandardInput(source) ? 'standard input' : source)).join(', ');

/** The options with which a command reads a text. */
export const readOptionsOf = (
  sources: readonly string[],
  { include, exclude, encoding, skipInvalid }: TextFlags,
  { io, waiting }: Context,
) => ({
  include,
  exclude,
  encoding,
  skipInvalid,
  stdin: io.stdin,
  listener: { activity: isTyped(sources, io) ? undefined : waiting?.listen },
});

/**
 * Reads a text in tokens of the model's vocabulary, and prints notes on it.
 *
 * @throws RnnError `corpus` for a text that cannot be read
 */
export async function readKnownText(
  sources: readonly string[],
  model: Model,
  flags: TextFlags,
  context: Context,
  { part = 'all', neededCharacters }: { readonly part?: Part; readonly neededCharacters?: number } = {},
): Promise<Corpus> {
  try {
    const corpus = await model.read(sources, { part, neededCharacters, ...readOptionsOf(sources, flags, context) });
    if (!flags.json) for (const note of corpus.notes) context.stderr.note(note);
    return corpus;
  } catch (error) {
    throw await asRunNamed(error, sources);
  }
}

/**
 * Returns the error for a text that cannot be read. If the user named a run instead of a text, as
 * for other commands, the hint shows how to name both.
 */
async function asRunNamed(thrown: unknown, sources: readonly string[]): Promise<unknown> {
  if (!(thrown instanceof RnnError) || thrown.kind !== 'corpus') return thrown;
  const { findRuns } = await import('../../runs/store.ts');
  for (const source of sources.filter((each) => !isStandardInput(each))) {
    let run: string;
    try {
      [run] = await findRuns([source]);
    } catch {
      continue; // a text, or a file that does not exist, which the error already names
    }
    const hint = `name a text, and use --checkpoint ${shellWord(run)} for the run`;
    return corpusError(thrown.message, hint, { options: thrown.options, cause: thrown });
  }
  return thrown;
}

/**
 * Whether the user types the text into the terminal, where a progress line must not overwrite it.
 */
export const isTyped = (sources: readonly string[], io: Io): boolean =>
  io.isStdinTerminal && sources.some(isStandardInput);
