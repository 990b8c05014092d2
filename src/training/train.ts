// The training loop, as an async generator of events: when to step, report, evaluate, sample, save and stop. Knows nothing of
// terminals; what it yields is also the log.
import type { RunFolder } from '../checkpoint/store.ts';
import type { Corpus } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import { RnnError } from '../errors.ts';
import { openCollector } from './garbage.ts';
import type { CheckpointEvent, EndReason, EvaluationEvent, RecoveryEvent, ReportEvent, SampleEvent, StartEvent, TrainingEvent } from './events.ts';
import type { TrainingOptions } from './options.ts';
import { type Progress, learningRateAt } from './schedules.ts';
import { Session, type WindowResult } from './session.ts';

const REPORT_EVERY_MS = 1000;
/** What a coarse clock may show as no time at all. */
const SHORTEST_MS = 1e-3;
/** Steps in a row that may fail before a run is given up. */
const MOST_FAILURES = 3;

export interface TrainingRun {
  readonly options: TrainingOptions;
  readonly corpus: Corpus;
  readonly device: Device;
}

/** A run that is ready to start: everything that can be refused has been checked, and nothing has been written. */
export interface PreparedRun {
  train(folder: RunFolder, signal?: AbortSignal): AsyncGenerator<TrainingEvent>;
  close(): Promise<void>;
}

/** @throws RnnError `usage` if the model does not fit into memory */
export async function prepareTraining(run: TrainingRun): Promise<PreparedRun> {
  const session = await Session.open(run.options, run.corpus, run.device);
  return {
    train: (folder, signal) => new Loop(run, session, folder, signal).events(),
    close: () => session.close(),
  };
}

/** The state of a run besides its session's: times, the best loss, what was reported. */
class Loop {
  readonly #run: TrainingRun;
  readonly #options: TrainingOptions;
  readonly #session: Session;
  readonly #folder: RunFolder;
  readonly #signal: AbortSignal | undefined;
  readonly #started = performance.now();
  readonly #collectGarbage = openCollector();
  readonly #totalSteps: number | null;
  /** What checkpoints keep: each evaluation, and the last report before each checkpoint. */
  readonly #history: (EvaluationEvent | ReportEvent)[] = [];
  #lastReport: ReportEvent | null = null;
  /** Time spent in training steps alone. */
  #trainingMs = 0;
  #best: number | null = null;
  #sinceBest = 0;
  #failures = 0;
  #evaluatedAt = -1;
  #savedAt = -1;
  #saved: string | null = null;
  /** Since the last report. */
  #recent = { lossNats: 0, characters: 0, trainingMs: 0, at: performance.now() };

  constructor(run: TrainingRun, session: Session, folder: RunFolder, signal: AbortSignal | undefined) {
    this.#run = run;
    this.#options = run.options;
    this.#session = session;
    this.#folder = folder;
    this.#signal = signal;
    const { epochs, maxSteps } = run.options;
    this.#totalSteps = maxSteps ?? (epochs === null ? null : Math.ceil(epochs * session.streams.windowsPerEpoch));
  }

  async *events(): AsyncGenerator<TrainingEvent> {
    yield this.#log(this.#start());
    this.#collectGarbage();
    let reason = this.#reasonToEnd();
    while (reason === null) {
      yield* this.#advance();
      reason = this.#reasonToEnd();
      yield* this.#due(reason);
      reason ??= this.#reasonToEnd(); // patience, or a signal during an evaluation
    }
    yield* this.#finish(reason);
  }

  /** One run of calls. */
  async *#advance(): AsyncGenerator<TrainingEvent> {
    const before = performance.now();
    let results: readonly WindowResult[];
    try {
      results = await this.#session.advance(this.#stepsUntilDue(), (place) => learningRateAt(this.#options, this.#progress(place)));
    } catch (error) {
      // The device is gone, but not the weights of the step before.
      if (error instanceof RnnError && error.kind === 'device' && this.#session.step > 0) yield* this.#save();
      throw error;
    }
    const elapsed = performance.now() - before;
    this.#trainingMs += elapsed;
    const note = results.find((result) => result.note !== undefined)?.note;
    if (note !== undefined) yield this.#log<RecoveryEvent>({ event: 'recovery', step: this.#session.step, reason: note });
    const steps = results.filter(({ updated }) => updated);
    if (steps.length > 0) {
      this.#failures = 0;
      this.#remember(steps, (elapsed * steps.length) / results.length);
      if (performance.now() - this.#recent.at >= REPORT_EVERY_MS || this.#reasonToEnd() !== null) yield this.#report(steps.at(-1)!);
    }
    if (steps.length < results.length) yield this.#recovery(results.at(-1)!);
  }

  /** Adds steps to what the next report tells. */
  #remember(steps: readonly WindowResult[], trainingMs: number): void {
    const { batchSize, sequenceLength } = this.#options;
    for (const { lossNats } of steps) this.#recent.lossNats += lossNats;
    this.#recent.characters += steps.length * batchSize * sequenceLength;
    this.#recent.trainingMs += trainingMs;
  }

  #recovery({ lossNats }: WindowResult): RecoveryEvent {
    this.#failures++;
    const what = Number.isFinite(lossNats) ? 'the gradient' : 'the loss';
    return this.#log({ event: 'recovery', step: this.#session.step, reason: `${what} is not a finite number: the step was left out and the state zeroed` });
  }

  #report({ learningRate, gradientNorm }: WindowResult): ReportEvent {
    const { lossNats, characters, trainingMs } = this.#recent;
    this.#recent = { lossNats: 0, characters: 0, trainingMs: 0, at: performance.now() };
    const report: ReportEvent = {
      event: 'report',
      step: this.#session.step,
      epoch: this.#session.epoch,
      lossNats: lossNats / characters,
      learningRate,
      gradientNorm,
      charactersPerSecond: (1000 * characters) / Math.max(trainingMs, SHORTEST_MS),
      elapsedMs: performance.now() - this.#started,
      progress: this.#progress().fraction,
    };
    this.#lastReport = report;
    return this.#log(report);
  }

  /** What is due after a run of calls: evaluation, sample, checkpoint. At the end, whatever the last steps have not had yet. */
  async *#due(reason: EndReason | null): AsyncGenerator<TrainingEvent> {
    const { evaluateEvery, sampleEvery, checkpointEvery } = this.#options;
    // Whoever ends a run in a hurry wants it saved, not judged.
    if (this.#failures > 0 || reason === 'signal' || reason === 'max-time') return;
    const atEnd = reason !== null;
    if (this.#isDue(evaluateEvery) || atEnd) yield* this.#evaluate();
    if (this.#isDue(sampleEvery) || (atEnd && sampleEvery > 0)) yield* this.#sample();
    if (this.#isDue(checkpointEvery)) yield* this.#save();
  }

  async *#sample(): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
    try {
      yield this.#log<SampleEvent>({ event: 'sample', step, text: await this.#session.sample() });
    } catch (error) {
      if (!(error instanceof RnnError)) throw error;
      yield this.#log<RecoveryEvent>({ event: 'recovery', step, reason: `no sample could be taken: ${error.message}` });
    }
  }

  #isDue(every: number): boolean {
    return every > 0 && this.#session.step % every === 0;
  }

  /** How many steps may be made before something is due, or the run is over. */
  #stepsUntilDue(): number {
    const { evaluateEvery, sampleEvery, checkpointEvery } = this.#options;
    const { step } = this.#session;
    const until = [evaluateEvery, sampleEvery, checkpointEvery].filter((every) => every > 0).map((every) => every - (step % every));
    return Math.min(...until, (this.#totalSteps ?? Infinity) - step);
  }

  async *#evaluate(): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
    if (this.#evaluatedAt === step) return;
    this.#evaluatedAt = step;
    const validationLossNats = await this.#session.evaluate(this.#signal);
    if (validationLossNats === null) return;
    if (!Number.isFinite(validationLossNats)) {
      yield this.#log<RecoveryEvent>({ event: 'recovery', step, reason: 'the validation loss is not a finite number: this evaluation does not count' });
      return;
    }
    this.#rememberReport();
    const best = this.#best === null || validationLossNats < this.#best;
    this.#sinceBest = best ? 0 : this.#sinceBest + 1;
    const event: EvaluationEvent = { event: 'evaluation', step, validationLossNats, best };
    this.#history.push(event);
    if (best) {
      this.#best = validationLossNats;
      await this.#folder.saveBest(await this.#session.checkpoint(this.#record()));
    }
    yield this.#log(event);
  }

  async *#save(): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
    if (this.#savedAt === step) return;
    await this.#folder.saveLatest(await this.#session.checkpoint(this.#record()));
    this.#savedAt = step;
    this.#saved = this.#folder.latestPath;
    this.#collectGarbage();
    yield this.#log<CheckpointEvent>({ event: 'checkpoint', step, path: this.#saved });
  }

  async *#finish(reason: EndReason): AsyncGenerator<TrainingEvent> {
    try {
      yield* this.#save();
    } catch (error) {
      // What has diverged may be past saving; then the checkpoint before stays the last.
      if (reason !== 'diverged' || !(error instanceof RnnError)) throw error;
    }
    yield this.#log({
      event: 'end',
      reason,
      step: this.#session.step,
      bestValidationLossNats: this.#best,
      checkpoint: this.#saved,
      elapsedMs: performance.now() - this.#started,
    });
  }

  #reasonToEnd(): EndReason | null {
    const { maxSteps, budgetMs, maxTimeMs, patience } = this.#options;
    if (this.#failures >= MOST_FAILURES) return 'diverged';
    if (this.#signal?.aborted) return 'signal';
    if (this.#totalSteps !== null && this.#session.step >= this.#totalSteps) return maxSteps === null ? 'epochs' : 'max-steps';
    if (budgetMs !== null && this.#trainingMs >= budgetMs) return 'budget';
    if (patience > 0 && this.#sinceBest >= patience) return 'patience';
    if (maxTimeMs !== null && performance.now() - this.#started >= maxTimeMs) return 'max-time';
    return null;
  }

  /**
   * How much is done when a step is about to be made: as it stands, or after steps that the next run of calls makes before it. Time does not
   * go on within a run of calls, which takes about a second.
   */
  #progress({ step, epoch }: Pick<Progress, 'step' | 'epoch'> = this.#session): Progress {
    const fraction = this.#totalSteps === null ? this.#trainingMs / this.#options.budgetMs! : step / this.#totalSteps;
    return { step, epoch, fraction: Math.min(1, fraction) };
  }

  /** Moves the last report into the history, oldest first. */
  #rememberReport(): void {
    if (this.#lastReport !== null) this.#history.push(this.#lastReport);
    this.#lastReport = null;
  }

  #record(): { history: readonly Readonly<Record<string, unknown>>[]; bestValidationLossNats: number | null; trainingMs: number; elapsedMs: number; sinceBest: number } {
    this.#rememberReport();
    return { history: this.#history.map((event) => ({ ...event })), bestValidationLossNats: this.#best, trainingMs: this.#trainingMs, elapsedMs: performance.now() - this.#started, sinceBest: this.#sinceBest };
  }

  #start(): StartEvent {
    const { corpus } = this.#run;
    const { train, validation, characters, vocabulary } = corpus;
    return {
      event: 'start',
      model: this.#session.model,
      parameters: this.#session.parameters,
      device: this.#session.deviceDescription,
      corpus: { characters, symbols: vocabulary.size, train: train.length, validation: validation.length },
      options: { ...this.#options },
      totalSteps: this.#totalSteps,
      memoryBytes: this.#session.memoryBytes,
    };
  }

  #log<Event extends TrainingEvent>(event: Event): Event {
    this.#folder.appendLog(event);
    return event;
  }
}
