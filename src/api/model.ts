// A trained model for other programs: it generates and scores text, and shows its activations and
// gradients. Each task opens the device that suits it and closes it afterwards. Only a sampler
// stays open, until `close`.
import type { TrainedModel } from '../runs/store.ts';
import { type Tokens, Vocabulary } from '../corpus/read.ts';
import type { VocabularyData } from '../corpus/vocabulary.ts';
import { RnnError } from '../errors.ts';
import { evalOptions, gradientsMeasured } from '../options/commands.ts';
import { defaultsOf, definedIn, tableOf } from '../options/option.ts';
import { machineOfCommands } from '../options/run.ts';
import { LEAST_CHARACTERS } from '../insight/search.ts';
import { SurpriseRecord } from '../evaluation/surprise.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { type Score, score } from '../evaluation/score.ts';
import type { Part } from '../options/choices.ts';
import { type GivenScoring, type ScoringPlan, planScoring } from '../training/scored-part.ts';
import { Corpus } from './corpus.ts';
import type {
  Evaluation,
  EvaluationOptions,
  Gradients,
  GradientsOptions,
  Inspection,
  MachineChoice,
  ReadOptions,
  SurpriseOfText,
} from './model-results.ts';
import {
  expected,
  kindsOf,
  modelOrName,
  refuseOther,
  refuseUnless,
  refuseUnlessModel,
  refuseWrong,
  sourceNames,
  stream,
} from './checks.ts';
import {
  type TextToRead,
  findCells,
  gradientsThrough,
  readCells,
  readKnownText,
  readModel,
  refuseOtherSymbols,
  surpriseOf,
  tokensOf,
  withDevice,
  workOfGradients,
} from './trained.ts';
import { type SampleOptions, type TextsOptions, Writer, asBytes, asText, sampleMembers } from './writer.ts';

const machineMembers = kindsOf(machineOfCommands);
const { part, include, exclude, encoding, skipInvalid, ...scoring } = kindsOf(tableOf(evalOptions));
const { streams, sequenceLength, dynamicRate, dynamicDecay } = scoring;
const readMembers = { part, include, exclude, encoding, skipInvalid, stdin: stream };
const evaluationMembers = { part, streams, sequenceLength, dynamic: expected('an object', () => true) };
const dynamicMembers = { learningRate: dynamicRate, decay: dynamicDecay };

/**
 * @param source a run folder (its best checkpoint), a file, or what `loadCheckpoint` and
 * `Training.trained` give; the newest run in ./checkpoints if left out
 * @throws RnnError `checkpoint` if there is none that can be read
 */
export async function openModel(source?: string | TrainedModel, machine: MachineChoice = {}): Promise<Model> {
  refuseWrong(machine, machineMembers);
  if (source !== undefined) refuseOther('the model', source, modelOrName);
  if (typeof source === 'object') {
    refuseUnlessModel('the model', source);
    return new Model(source, null, machine);
  }
  const { path, trained } = await readModel(source);
  return new Model(trained, path, machine);
}

export class Model {
  readonly trained: TrainedModel;
  /** The file that it was read from; null if it came from none. */
  readonly path: string | null;
  readonly configuration: ModelConfiguration;
  readonly vocabulary: VocabularyData;
  readonly #machine: MachineChoice;
  readonly #symbols: Vocabulary;
  readonly #writer: Writer;
  #isClosed = false;

  /** `openModel` makes one. */
  constructor(trained: TrainedModel, path: string | null, machine: MachineChoice) {
    this.trained = trained;
    this.path = path;
    this.configuration = trained.model;
    this.vocabulary = trained.vocabulary;
    this.#machine = machine;
    this.#symbols = new Vocabulary(trained.vocabulary);
    this.#writer = new Writer(trained, machine);
  }

  /**
   * Generates a text, piece by piece as it is sampled. To end it early, stop asking for pieces.
   *
   * @throws RnnError `corpus` for characters in the prime that the model does not know, `usage` for
   * options out of range
   */
  async *sample(options: SampleOptions = {}): AsyncGenerator<string, void, undefined> {
    this.#refuseClosed();
    yield* this.#writer.pieces(options, asText);
  }

  /**
   * The same text as bytes, piece by piece: what a model of bytes draws need not be text.
   *
   * @throws RnnError as `sample` does
   */
  async *sampleBytes(options: SampleOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    this.#refuseClosed();
    yield* this.#writer.pieces(options, asBytes);
  }

  /**
   * Writes several texts at once, which is faster than one after another, and gives each as a
   * whole.
   *
   * @throws RnnError as `sample` does
   */
  async *sampleMany(options: TextsOptions): AsyncGenerator<string, void, undefined> {
    this.#refuseClosed();
    yield* this.#writer.texts(options, asText);
  }

  /**
   * The same texts as bytes.
   *
   * @throws RnnError as `sample` does
   */
  async *sampleManyBytes(options: TextsOptions): AsyncGenerator<Uint8Array, void, undefined> {
    this.#refuseClosed();
    yield* this.#writer.texts(options, asBytes);
  }

  /**
   * Files, folders, patterns or `-`, read with this model's symbols, and cut as its run's text was
   * if a part is wanted.
   *
   * @throws RnnError `corpus` if they cannot be read, or have characters that the model does not
   * know
   */
  async read(sources: string | readonly string[], request: ReadOptions = {}): Promise<Corpus> {
    this.#refuseClosed();
    refuseWrong(request, readMembers);
    refuseOther('sources', sources, sourceNames);
    const { part = 'all', stdin, ...options } = request;
    const { corpus, reading } = await readKnownText({ sources: [sources].flat(), part, ...options, stdin }, this);
    return new Corpus(corpus, reading);
  }

  /**
   * The loss on a text: every character but the first, in as many streams as the run was evaluated
   * in.
   *
   * @throws RnnError `corpus` for an unknown character or a text too short, `usage` for options out
   * of range
   */
  async evaluate(text: TextToRead, options: EvaluationOptions = {}): Promise<Evaluation> {
    refuseWrong(options, evaluationMembers);
    if (options.dynamic !== undefined) refuseWrong(options.dynamic, dynamicMembers);
    const { part = 'all', ...given } = options;
    const plan = this.#plan(text, part, given);
    return { ...evaluationOf(await this.#score(plan)), warning: plan.warning };
  }

  /**
   * What each character of a text cost, read strictly from its beginning to its end.
   *
   * @throws RnnError as `evaluate` does
   */
  async surprise(text: TextToRead): Promise<SurpriseOfText> {
    const plan = this.#plan(text, 'all', { streams: 1 });
    const surprise = new SurpriseRecord(plan.tokens.length - 1, this.configuration.vocabulary);
    return surpriseOf(this.trained, plan.tokens, await this.#score(plan, surprise), surprise);
  }

  /**
   * What the cells hold at each character, and which of them tell something.
   *
   * @throws RnnError `corpus` for unknown characters, `usage` for a text too long for memory
   */
  async inspect(text: TextToRead): Promise<Inspection> {
    this.#refuseClosed();
    const tokens = tokensOf(text, this.#symbols);
    if (tokens.length === 0) {
      const hint = `it takes one character at least, and ${LEAST_CHARACTERS} to find cells`;
      throw new RnnError('corpus', 'there is nothing to read in an empty text', { hint });
    }
    const activations = await readCells(this.trained, tokens, this.#machine);
    const decoder = this.#symbols.decoder();
    const pieces = Array.from(tokens, (id) => decoder.push(id));
    return { pieces, activations, ...(await findCells(pieces, activations)) };
  }

  /**
   * How far back the loss reaches in a text.
   *
   * @throws RnnError `corpus` for unknown characters, or a text too short for so many steps
   */
  async gradients(text: TextToRead, options: GradientsOptions = {}): Promise<Gradients> {
    this.#refuseClosed();
    refuseWrong(options, kindsOf(gradientsMeasured));
    const { steps, positions, jacobians } = { ...defaultsOf(gradientsMeasured), ...definedIn(options) };
    const tokens = tokensOf(text, this.#symbols);
    const measured = await withDevice(this.#machine, workOfGradients([this.trained], jacobians), (device) =>
      gradientsThrough(this.trained, tokens, device, { steps, positions, jacobians }),
    );
    return { name: this.path ?? 'the model', ...measured };
  }

  /**
   * Frees threads and memory; no task can start after it, and those that are running end as usual.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writer.close();
  }

  #plan(text: TextToRead, part: Part, given: GivenScoring): ScoringPlan {
    this.#refuseClosed();
    if (typeof text === 'string') {
      refuseUnless(
        part === 'all',
        'part',
        part,
        "'all' for a string; model.read(files, { part }) reads a text that has parts",
      );
      return planScoring(this.trained, ofString(tokensOf(text, this.#symbols)), 'all', given);
    }
    refuseOtherSymbols(text, this.#symbols);
    return planScoring(
      this.trained,
      part === 'all' ? { ...text, train: tokensOf(text, this.#symbols) } : text,
      part,
      given,
    );
  }

  #score(plan: ScoringPlan, record: SurpriseRecord | null = null): Promise<Score> {
    return withDevice(this.#machine, plan.work, (device) => score(this.trained, plan, device, record));
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new RnnError('usage', 'this model is closed', { hint: 'open it again by openModel' });
  }
}

/** What `openModel` and `Model.sample` take, together. */
export interface SampleRequest extends SampleOptions, MachineChoice {
  /** A run folder, a file or a model; the newest run in ./checkpoints if left out. */
  readonly checkpoint?: string | TrainedModel;
}

/**
 * Opens a model, writes one text piece by piece, and closes it.
 *
 * @throws RnnError as `openModel` and `Model.sample` do
 */
export async function* sample(request: SampleRequest = {}): AsyncGenerator<string, void, undefined> {
  refuseWrong(request, { ...machineMembers, ...sampleMembers, checkpoint: modelOrName });
  const { checkpoint, device, threads, kernels, ...options } = request;
  const model = await openModel(checkpoint, { device, threads, kernels });
  try {
    yield* model.sample(options);
  } finally {
    await model.close();
  }
}

const ofString = (train: Tokens): Parameters<typeof planScoring>[1] => ({
  train,
  validation: train.subarray(0, 0),
  test: train.subarray(0, 0),
  digest: '',
  sourcesDigest: '',
  testDigest: '',
});

const evaluationOf = (scored: Score): Omit<Evaluation, 'warning'> => ({
  ...scored,
  bits: scored.nats / Math.LN2,
  perplexity: Math.exp(scored.nats),
});
