// What is due at the current step: an evaluation, a sample, a save, the end of the run; and how
// long the rest of them will take.
//
// A run also saves, evaluates and samples by the clock, because intervals in steps are too long
// where steps are slow. The clock changes only what is written: the same seed still gives the same
// model, and a run that diverges goes back to a state that was saved by steps.
import { isDue, stepsBetween, timesLeft } from './due.ts';
import type { EndReason } from './events.ts';
import { COST_OF_SCORING } from '../evaluation/evaluate.ts';
import { EVALUATIONS, SAMPLES } from './intervals.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { RunState } from './run-state.ts';
import type { Progress } from './schedules.ts';
import type { Session } from './session.ts';

/** What a run does between update steps. */
type Pause = 'evaluation' | 'sample' | 'save';
const pauses: readonly Pause[] = ['evaluation', 'sample', 'save'];

/**
 * Multiply-adds of an evaluation before which the state is saved. At the end of a run a short
 * evaluation is enough, because the whole training would be lost.
 */
const MIN_SAVED_BEFORE = { atEnd: 1e8, during: 1e11 };

const CLOCK_SAVE_EVERY_MS = 5 * 60_000;
/**
 * Bounds of the time between two looks, evaluations and samples by the clock. Within them, each
 * comes when the run is twice as old.
 */
const LOOK_EVERY_MS = { min: 60_000, max: 10 * 60_000 };
/**
 * Characters of the validation text that a look scores: a few seconds of work for the largest
 * networks.
 */
export const LOOK_CHARACTERS = 50_000;

export class Timetable {
  readonly #options: TrainingOptions;
  readonly #session: Session;
  readonly #state: RunState;
  readonly #now: () => number;
  readonly #beganMs: number;
  #pausedMs = 0;
  #savedMs: number;
  #lookedMs: number;
  /** Milliseconds that each pause took the last time. */
  readonly #tookMs: Partial<Record<Pause, number>> = {};

  /** @param now milliseconds from any moment on */
  constructor(options: TrainingOptions, session: Session, state: RunState, now: () => number) {
    this.#options = options;
    this.#session = session;
    this.#state = state;
    this.#now = now;
    this.#beganMs = this.#savedMs = this.#lookedMs = now();
  }

  /** A pause begins. */
  begin(pause: Pause): void {
    this.#pausedMs = this.#now();
    if (pause === 'save') this.#savedMs = this.#pausedMs;
  }

  /** The pause that began last ends. */
  end(pause: Pause): void {
    this.#tookMs[pause] = this.#now() - this.#pausedMs;
  }

  /** An evaluation or a look was made. */
  looked(): void {
    this.#lookedMs = this.#now();
  }

  get isClockSaveDue(): boolean {
    return this.#options.checkpointEvery > 0 && this.#now() - this.#savedMs >= CLOCK_SAVE_EVERY_MS;
  }

  get isLookDue(): boolean {
    const { min, max } = LOOK_EVERY_MS;
    return this.#now() - this.#lookedMs >= Math.min(max, Math.max(min, this.#lookedMs - this.#beganMs));
  }

  /** Whether samples are taken at all. */
  get samples(): boolean {
    return this.#options.sampleEvery !== 0;
  }

  isDue(pause: Pause): boolean {
    return isDue(this.#recurring(pause), this.#reached);
  }

  /**
   * Whether an evaluation or a sample is due at this step, so that the training loss of the same
   * step is reported with it.
   */
  get isReportDue(): boolean {
    return (this.#session.validation.isPossible && this.isDue('evaluation')) || this.isDue('sample');
  }

  /** How many steps may be made before something is due, or the run is over. */
  get stepsUntilDue(): number {
    const { step, totalSteps } = this.#reached;
    const intervals = pauses.map((pause) => stepsBetween(this.#recurring(pause), totalSteps) || Infinity);
    return Math.min(...intervals.map((every) => every - (step % every)), (totalSteps ?? Infinity) - step);
  }

  /** Why the whole run is over, not only this invocation; null while it is not. */
  get finished(): EndReason | null {
    const { maxSteps, budgetMs, patience } = this.#options;
    const { totalSteps, trainingMs, sinceBest } = this.#state;
    if (totalSteps !== null && this.#session.step >= totalSteps) return maxSteps === null ? 'epochs' : 'max-steps';
    if (budgetMs !== null && trainingMs >= budgetMs) return 'budget';
    return patience > 0 && sinceBest >= patience ? 'patience' : null;
  }

  /** Whether the evaluation and the sample that are due at the end of a run are done. */
  get isJudged(): boolean {
    const { step, validation } = this.#session;
    return (
      (!validation.isPossible || this.#state.evaluatedAt === step) && (!this.samples || this.#state.sampledAt === step)
    );
  }

  /**
   * How much of the run is done at a place in the text: the current one, or one that the current
   * run of calls reaches, within which time stands still.
   */
  progressAt({ step, epoch }: Pick<Progress, 'step' | 'epoch'> = this.#session): Progress {
    const { totalSteps, trainingMs, drops } = this.#state;
    const fraction = totalSteps === null ? trainingMs / this.#options.budgetMs! : step / totalSteps;
    return { step, epoch, fraction: Math.min(1, fraction), drops };
  }

  /** Milliseconds of the evaluations, samples and saves until the end of the run. */
  remainingPausesMs(charactersPerSecond: number): number {
    const { validation } = this.#session;
    const remainingMs = (pause: Pause, expectedMs = 0): number =>
      (1 + timesLeft(this.#recurring(pause), this.#reached)) * (this.#tookMs[pause] ?? expectedMs);
    const evaluationMs = (1000 * COST_OF_SCORING * validation.scored()) / charactersPerSecond;
    return (
      (validation.isPossible ? remainingMs('evaluation', evaluationMs) : 0) +
      (this.samples ? remainingMs('sample') : 0) +
      remainingMs('save')
    );
  }

  /** A process that is killed in a long evaluation must not lose the training before it. */
  isSavedBeforeEvaluation(atEnd: boolean): boolean {
    const work = this.#session.validation.scored() * this.#session.parameters;
    return atEnd
      ? work >= MIN_SAVED_BEFORE.atEnd
      : this.#options.checkpointEvery > 0 && work >= MIN_SAVED_BEFORE.during;
  }

  #recurring(pause: Pause): Parameters<typeof isDue>[0] {
    const { evaluateEvery, sampleEvery, checkpointEvery } = this.#options;
    const { evaluatedMs, sampledMs } = this.#state;
    const tookMs = this.#tookMs[pause] ?? 0;
    if (pause === 'evaluation') return { every: evaluateEvery, times: EVALUATIONS, lastMs: evaluatedMs, tookMs };
    if (pause === 'sample') return { every: sampleEvery, times: SAMPLES, lastMs: sampledMs, tookMs };
    return { every: checkpointEvery, times: 1, lastMs: 0, tookMs };
  }

  get #reached(): Parameters<typeof isDue>[1] {
    const { totalSteps, trainingMs } = this.#state;
    return { step: this.#session.step, totalSteps, trainingMs, budgetMs: this.#options.budgetMs };
  }
}
