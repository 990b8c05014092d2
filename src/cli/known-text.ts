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

/** @param path of the checkpoint */
export async function readKnownText(
  sources: readonly string[],
  part: Part,
  { include, exclude, json }: TextFlags,
  path: string,
  trained: TrainedModel,
  { io, rooms, stderr }: Context,
): Promise<Corpus> {
  const { readKnownText: read } = await rooms.knownText();
  const { corpus } = await read(
    {
      sources,
      part,
      include,
      exclude,
      get stdin() {
        return io.stdin;
      },
    },
    path,
    trained,
  );
  if (corpus.skipped > 0 && !json)
    stderr.line(
      stderr.colour.dim(`${count(corpus.skipped)} hidden or binary ${corpus.skipped === 1 ? 'file was' : 'files were'} passed over`),
    );
  return corpus;
}
