// A text that a trained model is to read, and what is said of it. Reading it is library/'s.
import type { TrainedModel } from '../checkpoint/store.ts';
import type { Corpus } from '../corpus/read.ts';
import { isStandardInput } from '../corpus/standard-input.ts';
import type { Part } from '../training/scoring.ts';
import type { Context } from './context.ts';
import { harmless } from './format.ts';
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
  const { corpus } = await read(asked, path, trained);
  if (!json) for (const note of corpus.notes) stderr.line(stderr.colour.dim(harmless(note)));
  return corpus;
}
