// Finds a trained model, the text that it reads, and the device that it runs on.
import { runOf } from '../runs/log-file.ts';
import { isDeepStrictEqual } from 'node:util';
import { type Tokens, Vocabulary, readCorpus } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import type { ExpectedWork } from '../devices/auto.ts';
import { openDevice } from '../devices/open.ts';
import { corpusError } from '../errors.ts';
import { type TrainedModel, findCheckpoint, readCheckpoint } from '../runs/store.ts';
import type { ReadingOptions } from '../options/run.ts';
import { readingOfPart } from '../training/scored-part.ts';
import { refuseUnless } from './checks.ts';
import { Corpus } from './corpus.ts';
import type { MachineChoice, ReadOptions, InputText } from './model-results.ts';

/**
 * Reads the weights of a model.
 *
 * @param given a run folder (its best checkpoint) or a file. Default: the newest run in
 * ./checkpoints
 * @throws RnnError `checkpoint` if no checkpoint can be read
 */
export async function readModel(given?: string): Promise<{ readonly path: string; readonly trained: TrainedModel }> {
  const path = await findCheckpoint(given);
  return { path, trained: await readCheckpoint(path, { weightsOnly: true }) };
}

/** Opens the device that suits the work, and closes it however its use ends. */
export async function withDevice<Result>(
  { device: name = 'auto', threads, kernels }: MachineChoice,
  work: ExpectedWork | undefined,
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
 * Opens the device that suits the work, and a thing that needs the device for longer.
 *
 * @returns the thing, and a function that closes both
 */
export async function openOnDevice<Opened extends { close(): Promise<void> }>(
  { device: name = 'auto', threads, kernels }: MachineChoice,
  work: ExpectedWork,
  open: (device: Device) => Promise<Opened>,
): Promise<{ readonly opened: Opened; readonly close: () => Promise<void> }> {
  const device = await openDevice(name, { threads, kernels, work });
  try {
    const opened = await open(device);
    const close = async (): Promise<void> => {
      await opened.close();
      await device.close();
    };
    return { opened, close };
  } catch (error) {
    await device.close();
    throw error;
  }
}

/**
 * Reads a text for a trained model: its files are found as in training, and it is encoded by the
 * model's vocabulary.
 *
 * @param loaded its path is null for a model that is not in a file
 * @throws RnnError `corpus` if the text cannot be read, or has characters that the model does not
 * know
 */
export async function readTextOfModel(
  sources: readonly string[],
  { part = 'all', include, exclude, encoding, skipInvalid, neededCharacters, stdin, listener }: ReadOptions,
  { path, trained: { training, vocabulary } }: { readonly path: string | null; readonly trained: TrainedModel },
): Promise<Corpus> {
  const recordedReading = readingOfPart(training, part);
  const reading: ReadingOptions = {
    ...recordedReading,
    include: include ?? recordedReading.include,
    exclude: exclude ?? recordedReading.exclude,
    encoding: encoding ?? recordedReading.encoding,
    skipInvalid: skipInvalid ?? recordedReading.skipInvalid,
    unit: vocabulary.unit,
    minCount: 1,
  };
  const corpus = await readCorpus({
    sources,
    ...reading,
    neededCharacters,
    onActivity: listener?.activity,
    vocabulary: new Vocabulary(vocabulary),
    // As in training, the files of the model's run are not read as text. A checkpoint that was
    // moved out of its run may lie among texts.
    runFolder: path === null ? undefined : runOf(path),
    plainValidation: true,
    plainTest: true,
    stdin,
  });
  return new Corpus(corpus, reading);
}

/**
 * The token ids of a text.
 *
 * @throws RnnError `usage` if it is neither a string nor a corpus, `corpus` for characters that the
 * model does not know, or a corpus with another vocabulary
 */
export function tokensOf(text: InputText, vocabulary: Vocabulary): Tokens {
  if (typeof text === 'string') return Uint32Array.from(vocabulary.encode(text));
  refuseOtherSymbols(text, vocabulary);
  const { train, validation, test, characters, records } = text;
  if (train.length === characters) return train;
  // Each part of records begins with the end token of the part before it.
  const overlap = records === null ? 0 : 1;
  const others = [validation, test].map((part) => part.subarray(overlap));
  const whole = new Uint32Array(train.length + others[0].length + others[1].length);
  whole.set(train);
  whole.set(others[0], train.length);
  whole.set(others[1], train.length + others[0].length);
  return whole;
}

/**
 * @throws RnnError `usage` for a value that is not a corpus, `corpus` for a corpus with another
 * vocabulary
 */
export function refuseOtherSymbols(corpus: Corpus, vocabulary: Vocabulary): void {
  refuseUnless(corpus instanceof Corpus, 'text', corpus, 'a string, or a corpus as returned by model.read');
  const { data } = corpus.vocabulary;
  if (data === vocabulary.data || isDeepStrictEqual(data, vocabulary.data)) return;
  throw corpusError(
    `cannot read the corpus: its vocabulary of ${data.symbols.length} tokens differs from the model's ${vocabulary.size}`,
    'read it with model.read(files), or with { vocabulary: model.vocabulary }',
  );
}
