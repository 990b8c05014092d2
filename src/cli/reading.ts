// How commands that look at a text with a trained model read it: with the model's vocabulary, as its run read its own.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TrainedModel } from '../checkpoint/store.ts';
import type { Corpus } from '../corpus/read.ts';
import type { Part } from '../training/scoring.ts';
import type { Context } from './context.ts';
import { count } from './format.ts';

export interface ReadingFlags {
  readonly part?: Part;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly json?: boolean;
}

/** @param path of the checkpoint @throws RnnError `corpus` for what the model does not know */
export async function readForModel(sources: readonly string[], flags: ReadingFlags, { path, trained }: { path: string; trained: Pick<TrainedModel, 'training' | 'vocabulary'> }, { io, rooms, stderr }: Context): Promise<Corpus> {
  const { training, vocabulary } = trained;
  const { readCorpus, Vocabulary } = await rooms.corpus();
  const { readingOf } = await rooms.scoring();
  const reading = readingOf(training, flags.part ?? 'all');
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
