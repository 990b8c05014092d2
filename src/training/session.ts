// One model in training on one device: its weights, optimizer and position in the text. Steps,
// evaluates, samples and makes checkpoints. loop.ts decides when.
import type { Checkpoint } from '../runs/store.ts';
import { type BatchSource, type StreamPosition, fitSizes } from '../corpus/batches.ts';
import type { Call, CallResult, Executable, IntactData } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { stateShapes } from '../model/layer.ts';
import { initialParametersInSlices } from '../model/parameters.ts';
import { Random } from '../random.ts';
import { runInSlices } from '../run-in-slices.ts';
import { withActivity } from './activity.ts';
import { processBytes, refuseIfTooLarge } from '../evaluation/memory.ts';
import { createOptimizer } from './optimizers.ts';
import { modelConfigurationOf } from './model.ts';
import { type ProgressSampler, createProgressSampler } from './progress-sampler.ts';
import { corpusRecordOf, sameParts } from './record.ts';
import { nearestPosition, positionIn, sameRecordWeights, sameSample, sameWindows, statesIn } from './restore.ts';
import type { TrainingRun } from './run.ts';
import type { Progress } from './schedules.ts';
import { transferParameters } from './transfer.ts';
import { validationOf } from './validation.ts';
import { type WeightVectors, openWeights } from './weights.ts';
import { TRAIN, type WindowPlan, readingOfRun, trainingJob } from './windows.ts';
import { memoryDemandOf, workloadOf } from './workload.ts';

/** The part of a checkpoint that is not the session's own state. */
export type RunRecord = Pick<Checkpoint['training'], 'history' | 'bestValidationLossNats'> &
  Readonly<Record<string, unknown>>;

/** The parts of a run that are unchanged in the session that continues it. */
export interface RestoredParts {
  /** The text to train on. */
  readonly sameTraining: boolean;
  /** The text to train on, cut into the same windows. */
  readonly samePlace: boolean;
  /** The characters to validate on. */
  readonly sameValidation: boolean;
  readonly sameOptimizer: boolean;
}

/** The learning rate of the next step. */
type LearningRateOf = (place: Pick<Progress, 'step' | 'epoch'>) => number;

/** The results of one window, its size, and the learning rate of its call. */
export type WindowResult = CallResult & { readonly characters: number; readonly learningRate: number };

interface PlannedCall {
  readonly call: Call;
  readonly learningRate: number;
  /** The position in the text after it. */
  readonly after: StreamPosition;
  /** The number of targets that it scores. */
  readonly scored: number;
}

type SessionRun = Pick<TrainingRun, 'options' | 'corpus' | 'device'> & Partial<TrainingRun>;

export class Session {
  readonly model: ModelConfiguration;
  readonly parameters: number;
  /** Estimated peak memory of the whole process. */
  readonly memoryBytes: number;
  /** The device with its kernels and threads, in one line. */
  readonly deviceDescription: string;
  readonly streams: BatchSource;
  readonly validation: ReturnType<typeof validationOf>;
  readonly #run: SessionRun;
  readonly #executable: Executable;
  readonly #weights: WeightVectors;
  readonly #windows: WindowPlan;
  readonly #sampler: ProgressSampler;
  #random: Random;
  #step = 0;
  #resetNext = false;

  private constructor(
    run: SessionRun,
    model: ModelConfiguration,
    weights: WeightVectors,
    executable: Executable,
    { plan, batches }: ReturnType<typeof readingOfRun>,
    memoryBytes: number,
  ) {
    const { options, corpus } = run;
    this.model = model;
    this.parameters = weights.count;
    this.memoryBytes = memoryBytes;
    this.deviceDescription = executable.description;
    this.streams = batches;
    this.#windows = plan;
    this.validation = validationOf(run, plan);
    this.#run = run;
    this.#executable = executable;
    this.#weights = weights;
    this.#sampler = createProgressSampler(model, corpus.vocabulary, run);
    this.#random = new Random(options.seed);
  }

  /**
   * Opens a session. The caller must then call `begin` or `restore`.
   *
   * @throws RnnError `usage` if the model does not fit into this machine's memory, `corpus` if the
   * text is too short for one window of these sizes
   */
  static async open(run: SessionRun): Promise<Session> {
    const { options, corpus, device, onActivity } = run;
    const model = modelConfigurationOf(options, corpus.vocabulary.size);
    const optimizer = createOptimizer(options);
    if (corpus.records === null) fitSizes(corpus.train.length, options, { batchSize: true, sequenceLength: true });
    const reading = readingOfRun(options, corpus);
    const workload = workloadOf(model, options, optimizer, reading.plan, corpus.validation.length > 1);
    const textBytes = corpus.train.byteLength + corpus.validation.byteLength + corpus.test.byteLength;
    const demand = memoryDemandOf(model, options, workload, textBytes, reading.plan.lengths);
    onActivity?.({ kind: 'compiling', done: 0, total: 1 }); // most of the time goes into measuring its size
    await refuseIfTooLarge(demand, device);
    const executable = await withActivity(onActivity, 'compiling', () => device.compile(workload));
    const weights = openWeights(executable, optimizer, model);
    return new Session(run, model, weights, executable, reading, processBytes(demand, executable.memoryBytes));
  }

  /** Prepares the first step of a new run. */
  async begin(): Promise<void> {
    const { initialModel, corpus } = this.#run;
    this.#random = new Random(this.#run.options.seed);
    const fresh = await runInSlices(initialParametersInSlices(this.model, this.#random));
    await this.#weights.begin(
      initialModel ? transferParameters(initialModel, this.model, corpus.vocabulary, fresh) : fresh,
    );
    this.streams.seek({ epoch: 0, window: 0 });
    this.#step = 0;
    this.#resetNext = true;
  }

  /**
   * Continues a run of this model. If the text or the sizes of windows have changed, it continues
   * at the same part of the text, from a zero state. Another optimizer begins with zeros.
   *
   * @throws RnnError `checkpoint` if its tensors do not fit this model
   */
  async restore(checkpoint: Checkpoint): Promise<RestoredParts> {
    const { training, state } = checkpoint;
    const { corpus, options, reading } = this.#run;
    const { batchSize } = options;
    const { windowsPerEpoch } = this.streams;
    const { train: sameTraining, validation } = sameParts(training, corpus);
    const sameValidation = validation && sameSample(training.options, options);
    const sameWeights = corpus.records === null || reading === undefined || sameRecordWeights(training, reading);
    const samePlace = sameTraining && sameWeights && sameWindows(training.options, options);
    const sameOptimizer = await this.#weights.restore(checkpoint);
    const states = samePlace ? statesIn(state, stateShapes(this.model), batchSize) : null;
    for (const [name, data] of states ?? []) await this.#executable.write({ kind: 'state', job: TRAIN, name }, data);
    this.#resetNext = states === null;
    this.streams.seek(
      samePlace ? positionIn(training.position, windowsPerEpoch) : nearestPosition(training.epoch, windowsPerEpoch),
    );
    this.#step = training.step;
    this.#random = Random.restore(training.random);
    return { sameTraining, sameValidation, samePlace, sameOptimizer };
  }

  /** The part of the state before a failed step that the device still has. */
  get intact(): IntactData {
    return this.#executable.intact?.() ?? 'everything';
  }

  /** Update steps done. */
  get step(): number {
    return this.#step;
  }

  /** Epochs done, with a fraction. */
  get epoch(): number {
    const { epoch, window } = this.streams.position;
    return epoch + window / this.streams.windowsPerEpoch;
  }

  /**
   * Trains on successive windows, as many as suit the device and at most `max`: loss, gradient and
   * update of each. Each counts as a step if its update was applied. A refused update ends the
   * series, and the next window starts from a zero state. At every `orthogonalEvery`-th step the
   * recurrent matrices are made orthogonal before they are used again.
   */
  async advance(max: number, learningRateOf: LearningRateOf): Promise<readonly WindowResult[]> {
    const { orthogonalEvery } = this.#run.options;
    const { nextSteps: T } = this.streams;
    const job = trainingJob(T, this.#windows);
    const untilOrthogonal = orthogonalEvery > 0 ? orthogonalEvery - (this.#step % orthogonalEvery) : Infinity;
    const planned = this.#plan(Math.min(max, untilOrthogonal, this.#executable.callsPerRun(job)), learningRateOf);
    const results = await this.#executable.run(
      job,
      planned.map(({ call }) => call),
    );
    this.streams.seek(planned[results.length - 1].after);
    this.#resetNext = !results.at(-1)!.updated;
    const steps = results.filter(({ updated }) => updated).length;
    this.#step += steps;
    this.#weights.countWindows(steps);
    if (steps === untilOrthogonal) await this.#weights.makeOrthogonal();
    return results.map((result, index) => ({
      ...result,
      characters: planned[index].scored,
      learningRate: planned[index].learningRate,
    }));
  }

  /**
   * The next calls of one length, if none is refused. The position in the text does not change
   * until they have run.
   */
  #plan(count: number, learningRateOf: LearningRateOf): readonly PlannedCall[] {
    const { position: start, nextSteps } = this.streams;
    const planned: PlannedCall[] = [];
    while (planned.length < count && this.streams.nextSteps === nextSteps) {
      const windowsBefore = planned.length;
      const learningRate = learningRateOf({ step: this.#step + windowsBefore, epoch: this.epoch });
      const { inputs: ids, targets, reset: isReset, key: dropoutKey, scored } = this.streams.next();
      const reset = isReset || (windowsBefore === 0 && this.#resetNext);
      const call = { ids, targets, reset, update: this.#weights.scalars(windowsBefore, learningRate), dropoutKey };
      planned.push({ call, learningRate, after: this.streams.position, scored });
    }
    this.streams.seek(start);
    return planned;
  }

  /**
   * Mean nats per character of the validation text, or null if there is no such text or the run
   * must end soon.
   *
   * @param characters the maximum number to score, in a sample. By default as in the run
   */
  evaluate(isUrgent: () => boolean, characters?: number): Promise<number | null> {
    return this.#weights.runWithAverages(() => this.validation.loss(this.#executable, isUrgent, characters));
  }

  /**
   * A text of the current model, or null if the run must end soon. Its seed is the run's seed plus
   * the step.
   */
  async sample(isUrgent: () => boolean): Promise<string | null> {
    const { sampleLength, seed } = this.#run.options;
    return this.#sampler.text(await this.#weights.read(), sampleLength, seed + this.#step, isUrgent);
  }

  /** The next call overwrites the tensors of the result. */
  async checkpoint(record: RunRecord): Promise<Checkpoint> {
    const { corpus, options } = this.#run;
    const state = [];
    const shapes = this.#resetNext || this.intact !== 'everything' ? [] : stateShapes(this.model);
    for (const { name, columns } of shapes) {
      const data = await this.#executable.read({ kind: 'state', job: TRAIN, name });
      state.push({ name, shape: [options.batchSize, columns], data });
    }
    return {
      model: this.model,
      vocabulary: corpus.vocabulary.data,
      training: {
        ...record,
        options: { ...options },
        step: this.#step,
        epoch: this.epoch,
        position: this.streams.position,
        random: this.#random.state,
        corpus: corpusRecordOf(corpus),
        device: this.deviceDescription,
      },
      state,
      ...(await this.#weights.saved()),
    };
  }

  async close(): Promise<void> {
    await this.#sampler.close();
    await this.#executable.close();
  }
}
