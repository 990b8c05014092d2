// A trained model and what it needs to work: where it is found, the text that it reads, the device
// that it runs on.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { logOf } from '../runs/log-file.ts';
import { isDeepStrictEqual } from 'node:util';
import type { ReadingListener } from '../corpus/read.ts';
import { type Corpus as ReadCorpus, type Tokens, Vocabulary, readCorpus } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import { type Work, openDevice } from '../devices/open.ts';
import { RnnError } from '../errors.ts';
import { type Activations, readActivations } from '../insight/activations.ts';
import { gradientFlow } from '../insight/gradient-flow.ts';
import { largestSingularValues } from '../insight/jacobian.ts';
import { piecesOf, symbolTexts } from '../evaluation/pieces.ts';
import { saturationOf } from '../insight/saturation.ts';
import { propertiesOf } from '../insight/properties.ts';
import type { BareModel } from '../evaluation/evaluate.ts';
import { LEAST_CHARACTERS, searchCells } from '../insight/search.ts';
import type { Surprise } from '../evaluation/surprise.ts';
import { type TrainedModel, findCheckpoint, readCheckpoint, startSymbolOf, weightsIn } from '../runs/store.ts';
import type { ReadingOptions } from '../options/run.ts';
import type { Score } from '../evaluation/score.ts';
import type { Part } from '../options/choices.ts';
import { readingOf } from '../training/scored-part.ts';
import { runInTurns } from '../turns.ts';
import { refuseUnless } from './checks.ts';
import { Corpus } from './corpus.ts';
import type { FoundCells, Gradients, GradientsOptions, MachineChoice, SurpriseOfText } from './model-results.ts';
import type { ReadOptions } from './model-results.ts';

/** A model, and the checkpoint that it is from. */
export interface Loaded {
  readonly path: string;
  readonly trained: TrainedModel;
}

/**
 * @param given a run folder (its best checkpoint) or a file; omitted, the newest run in
 * ./checkpoints
 * @throws RnnError `checkpoint` if there is none that can be read
 */
export async function readModel(given?: string): Promise<Loaded> {
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

interface KnownTextRequest extends Omit<ReadOptions, 'stdin'> {
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
  readonly sources: readonly string[];
  /** Which part is to be scored. */
  readonly part: Part;
  readonly onActivity?: ReadingListener | undefined;
}

/**
 * A text that a trained model is to read: found as in training, by the model's own vocabulary.
 *
 * @param loaded its path is null for a model that is in no file
 * @returns the text, and how it was read
 * @throws RnnError `corpus` if it cannot be read, or has characters that the model does not know
 */
export async function readKnownText(
  { sources, part, include, exclude, encoding, skipInvalid, stdin, onActivity }: KnownTextRequest,
  { path, trained: { training, vocabulary } }: { readonly path: string | null; readonly trained: TrainedModel },
): Promise<{ readonly corpus: ReadCorpus; readonly reading: ReadingOptions }> {
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
    // As in training, the files of a run are not text. A file that was taken out of its run may lie
    // among texts.
    runFolder: path !== null && existsSync(logOf(dirname(path))) ? dirname(path) : undefined,
    plainValidation: true,
    plainTest: true,
    stdin,
  });
  return { corpus, reading };
}

/** The text itself, or one that was read with the model's symbols. */
export type TextToRead = string | Corpus;

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
  throw new RnnError(
    'corpus',
    `the corpus has ${data.symbols.length} symbols of its own, and the model reads in its ${vocabulary.size}`,
    {
      hint: 'read it by model.read(files), or with { vocabulary: model.vocabulary }',
    },
  );
}

/** What each character of a scored text cost, as far as the record has room. */
export function surpriseOf(
  { model, vocabulary: data }: TrainedModel,
  tokens: Tokens,
  { nats, accuracy, characters }: Score,
  surprise: Surprise,
): SurpriseOfText {
  const vocabulary = new Vocabulary(data);
  return {
    model,
    unit: data.unit === 'byte' ? 'byte' : 'character',
    characters,
    bits: nats / Math.LN2,
    accuracy,
    pieces: [...piecesOf(tokens, vocabulary, surprise)],
    surprise,
    ids: tokens,
    symbols: symbolTexts(vocabulary),
  };
}

/** What the cells hold while the model reads a text, symbol by symbol. */
export function readCells(
  trained: TrainedModel,
  tokens: Tokens,
  machine: MachineChoice,
  onRead?: (done: number) => void,
): Promise<Activations> {
  const work = { kind: 'sampling', multiplyAdds: 0 } as const;
  return withDevice(machine, work, (device) =>
    readActivations(trained, tokens, device, startSymbolOf(trained), onRead),
  );
}

/** What `inspect` tells of the cells. There are no findings in a text that is too short. */
export const findCells = async (pieces: readonly string[], activations: Activations): Promise<FoundCells> => ({
  findings: pieces.length < LEAST_CHARACTERS ? [] : await runInTurns(searchCells(activations, propertiesOf(pieces))),
  saturation: saturationOf(activations),
});

/** For the Jacobians: gradients through time are walked in float64. */
export const workOfGradients = (networks: readonly BareModel[], jacobians: number): Work => ({
  kind: 'sampling',
  multiplyAdds: networks.reduce(
    (sum, network) => sum + 2 * weightsIn(network) * jacobians * network.model.layers * network.model.hidden,
    0,
  ),
});

/** How far back the loss of a network reaches in a text. */
export async function gradientsThrough(
  network: BareModel,
  tokens: Tokens,
  device: Device,
  { steps, positions, jacobians }: Required<GradientsOptions>,
): Promise<Omit<Gradients, 'name'>> {
  const flows = await gradientFlow(network, tokens, { steps, positions });
  return {
    model: network.model,
    flows,
    singularValues: await largestSingularValues(network, tokens, device, jacobians),
  };
}
