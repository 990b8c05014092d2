// The training loop, as an async generator of events: when to step, report, evaluate, sample, save, go back and stop. Knows nothing of
// terminals; what it yields is also the log.
import { setImmediate } from 'node:timers/promises';
import { RnnError } from '../errors.ts';
import { reporting } from './activity.ts';
import { ClockSchedule, INTERIM_CHARACTERS } from './clock-schedule.ts';
import type { EndReason, EvaluationEvent, TrainingEvent } from './events.ts';
import { openCollector } from './garbage.ts';
import { Hurry } from './hurry.ts';
import { affordsWhole } from './intervals.ts';
import type { Keeper, Stored } from './keeper.ts';
import type { TrainingOptions } from '../options/training.ts';
import { type Pause, Pauses } from './pauses.ts';
import { Recent } from './recent.ts';
import { recordedLoop } from './record.ts';
import { goBack, howItGoesOn, stateIsLost, whyGivenUp } from './recovery.ts';
import { type TrainingRun, progressAt, startOf, stepsOf, stepsUntilDue, whyFinished } from './run.ts';
import { type Progress, learningRateAt } from './schedules.ts';
import type { Restored, RunRecord, Session, WindowResult } from './session.ts';
import { Standing } from './standing.ts';
import { Timetable } from './timetable.ts';
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
  readonly #pauses: Pauses;
  readonly #timetable: Timetable;
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
    this.#pauses = new Pauses(this.#now);
    const training = run.earlier?.training;
    this.#elapsedBeforeMs = training === undefined ? 0 : recordedLoop(training).elapsedMs;
    this.#standing = new Standing(training ?? null, Math.log(session.model.vocabulary));
    if (restored !== null) this.#standing.forgetLosses(restored);
    if (training !== undefined && training.options.learningRate !== run.options.learningRate) this.#standing.forgetLearningRate();
    this.#isSaved = restored !== null && keeper.isLatestSound;
    this.#savedStep = this.#savedStepNotByClock = restored === null ? null : session.step;
    this.#totalSteps = stepsOf(run, session, restored?.samePlace === true);
    this.#timetable = new Timetable(run.options, session, this.#pauses, this.#totalSteps);
    this.#wasOver = this.#isSaved && this.#isJudged && this.#finished() !== null;
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
      const isReportDue = this.#recent.isReportDue || this.#timetable.isLookDue(this.#standing) || this.#reasonToEnd() !== null;
      if (trouble === null && isReportDue) yield this.#report(steps.at(-1)!);
    }
    if (trouble !== null) yield* this.#goBack(trouble.what, this.#session.step - steps.length + trouble.after);
  }

  /** To the last state that was saved, or to the beginning, with half the learning rate; or gives the run up. */
  async *#goBack(trouble: string, at = this.#session.step): AsyncGenerator<TrainingEvent> {
    const { maxRecoveries } = this.#options;
    const { recoveries } = this.#standing;
    this.#hasDiverged = true; // until it is back: a diverged state is not saved
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
    const recent = this.#recent.take();
    const when = { step, epoch, elapsedMs: this.#elapsedMs(), progress: this.#progress().fraction };
    const { trainingMs } = this.#standing;
    const remainingPausesMs = this.#timetable.remainingPausesMs(this.#standing, recent.charactersPerSecond);
    this.#standing.lastReport = { event: 'report', ...when, ...recent, learningRate, gradientNorm, trainingMs, remainingPausesMs };
    return this.#log(this.#standing.lastReport);
  }

  /** Evaluation, sample and checkpoint, where one is due and was not done yet. */
  async *#due(): AsyncGenerator<TrainingEvent> {
    const reason = this.#reasonToEnd();
    // A user who stops a run wants it saved, not evaluated.
    if (this.#hurry.told !== null || reason === 'max-time' || reason === 'diverged') return;
    const atEnd = reason !== null;
    const isDue = (pause: Pause): boolean => this.#timetable.isDue(pause, this.#standing);
    const isSampleDue = this.#timetable.samples && (isDue('sample') || atEnd);
    if (isDue('evaluation') || atEnd) yield* this.#evaluate(atEnd);
    if (this.#hasDiverged) return;
    if (isSampleDue) yield* this.#sample();
    if (isDue('save')) yield* this.#save();
    if (!atEnd) yield* this.#dueByClock();
  }

  async *#dueByClock(): AsyncGenerator<TrainingEvent> {
    const { evaluateEvery, sampleEvery, checkpointEvery } = this.#options;
    if (this.#clock.isLookDue) {
      if (evaluateEvery !== 0) yield* this.#evaluateInterim(Math.min(INTERIM_CHARACTERS, this.#session.validation.scored()));
      if (sampleEvery !== 0) yield* this.#sample(false);
      this.#clock.looked();
    }
    if (checkpointEvery > 0 && this.#clock.isSaveDue) yield* this.#save(true);
  }

  async *#evaluateInterim(characters: number): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
    const validationLossNats = await this.#session.evaluate(this.#hurry.isUrgent, characters);
    if (validationLossNats === null || !Number.isFinite(validationLossNats)) return;
    yield this.#log({ event: 'interim', step, validationLossNats, characters: this.#session.validation.scored(characters) });
  }

  /** At the end of a run that validates on a sample: the loss of the best weights on all that is held out, if that costs little. */
  async *#evaluateWhole(): AsyncGenerator<TrainingEvent> {
    const { batchSize, sequenceLength } = this.#options;
    const { step, validation } = this.#session;
    const isSampled = validation.scored() < validation.all;
    const isBest = this.#standing.evaluatedAt === step && this.#standing.sinceBest === 0;
    if (isSampled && isBest && affordsWhole(step * batchSize * sequenceLength, validation.all))
      yield* this.#evaluateInterim(validation.all);
  }

  /** @param isDue whether a checkpoint records that it was taken */
  async *#sample(isDue = true): AsyncGenerator<TrainingEvent> {
    if (this.#standing.sampledAt === this.#session.step) return;
    yield* this.#pauses.during('sample', this.#sampleNow(isDue));
  }

  async *#sampleNow(isDue: boolean): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
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
      this.#standing.sampledMs = this.#standing.trainingMs;
      this.#changed();
    }
    yield event;
  }

  async *#evaluate(atEnd: boolean): AsyncGenerator<TrainingEvent> {
    const { step, validation } = this.#session;
    if (!validation.isPossible || this.#standing.evaluatedAt === step) return;
    if (this.#timetable.isSavedBeforeEvaluation(atEnd)) yield* this.#save(true);
    // A state that cannot be saved has made it go back.
    if (!this.#hasDiverged && this.#session.step === step) yield* this.#pauses.during('evaluation', this.#evaluateNow());
  }

  async *#evaluateNow(): AsyncGenerator<TrainingEvent> {
    const { step } = this.#session;
    const validationLossNats = await this.#session.evaluate(this.#hurry.isUrgent);
    if (validationLossNats === null) return;
    const trouble = this.#standing.trend.troubleInValidation(validationLossNats);
    if (trouble !== null) return yield* this.#goBack(trouble);
    this.#clock.looked();
    this.#standing.evaluatedAt = step;
    this.#standing.evaluatedMs = this.#standing.trainingMs;
    this.#changed();
    const best = this.#standing.best === null || validationLossNats < this.#standing.best;
    const trainingLossNats = this.#standing.trend.averageNats;
    const characters = this.#session.validation.scored();
    const isSample = characters < this.#session.validation.all;
    const measured = { validationLossNats, best, trainingLossNats };
    const event: EvaluationEvent = { event: 'evaluation', step, ...measured, ...(isSample && { characters }) };
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
    const stored = await this.#saving(async () => this.#keeper.saveBest(await this.#session.checkpoint(this.#record(null))));
    if (stored.kind === 'disk') this.#standing.best = before; // as best.json is
    return stored;
  }

  async *#save(isByClock = false): AsyncGenerator<TrainingEvent> {
    if (!this.#isSaved) yield* this.#pauses.during('save', this.#saveNow(isByClock));
  }

  async *#saveNow(isByClock: boolean): AsyncGenerator<TrainingEvent> {
    this.#clock.saved();
    const stored = await this.#saving(async () => {
      const checkpoint = await this.#session.checkpoint({ ...this.#record(), ...(isByClock && { savedByClock: true }) });
      return isByClock ? this.#keeper.saveByClock(checkpoint) : this.#keeper.saveLatest(checkpoint, this.#options.keep);
    });
    if (stored.kind === 'unfit') return yield* this.#goBack('a weight is not a finite number');
    if (stored.kind === 'stored') yield this.#savedNow(isByClock);
    yield* this.#tellNews();
    this.#collectGarbage();
  }

  #saving<Result>(save: () => Promise<Result>): Promise<Result> {
    return reporting(this.#run.onActivity, 'saving', save);
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
    // A diverged state is not saved: the checkpoint before is the last.
    if (!this.#hasDiverged && !this.#isSaved) {
      const checkpoint = await this.#session.checkpoint(this.#record());
      await this.#saving(() => this.#keeper.saveLast(checkpoint, this.#options.keep, this.#savedStep));
      yield this.#savedNow();
    }
    yield* this.#tellNews();
    if (!this.#wasOver && this.#hurry.told === null && this.#finished() !== null) yield* this.#evaluateWhole();
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
    const { step, validation } = this.#session;
    return (
      (!validation.isPossible || this.#standing.evaluatedAt === step) && (!this.#timetable.samples || this.#standing.sampledAt === step)
    );
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
