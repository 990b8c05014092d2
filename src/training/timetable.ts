// Decides whether an evaluation, a sample, a save or the end of the run is due at the current step,
// and how long the remaining pauses will take.
//
// A run also saves, evaluates and samples at intervals of time, because intervals in steps are too
// long when steps are slow. Time changes only the output: the same seed still gives the same model,
// and a run that diverges returns to a regular save, not to a timed one.
import { isDue, stepsBetween, timesLeft } from './due.ts';
import type { EndReason } from './events.ts';
import { COST_OF_SCORING } from '../evaluation/evaluate.ts';
import { EVALUATIONS, SAMPLES } from './intervals.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { RunState } from './run-state.ts';
import type { Progress } from './schedules.ts';
import type { Session } from './session.ts';

/** A pause between update steps. */
type Pause = 'evaluation' | 'sample' | 'save';
const pauses: readonly Pause[] = ['evaluation', 'sample', 'save'];

/**
 * The state is saved before an evaluation of at least this many multiply-adds. At the end of a run
 * a short evaluation is enough, because otherwise a crash would lose the whole training.
 */
const MIN_SAVED_BEFORE = { atEnd: 1e8, during: 1e11 };

const TIMED_SAVE_EVERY_MS = 5 * 60_000;
/**
 * Bounds of the time between two interim evaluations, each of which has a sample. Within these
 * bounds, an evaluation is due when the run is twice as old as at the last evaluation.
 */
const INTERIM_EVERY_MS = { min: 60_000, max: 10 * 60_000 };
/**
 * Characters of the validation text that an interim evaluation scores: a few seconds of work for
 * the largest networks.
 */
export const INTERIM_CHARACTERS = 50_000;

/** @param now a clock in milliseconds with any origin */
export function createTimetable(options: TrainingOptions, session: Session, state: RunState, now: () => number) {
  const { evaluateEvery, sampleEvery, checkpointEvery, maxSteps, budgetMs, patience } = options;
  const beganMs = now();
  let pausedMs = 0;
  let savedMs = beganMs;
  let evaluatedMs = beganMs;
  /** Milliseconds that each pause took the last time. */
  const tookMs: Partial<Record<Pause, number>> = {};
  /** Whether samples are taken at all. */
  const samples = sampleEvery !== 0;

  const recurrenceOf = (pause: Pause): Parameters<typeof isDue>[0] => {
    const took = { tookMs: tookMs[pause] ?? 0 };
    if (pause === 'evaluation') return { every: evaluateEvery, times: EVALUATIONS, lastMs: state.evaluatedMs, ...took };
    if (pause === 'sample') return { every: sampleEvery, times: SAMPLES, lastMs: state.sampledMs, ...took };
    return { every: checkpointEvery, times: 1, lastMs: 0, ...took };
  };
  const progress = (): Parameters<typeof isDue>[1] => {
    const { totalSteps, trainingMs } = state;
    return { step: session.step, totalSteps, trainingMs, budgetMs };
  };
  const isPauseDue = (pause: Pause): boolean => isDue(recurrenceOf(pause), progress());

  return {
    samples,
    isDue: isPauseDue,

    /** A pause begins. */
    begin(pause: Pause): void {
      pausedMs = now();
      if (pause === 'save') savedMs = pausedMs;
    },

    /** The pause that began last ends. */
    end(pause: Pause): void {
      tookMs[pause] = now() - pausedMs;
    },

    /** Records that an evaluation was made. */
    recordEvaluation(): void {
      evaluatedMs = now();
    },

    get isTimedSaveDue(): boolean {
      return checkpointEvery > 0 && now() - savedMs >= TIMED_SAVE_EVERY_MS;
    },

    get isInterimDue(): boolean {
      const { min, max } = INTERIM_EVERY_MS;
      return now() - evaluatedMs >= Math.min(max, Math.max(min, evaluatedMs - beganMs));
    },

    /**
     * Whether an evaluation or a sample is due at this step, so that the training loss of the same
     * step is reported with it.
     */
    get isReportDue(): boolean {
      return (session.validation.isPossible && isPauseDue('evaluation')) || isPauseDue('sample');
    },

    /** How many steps can be made before something is due or the run is over. */
    get stepsUntilDue(): number {
      const { step, totalSteps } = progress();
      const intervals = pauses.map((pause) => stepsBetween(recurrenceOf(pause), totalSteps) || Infinity);
      return Math.min(...intervals.map((every) => every - (step % every)), (totalSteps ?? Infinity) - step);
    },

    /** Why the whole run is over, not only this invocation. Null while it is not. */
    get finished(): EndReason | null {
      const { totalSteps, trainingMs, sinceBest } = state;
      if (totalSteps !== null && session.step >= totalSteps) return maxSteps === null ? 'epochs' : 'max-steps';
      if (budgetMs !== null && trainingMs >= budgetMs) return 'budget';
      return patience > 0 && sinceBest >= patience ? 'patience' : null;
    },

    /** Whether the evaluation and the sample that are due at the end of a run are done. */
    get isJudged(): boolean {
      const { step, validation } = session;
      return (!validation.isPossible || state.evaluatedAt === step) && (!samples || state.sampledAt === step);
    },

    /**
     * The progress of the run at a position in the text: the current one, or one within the current
     * series of calls. The time is the same for the whole series.
     */
    progressAt({ step, epoch }: Pick<Progress, 'step' | 'epoch'> = session): Progress {
      const { totalSteps, trainingMs, drops } = state;
      const fraction = totalSteps === null ? trainingMs / budgetMs! : step / totalSteps;
      return { step, epoch, fraction: Math.min(1, fraction), drops };
    },

    /** Milliseconds of the evaluations, samples and saves until the end of the run. */
    remainingPausesMs(charactersPerSecond: number): number {
      const { validation } = session;
      const remainingMs = (pause: Pause, expectedMs = 0): number =>
        (1 + timesLeft(recurrenceOf(pause), progress())) * (tookMs[pause] ?? expectedMs);
      const evaluationMs = (1000 * COST_OF_SCORING * validation.scored()) / charactersPerSecond;
      return (
        (validation.isPossible ? remainingMs('evaluation', evaluationMs) : 0) +
        (samples ? remainingMs('sample') : 0) +
        remainingMs('save')
      );
    },

    /**
     * Whether to save first: a process that is killed in a long evaluation must not lose the
     * training before it.
     */
    isSavedBeforeEvaluation(atEnd: boolean): boolean {
      const work = session.validation.scored() * session.parameters;
      return atEnd ? work >= MIN_SAVED_BEFORE.atEnd : checkpointEvery > 0 && work >= MIN_SAVED_BEFORE.during;
    },
  };
}
