// A text that a trained model is to read: found as in training, by the model's own vocabulary.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TrainedModel } from '../runs/store.ts';
import type { ReadingListener } from '../corpus/activity.ts';
import { type Corpus, Vocabulary, readCorpus } from '../corpus/read.ts';
import { isStandardInput } from '../corpus/standard-input.ts';
import type { ReadingOptions } from '../options/run.ts';
import { type Part, readingOf } from '../training/scoring.ts';

export interface KnownTextRequest {
  readonly sources: readonly string[];
  /** Which part is to be scored. */
  readonly part: Part;
  /** In the place of those that the run had. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly encoding?: string | undefined;
  readonly skipInvalid?: boolean | undefined;
  readonly stdin?: AsyncIterable<Uint8Array | string>;
  readonly onActivity?: ReadingListener;
}

/**
 * @param path of the checkpoint; null for a model that is in no file
 * @returns the text, and how it was read
 * @throws RnnError `corpus` if it cannot be read, or has characters that the model does not know
 */
export async function readKnownText(
  request: KnownTextRequest,
  path: string | null,
  { training, vocabulary }: Pick<TrainedModel, 'training' | 'vocabulary'>,
): Promise<{ readonly corpus: Corpus; readonly reading: ReadingOptions }> {
  const { sources, part, include, exclude, encoding, skipInvalid, onActivity } = request;
  const own = readingOf(training, part);
  const reading: ReadingOptions = {
    ...own,
    include: include ?? own.include,
    exclude: exclude ?? own.exclude,
    encoding: encoding ?? own.encoding,
    skipInvalid: skipInvalid ?? own.skipInvalid,
    unit: vocabulary.unit,
    minCount: 1,
  };
  const corpus = await readCorpus({
    sources,
    ...reading,
    onActivity,
    vocabulary: new Vocabulary(vocabulary),
    // As in training: what a run writes is no text. A file that was taken out of its run may lie among texts.
    ...(path !== null && existsSync(join(dirname(path), 'log.jsonl')) ? { runFolder: dirname(path) } : {}),
    plainValidation: true,
    plainTest: true,
    // Merely looking at the real one opens it.
    ...([...sources, reading.validationFile, reading.testFile].some(isStandardInput) ? { stdin: request.stdin } : {}),
  });
  return { corpus, reading };
}
