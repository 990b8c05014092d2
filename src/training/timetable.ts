// When a run evaluates, samples and saves: whether each is due at the step that is reached, and how long those still to come will take.
import { type Recurring, isDue, timesLeft } from './due.ts';
import { COST_OF_VALIDATION, EVALUATIONS, SAMPLES } from './intervals.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { Pause, Pauses } from './pauses.ts';
import type { Session } from './session.ts';
import type { Standing } from './standing.ts';

/**
 * Multiply-adds of an evaluation before which the state is saved. At the end of a run a short evaluation is enough, because the whole
 * training would be lost. During the run, an evaluation has to take longer than saving, which for as large a model takes as long as some ten
 * thousand characters.
 */
const MIN_SAVED_BEFORE = { atEnd: 1e8, during: 1e11, charactersDuring: 1e5 };

export class Timetable {
  readonly #options: TrainingOptions;
  readonly #session: Session;
  readonly #pauses: Pauses;
  readonly #totalSteps: number | null;

  /** @param totalSteps null if only time ends the run */
  constructor(options: TrainingOptions, session: Session, pauses: Pauses, totalSteps: number | null) {
    this.#options = options;
    this.#session = session;
    this.#pauses = pauses;
    this.#totalSteps = totalSteps;
  }

  /** Whether samples are taken at all. */
  get samples(): boolean {
    return this.#options.sampleEvery !== 0;
  }

  isDue(pause: Pause, standing: Standing): boolean {
    return isDue(this.#recurring(pause, standing), this.#reached(standing));
  }

  /** Whether an evaluation or a sample is due at this step, so that the training loss of the same step is reported with it. */
  isLookDue(standing: Standing): boolean {
    return (this.#session.validation.isPossible && this.isDue('evaluation', standing)) || this.isDue('sample', standing);
  }

  /** Milliseconds of the evaluations, samples and saves until the end of the run. */
  remainingPausesMs(standing: Standing, charactersPerSecond: number): number {
    const { validation } = this.#session;
    const left = (pause: Pause): number => 1 + timesLeft(this.#recurring(pause, standing), this.#reached(standing));
    const counts = {
      evaluation: validation.isPossible ? left('evaluation') : 0,
      sample: this.samples ? left('sample') : 0,
      save: left('save'),
    };
    return this.#pauses.remainingMs(counts, (1000 * COST_OF_VALIDATION * validation.scored()) / charactersPerSecond);
  }

  /** A process that is killed in a long evaluation must not lose the training before it. */
  isSavedBeforeEvaluation(atEnd: boolean): boolean {
    const characters = this.#session.validation.scored();
    const work = characters * this.#session.parameters;
    if (atEnd) return work >= MIN_SAVED_BEFORE.atEnd;
    return this.#options.checkpointEvery > 0 && characters >= MIN_SAVED_BEFORE.charactersDuring && work >= MIN_SAVED_BEFORE.during;
  }

  #recurring(pause: Pause, { evaluatedMs, sampledMs }: Standing): Recurring {
    const { evaluateEvery, sampleEvery, checkpointEvery } = this.#options;
    const tookMs = this.#pauses.tookMs(pause);
    if (pause === 'evaluation') return { every: evaluateEvery, times: EVALUATIONS, lastMs: evaluatedMs, tookMs };
    if (pause === 'sample') return { every: sampleEvery, times: SAMPLES, lastMs: sampledMs, tookMs };
    return { every: checkpointEvery, times: 1, lastMs: 0, tookMs: 0 };
  }

  #reached({ trainingMs }: Standing): Parameters<typeof isDue>[1] {
    return { step: this.#session.step, totalSteps: this.#totalSteps, trainingMs, budgetMs: this.#options.budgetMs };
  }
}
