// A text that a trained model is to read, and what is said of it. Reading it is library/'s.
import type { TrainedModel } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import { isStandardInput } from '../corpus/standard-input.ts';
import { RnnError } from '../errors.ts';
import type { Part } from '../training/scored-part.ts';
import type { Context } from './context.ts';
import { harmless, shellWord } from './format.ts';
import { isTyped } from './typed.ts';

export interface TextFlags {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly encoding?: string;
  readonly skipInvalid?: boolean;
  readonly json?: boolean;
}

/** A model, and the checkpoint that it is from. */
export interface Loaded {
  readonly path: string;
  readonly trained: TrainedModel;
}

/** What the texts that were named are called, for a page or an error. */
export const namesOfTexts = (sources: readonly string[]): string =>
  sources.map((source) => (isStandardInput(source) ? 'standard input' : source)).join(', ');

export async function readKnownText(
  sources: readonly string[],
  { path, trained }: Loaded,
  { include, exclude, encoding, skipInvalid, json }: TextFlags,
  { io, rooms, stderr, waiting }: Context,
  part: Part = 'all',
): Promise<Corpus> {
  const { readKnownText: read } = await rooms.knownText();
  const asked = {
    sources,
    part,
    include,
    exclude,
    encoding,
    skipInvalid,
    ...(isTyped(sources, io) ? {} : { onActivity: waiting.listen }),
    get stdin() {
      return io.stdin;
    },
  };
  try {
    const { corpus } = await read(asked, path, trained);
    if (!json) for (const note of corpus.notes) stderr.line(stderr.colour.dim(harmless(note)));
    return corpus;
  } catch (error) {
    throw await asRunNamed(error, sources, rooms);
  }
}

/** The error for a text that cannot be read, with another hint where the text is a run: other commands take a run as their argument. */
async function asRunNamed(error: unknown, sources: readonly string[], rooms: Context['rooms']): Promise<unknown> {
  if (!(error instanceof RnnError) || error.kind !== 'corpus') return error;
  const run = await firstRun(
    sources.filter((source) => !isStandardInput(source)),
    rooms,
  );
  if (run === undefined) return error;
  const hint = `name a text; to use the run ${shellWord(run)}, give --checkpoint ${shellWord(run)}`;
  return new RnnError('corpus', error.message, { hint, options: error.options, cause: error });
}

async function firstRun(sources: readonly string[], rooms: Context['rooms']): Promise<string | undefined> {
  const { findRuns } = await rooms.checkpoints();
  for (const source of sources) {
    try {
      return (await findRuns([source]))[0];
    } catch {
      // It is a text, or it does not exist, and then the current error names the file.
    }
  }
  return undefined;
}
