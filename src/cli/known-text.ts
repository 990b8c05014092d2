// A text that a trained model is to read: found as in training, by the model's own vocabulary.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
export async function readKnownText(sources: readonly string[], part: Part, flags: TextFlags, path: string, { training, vocabulary }: TrainedModel, { io, rooms, stderr }: Context): Promise<Corpus> {
  const { readCorpus, Vocabulary } = await rooms.corpus();
  const { readingOf } = await rooms.scoring();
  const reading = readingOf(training, part);
  const corpus = await readCorpus({
    sources,
    ...reading,
    ...(flags.include === undefined ? {} : { include: flags.include }),
    ...(flags.exclude === undefined ? {} : { exclude: flags.exclude }),
    unit: vocabulary.unit,
    minCount: 1,
    vocabulary: new Vocabulary(vocabulary),
    // As in training: what a run writes is no text. A file that was taken out of its run may lie among texts.
    ...(existsSync(join(dirname(path), 'log.jsonl')) ? { runFolder: dirname(path) } : {}),
    plainValidation: true,
    // Merely looking at the real one opens it.
    ...(sources.includes('-') || reading.validationFile === '-' ? { stdin: io.stdin } : {}),
  });
  if (corpus.skipped > 0 && !flags.json) stderr.line(stderr.colour.dim(`${count(corpus.skipped)} hidden or binary ${corpus.skipped === 1 ? 'file was' : 'files were'} passed over`));
  return corpus;
}
