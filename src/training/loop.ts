// The training loop, an async generator of events: when to step, report, evaluate, sample, save, go
// back and stop. The events are also the log.
import { setImmediate } from 'node:timers/promises';
import { RnnError } from '../errors.ts';
import type { CheckpointWriter } from './checkpoint-writer.ts';
import type { EndReason, EvaluationEvent, TrainingEvent } from './events.ts';
import { addToHistory } from './history.ts';
import { canScoreWhole } from './intervals.ts';
import { createLossMeter } from './loss-meter.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { TrainingRun } from './run.ts';
import { type RunState, countEvaluation, pendingEventsAt, recoverRun } from './run-state.ts';
import { runRecord, startEvent, stateOf } from './run-state.ts';
import { learningRateAt } from './schedules.ts';
import type { RestoredParts, RunRecord, Session, WindowResult } from './session.ts';
import { StopRequest } from './stop-request.ts';
import { INTERIM_CHARACTERS, createTimetable } from './timetable.ts';
import { evaluationsIn, verdictOf } from './verdict.ts';

/** The reason of the event if a device fails within a step. */
const STATE_IS_LOST =
  'the device failed and the hidden state is lost. If you resume this run, it starts from a zero state, so its losses differ slightly';

export class Loop {
  readonly #run: TrainingRun;
  readonly #options: TrainingOptions;
  readonly #session: Session;
  readonly #writer: CheckpointWriter;
  readonly #stop: StopRequest;
  readonly #now: () => number;
  readonly #started: number;
  readonly #meter: ReturnType<typeof createLossMeter>;
  readonly #state: RunState;
  readonly #timetable: ReturnType<typeof createTimetable>;
  #hasDiverged = false;
  /** Whether the current state is saved. */
  #isSaved: boolean;
  /** Whether the run had nothing left to do when this invocation began. */
  readonly #wasOver: boolean;

  constructor(
    run: TrainingRun,
    session: Session,
    restored: RestoredParts | null,
    writer: CheckpointWriter,
    signal: AbortSignal | undefined,
  ) {
    this.#run = run;
    this.#options = run.options;
    this.#session = session;
    this.#writer = writer;
    this.#stop = new StopRequest(signal, run.options.maxTimeMs);
    this.#now = run.clock ?? (() => performance.now());
    this.#started = this.#now();
    this.#meter = createLossMeter(this.#now);
    this.#state = stateOf(run, session, restored);
    this.#timetable = createTimetable(run.options, session, this.#state, this.#now);
    this.#isSaved = restored !== null && writer.isLatestReadable;
    this.#wasOver = this.#isSaved && this.#timetable.isJudged && this.#timetable.finished !== null;
  }

  async *events(): AsyncGenerator<TrainingEvent> {
    if (this.#run.resumedFrom)
      await this.#writer.truncateLog(this.#session.step, pendingEventsAt(this.#state, this.#session.step));
    yield this.#writer.log(startEvent(this.#run, this.#session, this.#state));
    let reason: EndReason | null = null;
    try {
      while ((reason = yield* this.#runDueWork()) === null) yield* this.#advance();
    } catch (error) {
      // The device or a part of it is lost, but perhaps not the weights of the step before.
      const { intact, step } = this.#session;
      const canSave = !this.#isSaved && !this.#hasDiverged && step > 0 && intact !== 'nothing';
      if (canSave) yield* this.#save();
      if (canSave && intact === 'weights') yield this.#logRecovery(STATE_IS_LOST);
      throw error;
    }
    yield* this.#finish(reason);
  }

  /**
   * Does everything that is due at the current step, and at the end of the run everything that is
   * not done yet. Returns the reason to end.
   */
  async *#runDueWork(): AsyncGenerator<TrainingEvent, EndReason | null> {
    yield* this.#writer.drainFileEvents(this.#session.step);
    yield* this.#evaluateSampleAndSave();
    if (this.#reasonToEnd === null) return null;
    yield* this.#evaluateSampleAndSave(); // the evaluation may have ended it
    if (!this.#hasDiverged) yield* this.#save();
    return this.#reasonToEnd;
  }

  /** Runs one series of calls. */
  async *#advance(): AsyncGenerator<TrainingEvent> {
    const startMs = this.#now();
    const results = await this.#session.advance(
      this.#timetable.stepsUntilDue,
      (place) => this.#state.learningRateFactor * learningRateAt(this.#options, this.#timetable.progressAt(place)),
    );
    this.#stop.hasAdvanced = true;
    const elapsedMs = this.#now() - startMs;
    this.#state.trainingMs += elapsedMs;
    for (const { note } of results) if (note !== undefined) yield this.#logRecovery(note);
    await setImmediate(); // gives signals and timers a turn, even if the device computes on this thread
    this.#isSaved = false;
    const steps = results.filter(({ updated }) => updated);
    const divergence = this.#state.trend.problemIn(results);
    if (steps.length > 0) {
      this.#meter.add(steps, (elapsedMs * steps.length) / results.length);
      const isReportDue = this.#meter.isReportDue || this.#timetable.isReportDue || this.#reasonToEnd !== null;
      if (divergence === null && isReportDue && !this.#meter.isEmpty) yield this.#report(steps.at(-1)!);
    }
    if (divergence !== null)
      yield* this.#recover(divergence.problem, this.#session.step - steps.length + divergence.stepsBefore);
  }

  async *#recover(problem: string, step = this.#session.step): AsyncGenerator<TrainingEvent> {
    this.#hasDiverged = true; // until the state is restored: a diverged state is not saved
    const where = { problem, step };
    const back = await recoverRun(this.#session, this.#writer, this.#state, this.#options, where);
    this.#hasDiverged = !back.hasRecovered;
    this.#isSaved = back.isSaved;
    this.#meter.reset();
    yield this.#logRecovery(back.reason);
  }

  #report({ learningRate, gradientNorm }: WindowResult): TrainingEvent {
    const { step, epoch } = this.#session;
    const measurements = this.#meter.reset();
    return this.#logAndRemember({
      event: 'report',
      step,
      epoch,
      elapsedMs: this.#elapsedMs,
      progress: this.#timetable.progressAt().fraction,
      ...measurements,
      learningRate,
      gradientNorm,
      trainingMs: this.#state.trainingMs,
      remainingPausesMs: this.#timetable.remainingPausesMs(measurements.charactersPerSecond),
    });
  }

  /** Evaluates, samples and saves if that is due and not done yet. */
  async *#evaluateSampleAndSave(): AsyncGenerator<TrainingEvent> {
    const reason = this.#reasonToEnd;
    // These runs end at once: a stopped run is saved without an evaluation, and so is a run that
    // reaches --max-time. A diverged state is neither evaluated nor saved.
    if (this.#stop.reason !== null || reason === 'max-time' || reason === 'diverged') return;
    const atEnd = reason !== null;
    const isSampleDue = this.#timetable.samples && (this.#timetable.isDue('sample') || atEnd);
    if (this.#timetable.isDue('evaluation') || atEnd) yield* this.#evaluate(atEnd);
    if (this.#hasDiverged) return;
    if (isSampleDue) yield* this.#sample();
    if (this.#timetable.isDue('save')) yield* this.#save();
    if (atEnd) return;
    if (this.#timetable.isInterimDue) {
      if (this.#options.evaluateEvery !== 0)
        yield* this.#evaluateInterim(Math.min(INTERIM_CHARACTERS, this.#session.validation.scored()));
      if (this.#timetable.samples) yield* this.#sample(false);
      this.#timetable.recordEvaluation();
    }
    if (this.#timetable.isTimedSaveDue) yield* this.#save(true);
  }

  async *#evaluateInterim(characters: number): AsyncGenerator<TrainingEvent> {
    const { step, validation } = this.#session;
    const validationLossNats = await this.#session.evaluate(this.#stop.isUrgent, characters);
    if (validationLossNats === null || !Number.isFinite(validationLossNats)) return;
    yield this.#writer.log({ event: 'interim', step, validationLossNats, characters: validation.scored(characters) });
  }

  /** @param isDue whether a checkpoint records that the sample was taken */
  async *#sample(isDue = true): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
    if (this.#state.sampledAt === step) return;
    this.#timetable.begin('sample');
    let event: TrainingEvent;
    try {
      const text = await this.#session.sample(this.#stop.isUrgent);
      if (text === null) return;
      event = this.#writer.log({ event: 'sample', step, text });
    } catch (error) {
      if (!(error instanceof RnnError) || error.kind === 'usage' || error.kind === 'busy') throw error;
      event = this.#logRecovery(`cannot take a sample: ${error.message}`);
    }
    if (isDue) {
      this.#state.sampledAt = step;
      this.#state.sampledMs = this.#state.trainingMs;
      this.#isSaved = false;
    }
    this.#timetable.end('sample');
    yield event;
  }

  async *#evaluate(atEnd: boolean): AsyncGenerator<TrainingEvent> {
    const { step, validation } = this.#session;
    if (!validation.isPossible || this.#state.evaluatedAt === step) return;
    if (this.#timetable.isSavedBeforeEvaluation(atEnd)) yield* this.#save(true);
    if (this.#hasDiverged || this.#session.step !== step) return; // a state that cannot be saved made the run go back
    this.#timetable.begin('evaluation');
    const validationLossNats = await this.#session.evaluate(this.#stop.isUrgent);
    if (validationLossNats === null) return;
    if (!Number.isFinite(validationLossNats)) return yield* this.#recover('the validation loss is not a finite number');
    this.#timetable.recordEvaluation();
    this.#isSaved = false;
    const best = this.#state.best === null || validationLossNats < this.#state.best;
    const characters = validation.scored();
    const event: EvaluationEvent = {
      event: 'evaluation',
      step,
      validationLossNats,
      best,
      trainingLossNats: this.#state.trend.averageNats,
      ...(characters < validation.all && { characters }),
    };
    countEvaluation(this.#state, event, this.#options);
    this.#logAndRemember(event); // before best.json: if the run is killed in between, it does not evaluate this step again
    if (best) {
      // A sample and a save may still be due at this step, so best.json never marks the run as over.
      const record = { ...this.#record(null), bestValidationLossNats: validationLossNats };
      const error = await this.#writer.saveBest(await this.#session.checkpoint(record));
      if (error === null) this.#state.best = validationLossNats; // the best loss is the loss in best.json
      if (error?.kind === 'checkpoint') return yield* this.#recover('a weight is not a finite number');
    }
    this.#timetable.end('evaluation');
    yield event;
    yield* this.#writer.drainFileEvents(this.#session.step);
  }

  async *#save(isTimed = false): AsyncGenerator<TrainingEvent> {
    if (this.#isSaved) return;
    this.#timetable.begin('save');
    const checkpoint = await this.#session.checkpoint({ ...this.#record(), ...(isTimed && { savedByClock: true }) });
    const error = await this.#writer.saveLatest(checkpoint, this.#options.keep, isTimed);
    if (error?.kind === 'checkpoint') return yield* this.#recover('a weight is not a finite number');
    this.#timetable.end('save');
    if (error === null) yield this.#logCheckpoint();
    yield* this.#writer.drainFileEvents(this.#session.step);
  }

  #logCheckpoint(): TrainingEvent {
    this.#isSaved = true;
    return this.#writer.log({ event: 'checkpoint', step: this.#session.step, path: this.#writer.savedPath! });
  }

  async *#finish(reason: EndReason): AsyncGenerator<TrainingEvent> {
    const { batchSize, sequenceLength, keep, learningRate } = this.#options;
    const { step, epoch, validation } = this.#session;
    const { best, evaluatedAt, sinceBest, history, learningRateFactor } = this.#state;
    // A diverged state is not saved, so the checkpoint before it is the last.
    if (!this.#hasDiverged && !this.#isSaved) {
      await this.#writer.saveLast(await this.#session.checkpoint(this.#record()), keep);
      yield this.#logCheckpoint();
    }
    yield* this.#writer.drainFileEvents(this.#session.step);
    // After a run that validates on a sample: scores the best weights on the whole held-out part,
    // if that costs little.
    const isOver = !this.#wasOver && this.#stop.reason === null && this.#timetable.finished !== null;
    const isBestSampled = evaluatedAt === step && sinceBest === 0 && validation.scored() < validation.all;
    if (isOver && isBestSampled && canScoreWhole(step * batchSize * sequenceLength, validation.all))
      yield* this.#evaluateInterim(validation.all);
    yield this.#writer.log({
      event: 'end',
      reason: this.#wasOver ? 'finished' : reason,
      step,
      bestValidationLossNats: best,
      checkpoint: this.#writer.savedPath,
      peakLearningRate: learningRate * learningRateFactor,
      elapsedMs: this.#elapsedMs,
      verdict: verdictOf({ evaluations: evaluationsIn(history), options: this.#options, step, epoch, reason }),
    });
  }

  get #reasonToEnd(): EndReason | null {
    if (this.#hasDiverged) return 'diverged';
    const { finished, isJudged } = this.#timetable;
    return this.#stop.reason ?? (this.#stop.isTimeOver && (finished === null || !isJudged) ? 'max-time' : finished);
  }

  /** Milliseconds of the whole run, over all invocations. */
  get #elapsedMs(): number {
    return this.#state.elapsedMs + this.#now() - this.#started;
  }

  #record(finished = this.#timetable.isJudged ? this.#timetable.finished : null): RunRecord {
    const { reading, machine } = this.#run;
    return { reading, machine, ...runRecord(this.#state, this.#elapsedMs, finished) };
  }

  #logAndRemember<Event extends Parameters<typeof addToHistory>[1]>(event: Event): Event {
    this.#state.history = addToHistory(this.#state.history, event);
    return this.#writer.log(event);
  }

  /** Logs a problem and the response to it. */
  #logRecovery(reason: string): TrainingEvent {
    return this.#writer.log({ event: 'recovery', step: this.#session.step, reason });
  }
}
