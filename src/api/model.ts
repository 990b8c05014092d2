// A trained model at work, for other programs: it writes, scores, and shows what it does. Each task opens the device
// that suits it, and closes it afterwards; only what it takes to write stays open, until `close`.
import { type TrainedModel, findCheckpoint, readCheckpoint, startSymbolOf, weightsIn } from '../runs/store.ts';
import { type Tokens, Vocabulary } from '../corpus/read.ts';
import type { VocabularyData } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import { type Work, openDevice } from '../devices/open.ts';
import { machineNames } from '../options/run.ts';
import { RnnError } from '../errors.ts';
import { readActivations } from '../insight/activations.ts';
import { gradientFlow } from '../insight/gradient-flow.ts';
import { largestSingularValues } from '../insight/jacobian.ts';
import { piecesOf, symbolTexts } from '../evaluation/pieces.ts';
import { propertiesOf } from '../insight/properties.ts';
import { saturationOf } from '../insight/saturation.ts';
import { LEAST_CHARACTERS, searchCells } from '../insight/search.ts';
import { SurpriseRecord } from '../evaluation/surprise.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { dynamicDefaults } from '../evaluation/dynamic.ts';
import { type Score, score } from '../evaluation/score.ts';
import { type GivenScoring, type Part, type ScoringPlan, parts, planScoring } from '../training/scored-part.ts';
import { runInTurns } from '../turns.ts';
import { Corpus } from './corpus.ts';
import { readKnownText } from './known-text.ts';
import { areSources, isModelOrName } from './given.ts';
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
import { type TextToRead, refuseOthers, tokensOf } from './model-text.ts';
import { refuseUnknown, refuseUnless, refuseUnlessModel, refuseUnlessStream, refuseUnlessWhole, refuseWrong } from './settings.ts';
import { type SampleOptions, type TextsOptions, Writer } from './writer.ts';

/**
 * @param source a run folder (its best checkpoint), a file, or what `loadCheckpoint` and `Training.trained` give; the
 * newest run in ./checkpoints if left out
 * @throws RnnError `checkpoint` if there is none that can be read
 */
export async function openModel(source?: string | TrainedModel, machine: MachineChoice = {}): Promise<Model> {
  refuseUnknown(machine, machineNames);
  refuseWrong(machine);
  const expectation = 'a run folder, a file or what loadCheckpoint gives';
  refuseUnless(source === undefined || isModelOrName(source), 'the model', source, expectation);
  if (typeof source === 'object') {
    refuseUnlessModel('the model', source, expectation);
    return new Model(source, null, machine);
  }
  const path = await findCheckpoint(source);
  return new Model(await readCheckpoint(path, { weightsOnly: true }), path, machine);
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
    this.#writer = new Writer(trained, (work) => this.#open(work));
  }

  /**
   * Writes a text, piece by piece as it is drawn; whoever stops asking ends it.
   *
   * @throws RnnError `corpus` for characters in the prime that the model does not know, `usage` for options out of
   * range
   */
  async *sample(options: SampleOptions = {}): AsyncGenerator<string, void, undefined> {
    this.#refuseClosed();
    yield* this.#writer.pieces(options);
  }

  /**
   * The same text as bytes, piece by piece: what a model of bytes draws need not be text.
   *
   * @throws RnnError as `sample` does
   */
  async *sampleBytes(options: SampleOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    this.#refuseClosed();
    yield* this.#writer.bytePieces(options);
  }

  /**
   * Writes several texts at once, which is faster than one after another, and gives each as a whole.
   *
   * @throws RnnError as `sample` does
   */
  async *sampleMany(options: TextsOptions): AsyncGenerator<string, void, undefined> {
    this.#refuseClosed();
    yield* this.#writer.texts(options);
  }

  /**
   * The same texts as bytes.
   *
   * @throws RnnError as `sample` does
   */
  async *sampleManyBytes(options: TextsOptions): AsyncGenerator<Uint8Array, void, undefined> {
    this.#refuseClosed();
    yield* this.#writer.byteTexts(options);
  }

  /**
   * Files, folders, patterns or `-`, read with this model's symbols, and cut as its run's text was if a part is wanted.
   *
   * @throws RnnError `corpus` if they cannot be read, or have characters that the model does not know
   */
  async read(sources: string | readonly string[], request: ReadOptions = {}): Promise<Corpus> {
    this.#refuseClosed();
    refuseUnknown(request, ['part', 'include', 'exclude', 'encoding', 'stdin']);
    const { part = 'all', stdin, ...options } = request;
    refuseWrong(options);
    refuseUnlessStream(stdin);
    refuseUnless(areSources(sources), 'sources', sources, 'a file, a folder, a pattern, - or a list of them');
    refuseUnless(parts.includes(part), 'part', part, partsInWords);
    const { corpus, reading } = await readKnownText(
      { sources: [sources].flat(), part, ...options, ...(stdin === undefined ? {} : { stdin }) },
      this.path,
      this.trained,
    );
    return new Corpus(corpus, reading);
  }

  /**
   * The loss on a text: every character but the first, in as many streams as the run was evaluated in.
   *
   * @throws RnnError `corpus` for an unknown character or a text too short, `usage` for options out of range
   */
  async evaluate(text: TextToRead, options: EvaluationOptions = {}): Promise<Evaluation> {
    refuseUnknown(options, ['part', 'streams', 'sequenceLength', 'dynamic']);
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
    const { bits, accuracy, characters } = evaluationOf(await this.#score(plan, surprise));
    return {
      model: this.configuration,
      unit: this.vocabulary.unit === 'byte' ? 'byte' : 'character',
      characters,
      bits,
      accuracy,
      pieces: [...piecesOf(plan.tokens, this.#symbols, surprise)],
      surprise,
      ids: plan.tokens,
      symbols: symbolTexts(this.#symbols),
    };
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
    const activations = await this.#with({ kind: 'sampling', multiplyAdds: 0 }, (device) =>
      readActivations(this.trained, tokens, device, startSymbolOf(this.trained)),
    );
    const decoder = this.#symbols.decoder();
    const pieces = Array.from(tokens, (id) => decoder.push(id));
    return {
      pieces,
      activations,
      findings: pieces.length < LEAST_CHARACTERS ? [] : await runInTurns(searchCells(activations, propertiesOf(pieces))),
      saturation: saturationOf(activations),
    };
  }

  /**
   * How far back the loss reaches in a text.
   *
   * @throws RnnError `corpus` for unknown characters, or a text too short for so many steps
   */
  async gradients(text: TextToRead, options: GradientsOptions = {}): Promise<Gradients> {
    this.#refuseClosed();
    refuseUnknown(options, ['steps', 'positions', 'jacobians']);
    const { steps = 200, positions = 4, jacobians = 3 } = options;
    const tokens = tokensOf(text, this.#symbols);
    refuseUnlessWhole({ steps, positions });
    refuseUnlessWhole({ jacobians }, 0);
    const flows = await gradientFlow(this.trained, tokens, { steps, positions });
    const { layers, hidden } = this.configuration;
    const multiplyAdds = 2 * weightsIn(this.trained) * jacobians * layers * hidden;
    const singularValues = await this.#with({ kind: 'sampling', multiplyAdds }, (device) =>
      largestSingularValues(this.trained, tokens, device, jacobians),
    );
    return { name: this.path ?? 'the model', model: this.configuration, flows, singularValues };
  }

  /** Lets go of threads and memory; nothing can be asked for after it. What is in hand comes to its end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writer.close();
  }

  #plan(text: TextToRead, part: Part, given: GivenScoring): ScoringPlan {
    this.#refuseClosed();
    refuseUnlessWhole({ streams: given.streams, sequenceLength: given.sequenceLength });
    refuseWrongDynamic(given.dynamic);
    refuseUnless(parts.includes(part), 'part', part, partsInWords);
    if (typeof text === 'string') {
      refuseUnless(part === 'all', 'part', part, "'all' for a string; model.read(files, { part }) reads a text that has parts");
      return planScoring(this.trained, ofString(tokensOf(text, this.#symbols)), 'all', given);
    }
    refuseOthers(text, this.#symbols);
    return planScoring(this.trained, part === 'all' ? { ...text, train: tokensOf(text, this.#symbols) } : text, part, given);
  }

  #score(plan: ScoringPlan, record: SurpriseRecord | null = null): Promise<Score> {
    return this.#with(plan.work, (device) => score(this.trained, plan, device, record));
  }

  #open(work: Work): Promise<Device> {
    const { device = 'auto', ...machine } = this.#machine;
    return openDevice(device, { work, ...machine });
  }

  async #with<Result>(work: Work, use: (device: Device) => Promise<Result>): Promise<Result> {
    const device = await this.#open(work);
    try {
      return await use(device);
    } finally {
      await device.close();
    }
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new RnnError('usage', 'this model is closed', { hint: 'open it again by openModel' });
  }
}

const partsInWords = "'all', 'train', 'validation' or 'test'";

/** @throws RnnError `usage` for a name that is none, or a number that cannot be */
function refuseWrongDynamic(given: GivenScoring['dynamic']): void {
  if (given === undefined) return;
  refuseUnknown(given, ['learningRate', 'decay']);
  const { learningRate = dynamicDefaults.learningRate, decay = dynamicDefaults.decay } = given;
  refuseUnless(Number.isFinite(learningRate) && learningRate > 0, 'learningRate', learningRate, 'a number above 0');
  refuseUnless(Number.isFinite(decay) && decay >= 0 && decay <= 1, 'decay', decay, 'a number from 0 to 1');
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
