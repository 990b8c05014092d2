// A trained model, for commands and other programs: it generates and scores text, and shows its
// activations and gradients. Each task opens the device that suits it and closes it afterwards.
// Only a sampler stays open until `close`.
import { type TrainedModel, parameterCountOf } from '../runs/store.ts';
import { Vocabulary } from '../corpus/read.ts';
import type { VocabularyData } from '../corpus/vocabulary.ts';
import { evalOptions, gradientsMeasured } from '../options/trained.ts';
import { columnOf, omitUndefined, kindsOf, tableOf } from '../options/option.ts';
import { wholeNumber } from '../options/kind.ts';
import { machineOfCommands } from '../options/run.ts';
import { gradientFlow } from '../insight/gradient-flow.ts';
import { largestSingularValues } from '../insight/jacobian.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import type { SampledPieces } from '../sampling/pieces.ts';
import type { Corpus } from './corpus.ts';
import type {
  ActivationsOptions,
  UnitActivations,
  Evaluation,
  EvaluationOptions,
  Gradients,
  GradientsOptions,
  Inspection,
  MachineChoice,
  ReadOptions,
  TextSurprisal,
  InputText,
} from './model-results.ts';
import {
  listenerMember,
  modelOrName,
  refuseOther,
  refuseUnlessModel,
  refuseWrong,
  sourceNames,
  stream,
} from './checks.ts';
import { readTextOfModel, readModel, tokensOf, withDevice } from './trained.ts';
import { readActivationsOf } from './activations.ts';
import { evaluateText, surprisalOf } from './evaluation.ts';
import { findUnits } from './found-units.ts';
import { type BeamOptions, type FoundContinuation, searchContinuation } from './beam-search.ts';
import { type LinesToScore, type ScoreOptions, type ScoredLine, scoreLines } from './line-scores.ts';
import { ModelSession, type SessionOptions } from './session.ts';
import { bytesForm, textForm } from './chosen-texts.ts';
import type { Sample, SampleOptions, SampleTextsOptions } from './sample-options.ts';
import { Writer } from './writer.ts';

const machineMembers = kindsOf(machineOfCommands);
const { part, include, exclude, encoding, skipInvalid } = kindsOf(tableOf(evalOptions));
const neededCharacters = wholeNumber(1, Number.MAX_SAFE_INTEGER);
const readMembers = {
  part,
  include,
  exclude,
  encoding,
  skipInvalid,
  neededCharacters,
  stdin: stream,
  listener: listenerMember,
};

/**
 * Opens a trained model.
 *
 * @param source a run folder (its best checkpoint), a file, or a result of `loadCheckpoint` or
 * `Training.trained`. Default: the newest run in ./checkpoints
 * @throws RnnError `checkpoint` if no checkpoint can be read
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

/** A trained model. Each method uses the device that `openModel` was given. */
export class Model {
  readonly trained: TrainedModel;
  /** The file from which it was read, or null. */
  readonly path: string | null;
  readonly configuration: ModelConfiguration;
  readonly vocabulary: VocabularyData;
  readonly #machine: MachineChoice;
  readonly #symbols: Vocabulary;
  readonly #writer: Writer;
  readonly #sessions = new Set<ModelSession>();

  /** Use `openModel`, which checks its arguments. */
  constructor(trained: TrainedModel, path: string | null, machine: MachineChoice) {
    this.trained = trained;
    this.path = path;
    this.configuration = trained.model;
    this.vocabulary = trained.vocabulary;
    this.#machine = machine;
    this.#symbols = new Vocabulary(trained.vocabulary);
    this.#writer = new Writer(trained, path, machine);
  }

  /**
   * Generates a text in pieces. To end it early, stop iterating.
   *
   * @throws RnnError `corpus` for characters in the prompt that the model does not know, `usage`
   * for options out of range
   */
  sample(options: SampleOptions = {}): AsyncGenerator<string, void, undefined> {
    return this.#writer.pieces(options, textForm);
  }

  /**
   * The same text as bytes, in pieces. The output of a byte-level model need not be valid UTF-8.
   *
   * @throws RnnError as `sample` does
   */
  sampleBytes(options: SampleOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#writer.pieces(options, bytesForm);
  }

  /**
   * Generates several texts at once, which is faster than one after another. Yields each text as a
   * whole.
   *
   * @throws RnnError as `sample` does, `unmet` after the last text if fewer than `count` texts meet
   * the conditions, and the error of a prompt in `primes`
   */
  sampleMany(options: SampleTextsOptions): AsyncGenerator<string, void, undefined> {
    return this.#writer.texts(options, textForm);
  }

  /**
   * The texts of `sampleMany` as bytes.
   *
   * @throws RnnError as `sample` does
   */
  sampleManyBytes(options: SampleTextsOptions): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#writer.texts(options, bytesForm);
  }

  /**
   * Generates several texts at once, and yields each with its seed and its log-probability. A prompt
   * in `primes` that fails yields its error.
   *
   * @throws RnnError as `sampleMany` does, except errors of a single prompt
   */
  samples(options: SampleTextsOptions): AsyncGenerator<Sample, void, undefined> {
    return this.#writer.samples(options, textForm);
  }

  /**
   * The texts of `samples` as bytes.
   *
   * @throws RnnError as `samples` does
   */
  samplesAsBytes(options: SampleTextsOptions): AsyncGenerator<Sample<Uint8Array>, void, undefined> {
    return this.#writer.samples(options, bytesForm);
  }

  /**
   * Generates several texts at once, and yields each in pieces. Read the texts one after another.
   *
   * @throws RnnError as `sample` does
   */
  sampleManyPieces(options: SampleTextsOptions): AsyncGenerator<SampledPieces<string>, void, undefined> {
    return this.#writer.piecesOfTexts(options, textForm);
  }

  /**
   * The texts of `sampleManyPieces` as bytes.
   *
   * @throws RnnError as `sample` does
   */
  sampleManyBytePieces(options: SampleTextsOptions): AsyncGenerator<SampledPieces<Uint8Array>, void, undefined> {
    return this.#writer.piecesOfTexts(options, bytesForm);
  }

  /**
   * Opens a session, which keeps its state from call to call.
   *
   * @throws RnnError `usage` for a wrong option
   */
  async session(options: SessionOptions = {}): Promise<ModelSession> {
    this.#writer.refuseClosed();
    const onClose = (closed: ModelSession): void => void this.#sessions.delete(closed);
    const session = await ModelSession.open(this.trained, this.#machine, options, onClose);
    this.#sessions.add(session);
    return session;
  }

  /**
   * Searches for the likeliest continuation of a text, by beam search.
   *
   * @throws RnnError `corpus` for characters that the model does not know, `usage` for a wrong option
   */
  async beamSearch(prime: string | Uint8Array, options: BeamOptions = {}): Promise<FoundContinuation> {
    this.#writer.refuseClosed();
    return searchContinuation(this.trained, this.#machine, prime, options);
  }

  /**
   * Reads files, folders, patterns or `-` with this model's vocabulary. If you ask for a part, the
   * text is split as the run's text was.
   *
   * @throws RnnError `corpus` if they cannot be read, or contain characters that the model does not
   * know
   */
  async read(sources: string | readonly string[], request: ReadOptions = {}): Promise<Corpus> {
    this.#writer.refuseClosed();
    refuseWrong(request, readMembers);
    refuseOther('sources', sources, sourceNames);
    return readTextOfModel([sources].flat(), request, this);
  }

  /**
   * Measures the loss on a text, in nats and bits per character. Every character but the first is
   * predicted. By default the text is scored in as many parallel sequences as in the evaluations of
   * the run.
   *
   * @throws RnnError `corpus` for an unknown character or a text that is too short, `usage` for
   * options out of range
   */
  async evaluate(text: InputText, options: EvaluationOptions = {}): Promise<Evaluation> {
    this.#writer.refuseClosed();
    return evaluateText(this.trained, this.#machine, text, options);
  }

  /**
   * Measures the loss of each character of a text, which is read as one sequence from beginning to
   * end.
   *
   * @throws RnnError as `evaluate` does
   */
  async surprisal(text: InputText): Promise<TextSurprisal> {
    return surprisalOf(this, await this.evaluate(text, { streams: 1, surprisal: Infinity }));
  }

  /**
   * Scores each line that is not empty, from a zero state, as soon as it arrives.
   *
   * @throws RnnError as `scoreLines` does
   */
  async *score(lines: LinesToScore, options: ScoreOptions = {}): AsyncGenerator<ScoredLine, void, undefined> {
    this.#writer.refuseClosed();
    yield* scoreLines(this.trained, this.#machine, lines, options);
  }

  /**
   * Records the activations of all units at each character, and finds the units that follow a
   * property of the text.
   *
   * @throws RnnError `corpus` for unknown characters, `usage` for a text too long for memory
   */
  async inspect(text: InputText): Promise<Inspection> {
    const read = await this.activations(text);
    return { ...read, ...(await findUnits(read)) };
  }

  /**
   * Records the activations of all units at each character. `findUnits` searches them.
   *
   * @throws RnnError as `inspect` does
   */
  async activations(text: InputText, options: ActivationsOptions = {}): Promise<UnitActivations> {
    this.#writer.refuseClosed();
    return readActivationsOf(this.trained, this.#machine, this.#symbols, text, options);
  }

  /**
   * Measures how far back gradients of the loss flow through time.
   *
   * @throws RnnError `corpus` for unknown characters, or a text too short for the number of steps
   */
  async gradients(text: InputText, options: GradientsOptions = {}): Promise<Gradients> {
    this.#writer.refuseClosed();
    refuseWrong(options, kindsOf(gradientsMeasured));
    const { steps, positions, jacobians } = { ...columnOf(gradientsMeasured, 'default'), ...omitUndefined(options) };
    const { trained } = this;
    const { model } = trained;
    const tokens = tokensOf(text, this.#symbols);
    // Only the Jacobians count: gradients through time are computed on the host in float64.
    const multiplyAdds = 2 * parameterCountOf(trained) * jacobians * model.layers * model.hidden;
    return withDevice(this.#machine, { kind: 'sampling', multiplyAdds }, async (device) => ({
      name: this.path ?? 'the model',
      model,
      flows: await gradientFlow(trained, tokens, { steps, positions }),
      singularValues: await largestSingularValues(trained, tokens, device, jacobians),
    }));
  }

  /**
   * Frees threads and memory, and closes all sessions. No task can start after it, and running tasks
   * end as usual.
   */
  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), ...[...this.#sessions].map((session) => session.close())]);
  }
}
