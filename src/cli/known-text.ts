// A text that a trained model is to read, and what is said of it. Reading it is library/'s.
import type { TrainedModel } from '../checkpoint/store.ts';
import type { Corpus } from '../corpus/read.ts';
import type { Part } from '../training/scoring.ts';
import type { Context } from './context.ts';
import { count } from './format.ts';

export interface TextFlags {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly json?: boolean;
}

/** A model, and the checkpoint that it is from. */
export interface Loaded {
  readonly path: string;
  readonly trained: TrainedModel;
}

/** What the texts that were named are called, for a page or an error. */
export const namesOfTexts = (sources: readonly string[]): string =>
  sources.map((source) => (source === '-' ? 'standard input' : source)).join(', ');

export async function readKnownText(
  sources: readonly string[],
  { path, trained }: Loaded,
  { include, exclude, json }: TextFlags,
  { io, rooms, stderr }: Context,
  part: Part = 'all',
): Promise<Corpus> {
  const { readKnownText: read } = await rooms.knownText();
  const asked = {
    sources,
    part,
    include,
    exclude,
    get stdin() {
      return io.stdin;
    },
  };
  const { corpus } = await read(asked, path, trained);
  const { skipped } = corpus;
  const files = skipped === 1 ? 'file was' : 'files were';
  if (skipped > 0 && !json) stderr.line(stderr.colour.dim(`${count(skipped)} hidden or binary ${files} passed over`));
  return corpus;
}
