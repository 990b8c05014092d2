// One model in training on one device: its weights, optimizer, place in the text. Makes steps, evaluates, writes samples and
// checkpoints when told to. When that is, loop.ts decides.
import type { Checkpoint, TrainedModel } from '../runs/store.ts';
import { type StreamPosition, Streams, fitSizes } from '../corpus/batches.ts';
import type { Corpus } from '../corpus/read.ts';
import type { Call, CallResult, Device, Executable, Intact } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { stateShapes } from '../model/layer.ts';
import { initialParametersInPieces, parameterShapes } from '../model/parameters.ts';
import { type ParameterShape, countParameters } from '../program/value.ts';
import { Random } from '../random.ts';
import { runInTurns } from '../turns.ts';
import { type ActivityListener, reporting } from './activity.ts';
import { processBytes, refuseIfTooLarge } from './memory.ts';
import { type Optimizer, createOptimizer } from './optimizers.ts';
import { modelOf } from './model.ts';
import { earlierOptions } from '../options/train.ts';
import type { TrainingOptions } from '../options/training.ts';
import { ProgressSampler } from './progress-sampler.ts';
import { recordOf, recordedCorpus } from './record.ts';
import { nearestPlace, placeIn, statesIn } from './restore.ts';
import type { TrainingRun } from './run.ts';
import type { Progress } from './schedules.ts';
import { transferParameters } from './transfer.ts';
import { Validation } from './validation.ts';
import { Weights } from './weights.ts';
import { TRAIN, drawsOf, sameWindows, startSymbolOf, trainingJob } from './windows.ts';
import { workloadOf } from './workload.ts';

/** What a checkpoint records besides the session's own state. */
export type RunRecord = Pick<Checkpoint['training'], 'history' | 'bestValidationLossNats'> & Readonly<Record<string, unknown>>;

/** How far a session could go on just where it was. */
export interface Restored {
  /** The same text to train on. */
  readonly sameTraining: boolean;
  /** That text in the same windows. */
  readonly samePlace: boolean;
  /** The same characters to validate on. */
  readonly sameValidation: boolean;
  readonly sameOptimizer: boolean;
}

/** The learning rate of a step that is about to be made. */
type LearningRateOf = (place: Pick<Progress, 'step' | 'epoch'>) => number;

/** What came of one window, how much it was, and the learning rate that its call brought. */
export type WindowResult = CallResult & { readonly characters: number; readonly learningRate: number };

interface PlannedCall {
  readonly call: Call;
  /** T of its window. */
  readonly steps: number;
  readonly learningRate: number;
  /** Where the text goes on after it. */
  readonly after: StreamPosition;
}

/** What a session is made of. */
interface Opened {
  readonly model: ModelConfiguration;
  readonly options: TrainingOptions;
  readonly corpus: Corpus;
  readonly executable: Executable;
  readonly optimizer: Optimizer;
  readonly initial: TrainedModel | null;
  readonly streams: Streams;
  readonly memoryBytes: number;
  readonly sampler: ProgressSampler;
  readonly onActivity: ActivityListener;
}

export class Session {
  readonly model: ModelConfiguration;
  readonly shapes: readonly ParameterShape[];
  readonly parameters: number;
  /** Of the whole process at its peak, as estimated. */
  readonly memoryBytes: number;
  /** What it really runs on, in one line. */
  readonly deviceDescription: string;
  readonly streams: Streams;
  readonly validation: Validation;
  readonly #options: TrainingOptions;
  readonly #corpus: Corpus;
  readonly #executable: Executable;
  readonly #weights: Weights;
  readonly #initial: TrainedModel | null;
  readonly #sampler: ProgressSampler;
  #random: Random;
  #step = 0;
  #resetNext = false;

  private constructor({ model, options, corpus, executable, optimizer, initial, streams, memoryBytes, sampler, onActivity }: Opened) {
    this.model = model;
    this.shapes = parameterShapes(model);
    this.parameters = countParameters(this.shapes);
    this.memoryBytes = memoryBytes;
    this.deviceDescription = executable.description;
    this.streams = streams;
    this.#options = options;
    this.#corpus = corpus;
    this.#executable = executable;
    this.#weights = new Weights(executable, optimizer, this.shapes);
    this.#random = new Random(options.seed);
    this.#initial = initial;
    this.#sampler = sampler;
    this.validation = new Validation(corpus, options, onActivity);
  }

  /**
   * A session that must be told where to begin: `begin` or `restore`.
   * @throws RnnError `usage` if the model does not fit into this machine's memory, `corpus` if the text holds no window of these sizes
   */
  static async open(
    options: TrainingOptions,
    corpus: Corpus,
    device: Device,
    { initial = null, machine, onActivity = () => {} }: Partial<Pick<TrainingRun, 'initial' | 'machine' | 'onActivity'>> = {},
  ): Promise<Session> {
    const model = modelOf(options, corpus.vocabulary.size);
    const optimizer = createOptimizer(options);
    const workload = workloadOf(model, options, optimizer, corpus.validation.length > 1);
    const demand = { model, options, workload, textBytes: bytesOf(corpus) };
    onActivity({ kind: 'compiling', done: 0, total: 1 }); // most of the time goes into measuring its size
    await refuseIfTooLarge(demand, device);
    fitSizes(corpus.train.length, options, { batchSize: true, sequenceLength: true });
    const streams = new Streams(
      corpus.train,
      options.batchSize,
      options.sequenceLength,
      drawsOf(options),
      startSymbolOf(options, corpus.vocabulary),
    );
    const executable = await reporting(onActivity, 'compiling', () => device.compile(workload));
    const memoryBytes = processBytes(demand, executable.memoryBytes);
    const sampler = new ProgressSampler(model, corpus.vocabulary.data, device, machine?.threads ?? null, onActivity);
    return new Session({ model, options, corpus, executable, optimizer, initial, streams, memoryBytes, sampler, onActivity });
  }

  /** The first step comes next. */
  async begin(): Promise<void> {
    this.#random = new Random(this.#options.seed);
    const fresh = await runInTurns(initialParametersInPieces(this.model, this.#random));
    const parameters = this.#initial === null ? fresh : transferParameters(this.#initial, this.model, this.#corpus.vocabulary, fresh);
    await this.#weights.begin(parameters);
    this.streams.seek({ epoch: 0, window: 0 });
    this.#step = 0;
    this.#resetNext = true;
  }

  /**
   * Goes on where a run of this model stood. In another text, or in windows of other sizes, that is the same part of the text, from a
   * zero state; another optimizer begins with zeros.
   *
   * @throws RnnError `checkpoint` if its tensors are not those of this model
   */
  async restore(checkpoint: Checkpoint): Promise<Restored> {
    const { training, state } = checkpoint;
    const recorded = recordedCorpus(training);
    const { digest, sourcesDigest, train, validation } = this.#corpus;
    const sameTraining = recorded.sourcesDigest === sourcesDigest && recorded.train === train.length;
    const { validationCharacters, evaluationStreams }: Partial<TrainingOptions> = { ...earlierOptions, ...training.options };
    const isSame = validationCharacters === this.#options.validationCharacters;
    // The chunks of a sample lie elsewhere with another number of them.
    const isSameSample = isSame && (validationCharacters === 0 || evaluationStreams === this.#options.evaluationStreams);
    const sameValidation =
      isSameSample && recorded.digest === digest && recorded.train === train.length && recorded.validation === validation.length;
    const samePlace = sameTraining && sameWindows(training.options, this.#options);
    const sameOptimizer = await this.#weights.restore(checkpoint);
    const states = samePlace ? statesIn(state, stateShapes(this.model), this.#options.batchSize) : null;
    for (const [name, data] of states ?? []) await this.#executable.write({ kind: 'state', job: TRAIN, name }, data);
    this.#resetNext = states === null;
    this.streams.seek(
      samePlace ? placeIn(training.position, this.streams.windowsPerEpoch) : nearestPlace(training.epoch, this.streams.windowsPerEpoch),
    );
    this.#step = training.step;
    this.#random = Random.restore(training.random);
    return { sameTraining, samePlace, sameValidation, sameOptimizer };
  }

  /** What the device still holds of the state before a step that failed. */
  get intact(): Intact {
    return this.#executable.intact?.() ?? 'everything';
  }

  /** Updates made so far. */
  get step(): number {
    return this.#step;
  }

  /** Passes over the training text, with a fraction. */
  get epoch(): number {
    const { epoch, window } = this.streams.position;
    return epoch + window / this.streams.windowsPerEpoch;
  }

  /**
   * Windows one after another, as many as suit the device and at most `most`: loss, gradient, update of each. Each counts as a step if its
   * update was applied. One that was refused is the last; then the next window starts from a zero state. At
   * every `orthogonalEvery`-th step recurrent matrices are made orthogonal before anything else looks at them.
   */
  async advance(most: number, learningRateOf: LearningRateOf): Promise<readonly WindowResult[]> {
    const { orthogonalEvery } = this.#options;
    const untilOrthogonal = orthogonalEvery > 0 ? orthogonalEvery - (this.#step % orthogonalEvery) : Infinity;
    const planned = this.#plan(
      Math.min(most, untilOrthogonal, this.#executable.callsPerRun(trainingJob(this.streams.nextSteps, this.#options))),
      learningRateOf,
    );
    const results = await this.#executable.run(
      trainingJob(planned[0].steps, this.#options),
      planned.map(({ call }) => call),
    );
    this.streams.seek(planned[results.length - 1].after);
    this.#resetNext = !results.at(-1)!.updated;
    const steps = results.filter(({ updated }) => updated).length;
    this.#step += steps;
    this.#weights.advanced(steps);
    if (steps === untilOrthogonal) await this.#weights.makeOrthogonal(this.model);
    return results.map((result, ahead) => ({
      ...result,
      characters: this.#options.batchSize * planned[ahead].steps,
      learningRate: planned[ahead].learningRate,
    }));
  }

  /** The next calls of one length, should none be refused. The place in the text stays where it is until they were run. */
  #plan(count: number, learningRateOf: LearningRateOf): readonly PlannedCall[] {
    const start = this.streams.position;
    const { nextSteps } = this.streams;
    const planned: PlannedCall[] = [];
    while (planned.length < count && this.streams.nextSteps === nextSteps) planned.push(this.#planNext(planned.length, learningRateOf));
    this.streams.seek(start);
    return planned;
  }

  /** @param ahead how many calls are planned before this one */
  #planNext(ahead: number, learningRateOf: LearningRateOf): PlannedCall {
    const step = this.#step + ahead;
    const learningRate = learningRateOf({ step, epoch: this.epoch });
    const steps = this.streams.nextSteps;
    const { inputs, targets, reset, key } = this.streams.next();
    const update = this.#weights.scalars(ahead, learningRate);
    const isReset = reset || (ahead === 0 && this.#resetNext);
    const call = { ids: inputs, targets, reset: isReset, update, dropoutKey: key };
    return { call, steps, learningRate, after: this.streams.position };
  }

  /**
   * Mean nats per character of the validation text, or null if there is none or it became urgent to end.
   *
   * @param characters of it to score at most, in a sample; those of the run unless given
   */
  evaluate(isUrgent: () => boolean, characters?: number): Promise<number | null> {
    return this.#weights.used(() => this.validation.loss(this.#executable, isUrgent, characters));
  }

  /** A text of the model as it is now, or null if it became urgent to end; its seed follows from the run's and the step. */
  async sample(isUrgent: () => boolean): Promise<string | null> {
    const { sampleLength: length, seed } = this.#options;
    return this.#sampler.text(await this.#weights.read(), { length, seed: seed + this.#step, isUrgent });
  }

  /** Its tensors are overwritten by the next one. */
  async checkpoint(record: RunRecord): Promise<Checkpoint> {
    const state = [];
    for (const { name, columns } of stateShapes(this.model))
      state.push({
        name,
        shape: [this.#options.batchSize, columns],
        data: await this.#executable.read({ kind: 'state', job: TRAIN, name }),
      });
    return {
      model: this.model,
      vocabulary: this.#corpus.vocabulary.data,
      training: {
        ...record,
        options: { ...this.#options },
        step: this.#step,
        epoch: this.epoch,
        position: this.streams.position,
        random: this.#random.state,
        corpus: recordOf(this.#corpus),
        device: this.deviceDescription,
      },
      state: this.#resetNext || this.intact !== 'everything' ? [] : state,
      ...(await this.#weights.saved()),
    };
  }

  async close(): Promise<void> {
    await this.#sampler.close();
    await this.#executable.close();
  }
}

const bytesOf = ({ train, validation, test }: Corpus): number => train.byteLength + validation.byteLength + test.byteLength;
