// The training loop, as an async generator of events: when to step, report, evaluate, sample, save, go back and stop. Knows nothing of
// terminals; what it yields is also the log.
import { setImmediate } from 'node:timers/promises';
import { RnnError } from '../errors.ts';
import { ClockSchedule, INTERIM_CHARACTERS } from './clock-schedule.ts';
import type { EndReason, EvaluationEvent, TrainingEvent } from './events.ts';
import { openCollector } from './garbage.ts';
import { Hurry } from './hurry.ts';
import type { Keeper, Stored } from './keeper.ts';
import type { TrainingOptions } from './options.ts';
import { Recent } from './recent.ts';
import { recordedLoop } from './record.ts';
import { goBack, howItGoesOn, stateIsLost, whyGivenUp } from './recovery.ts';
import { type TrainingRun, progressAt, startOf, stepsOf, stepsUntilDue, whyFinished } from './run.ts';
import { type Progress, learningRateAt } from './schedules.ts';
import type { Restored, RunRecord, Session, WindowResult } from './session.ts';
import { Standing } from './standing.ts';
import { evaluationsIn, verdictOf } from './verdict.ts';

export class Loop {
  readonly #run: TrainingRun;
  readonly #options: TrainingOptions;
  readonly #session: Session;
  readonly #keeper: Keeper;
  readonly #hurry: Hurry;
  readonly #now: () => number;
  readonly #started: number;
  readonly #recent: Recent;
  readonly #clock: ClockSchedule;
  readonly #collectGarbage = openCollector();
  readonly #elapsedBeforeMs: number;
  readonly #totalSteps: number | null;
  #standing: Standing;
  #hasDiverged = false;
  /** Nothing has changed since the last state was saved. */
  #isSaved: boolean;
  #savedStep: number | null;
  #savedStepNotByClock: number | null;
  /** Nothing was left to do when this invocation began. */
  #wasOver: boolean;

  constructor(run: TrainingRun, session: Session, restored: Restored | null, keeper: Keeper, signal: AbortSignal | undefined) {
    this.#run = run;
    this.#options = run.options;
    this.#session = session;
    this.#keeper = keeper;
    this.#hurry = new Hurry(signal, run.options.maxTimeMs);
    this.#now = run.clock ?? (() => performance.now());
    this.#started = this.#now();
    this.#recent = new Recent(this.#now);
    this.#clock = new ClockSchedule(this.#now);
    const training = run.earlier?.training;
    this.#elapsedBeforeMs = training === undefined ? 0 : recordedLoop(training).elapsedMs;
    this.#standing = new Standing(training ?? null, Math.log(session.model.vocabulary));
    if (restored !== null) this.#standing.forgetLosses(restored);
    if (training !== undefined && training.options.learningRate !== run.options.learningRate) this.#standing.forgetLearningRate();
    this.#isSaved = restored !== null && keeper.isLatestSound;
    this.#savedStep = this.#savedStepNotByClock = restored === null ? null : session.step;
    this.#totalSteps = stepsOf(run, session, restored?.samePlace === true);
    this.#wasOver = this.#isSaved && this.#finished() !== null;
  }

  async *events(): AsyncGenerator<TrainingEvent> {
    if (this.#run.earlier) await this.#keeper.cutBack(this.#session.step, this.#standing.undoneAt(this.#session.step));
    yield this.#log(startOf(this.#run, this.#session, this.#totalSteps));
    this.#collectGarbage();
    let reason: EndReason | null = null;
    try {
      while ((reason = yield* this.#look()) === null) yield* this.#advance();
    } catch (error) {
      // The device is gone, or a part of it, but perhaps not the weights of the step before.
      const { intact, step } = this.#session;
      const canSave = !this.#isSaved && !this.#hasDiverged && step > 0 && intact !== 'nothing';
      if (canSave) yield* this.#save();
      if (canSave && intact === 'weights') yield this.#tell(stateIsLost);
      throw error;
    }
    yield* this.#finish(reason);
  }

  /**
   * Does what is due at the step that has been reached, and at the end of the run whatever has not been done there. Gives the reason to
   * end.
   */
  async *#look(): AsyncGenerator<TrainingEvent, EndReason | null> {
    yield* this.#tellNews();
    yield* this.#due();
    if (this.#reasonToEnd() === null) return null;
    yield* this.#due(); // the evaluation may have ended it
    if (!this.#hasDiverged) yield* this.#save();
    return this.#reasonToEnd();
  }

  /** One run of calls. */
  async *#advance(): AsyncGenerator<TrainingEvent> {
    const before = this.#now();
    const results = await this.#session.advance(
      stepsUntilDue(this.#options, this.#session.step, this.#totalSteps),
      (place) => this.#standing.learningRateFactor * learningRateAt(this.#options, this.#progress(place)),
    );
    this.#hurry.advanced();
    const elapsed = this.#now() - before;
    this.#standing.trainingMs += elapsed;
    const note = results.find((result) => result.note !== undefined)?.note;
    if (note !== undefined) yield this.#tell(note);
    await setImmediate(); // signals and timers have their turn, even where the device computes on this thread
    this.#changed();
    const steps = results.filter(({ updated }) => updated);
    const trouble = this.#standing.trend.troubleIn(results);
    if (steps.length > 0) {
      this.#recent.add(steps, (elapsed * steps.length) / results.length);
      const isReportDue = this.#recent.isReportDue || this.#isLookDue() || this.#reasonToEnd() !== null;
      if (trouble === null && isReportDue) yield this.#report(steps.at(-1)!);
    }
    if (trouble !== null) yield* this.#goBack(trouble.what, this.#session.step - steps.length + trouble.after);
  }

  /** To the last state that was saved, or to the beginning, with half the learning rate; or gives the run up. */
  async *#goBack(trouble: string, at = this.#session.step): AsyncGenerator<TrainingEvent> {
    const { maxRecoveries } = this.#options;
    const { recoveries } = this.#standing;
    this.#hasDiverged = true; // until it is back: what has come apart is not saved
    await this.#keeper.dropClockSave();
    this.#savedStep = this.#savedStepNotByClock;
    if (recoveries >= maxRecoveries) {
      yield this.#tell(`${trouble}, ${whyGivenUp(recoveries, maxRecoveries)}: the run is given up`);
      return;
    }
    const where = `${trouble} at step ${at.toLocaleString('en')}`;
    const { standing, isSaved, what } = await goBack(this.#session, this.#keeper, this.#standing, where);
    this.#hasDiverged = false;
    this.#standing = standing;
    this.#isSaved = isSaved;
    this.#recent.forget();
    yield this.#tell(`${where}: ${what}, ${howItGoesOn(this.#peakLearningRate, recoveries + 1, maxRecoveries)}`);
  }

  #report({ learningRate, gradientNorm }: WindowResult): TrainingEvent {
    const { step, epoch } = this.#session;
    const seen = { ...this.#recent.take(), learningRate, gradientNorm };
    const when = { step, epoch, elapsedMs: this.#elapsedMs(), progress: this.#progress().fraction };
    this.#standing.lastReport = { event: 'report', ...when, ...seen };
    return this.#log(this.#standing.lastReport);
  }

  /** Evaluation, sample and checkpoint, where one is due and was not done yet. */
  async *#due(): AsyncGenerator<TrainingEvent> {
    const { evaluateEvery, sampleEvery, checkpointEvery } = this.#options;
    const reason = this.#reasonToEnd();
    // Whoever ends a run in a hurry wants it saved, not judged.
    if (this.#hurry.told !== null || reason === 'max-time' || reason === 'diverged') return;
    const atEnd = reason !== null;
    if (this.#isDue(evaluateEvery) || atEnd) yield* this.#evaluate();
    if (this.#hasDiverged) return;
    if (this.#isDue(sampleEvery) || (atEnd && sampleEvery > 0)) yield* this.#sample();
    if (this.#isDue(checkpointEvery)) yield* this.#save();
    if (!atEnd) yield* this.#dueByClock();
  }

  async *#dueByClock(): AsyncGenerator<TrainingEvent> {
    const { evaluateEvery, sampleEvery, checkpointEvery } = this.#options;
    if (this.#clock.isLookDue) {
      if (evaluateEvery > 0) yield* this.#evaluateInterim();
      if (sampleEvery > 0) yield* this.#sample(false);
      this.#clock.looked();
    }
    if (checkpointEvery > 0 && this.#clock.isSaveDue) yield* this.#save(true);
  }

  async *#evaluateInterim(): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
    const characters = Math.min(INTERIM_CHARACTERS, this.#run.corpus.validation.length);
    const validationLossNats = await this.#session.evaluate(this.#hurry.isUrgent, characters);
    if (validationLossNats === null || !Number.isFinite(validationLossNats)) return;
    yield this.#log({ event: 'interim', step, validationLossNats, characters });
  }

  /** @param isDue whether a checkpoint records that it was taken */
  async *#sample(isDue = true): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
    if (this.#standing.sampledAt === step) return;
    let event: TrainingEvent;
    try {
      const text = await this.#session.sample(this.#hurry.isUrgent);
      if (text === null) return;
      event = this.#log({ event: 'sample', step, text });
    } catch (error) {
      if (!(error instanceof RnnError) || error.kind === 'usage' || error.kind === 'busy') throw error;
      event = this.#tell(`no sample could be taken: ${error.message}`);
    }
    if (isDue) {
      this.#standing.sampledAt = step;
      this.#changed();
    }
    yield event;
  }

  /** An evaluation or a sample is due at this step, and the training loss of the same step is reported with it. */
  #isLookDue(): boolean {
    const { evaluateEvery, sampleEvery } = this.#options;
    return (this.#session.validates && this.#isDue(evaluateEvery)) || this.#isDue(sampleEvery);
  }

  #isDue(every: number): boolean {
    const { step } = this.#session;
    return every > 0 && step > 0 && step % every === 0;
  }

  async *#evaluate(): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
    if (this.#standing.evaluatedAt === step) return;
    const validationLossNats = await this.#session.evaluate(this.#hurry.isUrgent);
    if (validationLossNats === null) return;
    const trouble = this.#standing.trend.troubleInValidation(validationLossNats);
    if (trouble !== null) return yield* this.#goBack(trouble);
    this.#clock.looked();
    this.#standing.evaluatedAt = step;
    this.#changed();
    const best = this.#standing.best === null || validationLossNats < this.#standing.best;
    const trainingLossNats = this.#standing.trend.averageNats;
    const event: EvaluationEvent = { event: 'evaluation', step, validationLossNats, best, trainingLossNats };
    this.#standing.remember(event);
    this.#standing.judge(best, this.#options);
    this.#log(event); // before best.json, from which a run that is killed after it goes on without evaluating again
    const stored = best ? await this.#saveBest(validationLossNats) : null;
    if (stored?.kind === 'unfit') return yield* this.#goBack('a weight is not a finite number');
    yield event;
    yield* this.#tellNews();
  }

  async #saveBest(lossNats: number): Promise<Stored> {
    const before = this.#standing.best;
    this.#standing.best = lossNats;
    // Whatever else is due at this step is not done yet: even at the end the run is not over.
    const stored = await this.#keeper.saveBest(await this.#session.checkpoint(this.#record(null)));
    if (stored.kind === 'disk') this.#standing.best = before; // as best.json is
    return stored;
  }

  async *#save(isByClock = false): AsyncGenerator<TrainingEvent> {
    if (this.#isSaved) return;
    this.#clock.saved();
    const checkpoint = await this.#session.checkpoint({ ...this.#record(), ...(isByClock && { savedByClock: true }) });
    const stored = await (isByClock ? this.#keeper.saveByClock(checkpoint) : this.#keeper.saveLatest(checkpoint, this.#options.keep));
    if (stored.kind === 'unfit') return yield* this.#goBack('a weight is not a finite number');
    if (stored.kind === 'stored') yield this.#savedNow(isByClock);
    yield* this.#tellNews();
    this.#collectGarbage();
  }

  #savedNow(isByClock = false): TrainingEvent {
    this.#isSaved = true;
    this.#savedStep = this.#session.step;
    if (!isByClock) this.#savedStepNotByClock = this.#savedStep;
    return this.#log({ event: 'checkpoint', step: this.#savedStep, path: this.#keeper.latestPath });
  }

  /** There is something to save, and something was left to do. */
  #changed(): void {
    this.#isSaved = false;
    this.#wasOver = false;
  }

  async *#finish(reason: EndReason): AsyncGenerator<TrainingEvent> {
    // What has come apart stays unsaved: the checkpoint before is the last.
    if (!this.#hasDiverged && !this.#isSaved) {
      await this.#keeper.saveLast(await this.#session.checkpoint(this.#record()), this.#options.keep, this.#savedStep);
      yield this.#savedNow();
    }
    yield* this.#tellNews();
    const { step, epoch } = this.#session;
    yield this.#log({
      event: 'end',
      reason: this.#wasOver ? 'finished' : reason,
      step,
      bestValidationLossNats: this.#standing.best,
      checkpoint: this.#savedStep === null ? null : this.#keeper.latestPath,
      peakLearningRate: this.#peakLearningRate,
      elapsedMs: this.#elapsedMs(),
      verdict: verdictOf({ evaluations: evaluationsIn(this.#standing.history), options: this.#options, step, epoch, reason }),
    });
  }

  get #peakLearningRate(): number {
    return this.#options.learningRate * this.#standing.learningRateFactor;
  }

  #reasonToEnd(): EndReason | null {
    if (this.#hasDiverged) return 'diverged';
    const finished = this.#finished();
    return this.#hurry.told ?? (this.#hurry.isTimeOver && (finished === null || !this.#isJudged) ? 'max-time' : finished);
  }

  /** What is due at the end of a run is done. */
  get #isJudged(): boolean {
    const { step, validates } = this.#session;
    return (!validates || this.#standing.evaluatedAt === step) && (this.#options.sampleEvery === 0 || this.#standing.sampledAt === step);
  }

  /** Why the whole run is over, not only this invocation; null while it is not. */
  #finished(): EndReason | null {
    return whyFinished(this.#options, this.#session.step, this.#totalSteps, this.#standing);
  }

  /** Of the whole run, over all invocations. */
  #elapsedMs(): number {
    return this.#elapsedBeforeMs + this.#now() - this.#started;
  }

  /** When a step is about to be made: as it stands, or after steps that the next run of calls makes before it. */
  #progress(place: Pick<Progress, 'step' | 'epoch'> = this.#session): Progress {
    return progressAt(place, this.#options, this.#totalSteps, this.#standing);
  }

  #record(finished = this.#isJudged ? this.#finished() : null): RunRecord {
    const state = this.#standing.record({ totalSteps: this.#totalSteps, elapsedMs: this.#elapsedMs(), finished });
    return { reading: this.#run.reading, machine: this.#run.machine, ...state };
  }

  #log<Event extends TrainingEvent>(event: Event): Event {
    this.#keeper.log(event);
    return event;
  }

  *#tellNews(): Generator<TrainingEvent> {
    for (const news of this.#keeper.takeNews()) yield this.#tell(news);
  }

  /** Something that went wrong, and what was done about it. */
  #tell(reason: string): TrainingEvent {
    return this.#log({ event: 'recovery', step: this.#session.step, reason });
  }
}
