// A trained model and what it needs to work: where it is found, the text that it reads, the device
// that it runs on.
import { runOf } from '../runs/log-file.ts';
import { isDeepStrictEqual } from 'node:util';
import { type Tokens, Vocabulary, readCorpus } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import { type Work, openDevice } from '../devices/open.ts';
import { corpusError } from '../errors.ts';
import { type TrainedModel, findCheckpoint, readCheckpoint } from '../runs/store.ts';
import type { ReadingOptions } from '../options/run.ts';
import { readingOf } from '../training/scored-part.ts';
import { refuseUnless } from './checks.ts';
import { Corpus } from './corpus.ts';
import type { MachineChoice, ReadOptions, TextToRead } from './model-results.ts';

/**
 * @param given a run folder (its best checkpoint) or a file; omitted, the newest run in
 * ./checkpoints
 * @throws RnnError `checkpoint` if there is none that can be read
 */
export async function readModel(given?: string): Promise<{ readonly path: string; readonly trained: TrainedModel }> {
  const path = await findCheckpoint(given);
  return { path, trained: await readCheckpoint(path, { weightsOnly: true }) };
}

/** Opens the device that suits the work, and closes it however its use ends. */
export async function withDevice<Result>(
  { device: name = 'auto', threads, kernels }: MachineChoice,
  work: Work | undefined,
  use: (device: Device) => Promise<Result>,
): Promise<Result> {
  const device = await openDevice(name, { threads, kernels, work });
  try {
    return await use(device);
  } finally {
    await device.close();
  }
}

/**
 * A text that a trained model is to read: found as in training, by the model's own vocabulary.
 *
 * @param loaded its path is null for a model that is in no file
 * @throws RnnError `corpus` if it cannot be read, or has characters that the model does not know
 */
export async function readKnownText(
  sources: readonly string[],
  { part = 'all', include, exclude, encoding, skipInvalid, stdin, listener }: ReadOptions,
  { path, trained: { training, vocabulary } }: { readonly path: string | null; readonly trained: TrainedModel },
): Promise<Corpus> {
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
    onActivity: listener?.activity,
    vocabulary: new Vocabulary(vocabulary),
    // As in training, the files of a run are not text. A file that was taken out of its run may lie
    // among texts.
    runFolder: path === null ? undefined : runOf(path),
    plainValidation: true,
    plainTest: true,
    stdin,
  });
  return new Corpus(corpus, reading);
}

/**
 * @throws RnnError `usage` if it is neither, `corpus` for characters that the model does not know,
 * or a corpus of other symbols
 */
export function tokensOf(text: TextToRead, vocabulary: Vocabulary): Tokens {
  if (typeof text === 'string') return Uint32Array.from(vocabulary.encode(text));
  refuseOtherSymbols(text, vocabulary);
  const { train, validation, test, characters } = text;
  if (train.length === characters) return train;
  const whole = new Uint32Array(characters);
  whole.set(train);
  whole.set(validation, train.length);
  whole.set(test, train.length + validation.length);
  return whole;
}

/**
 * @throws RnnError `usage` for a value that is not a corpus, `corpus` for one of other symbols than
 * these
 */
export function refuseOtherSymbols(corpus: Corpus, vocabulary: Vocabulary): void {
  refuseUnless(corpus instanceof Corpus, 'text', corpus, 'a string, or a corpus such as model.read gives');
  const { data } = corpus.vocabulary;
  if (data === vocabulary.data || isDeepStrictEqual(data, vocabulary.data)) return;
  throw corpusError(
    `the corpus has ${data.symbols.length} symbols of its own, and the model reads in its ${vocabulary.size}`,
    'read it by model.read(files), or with { vocabulary: model.vocabulary }',
  );
}
