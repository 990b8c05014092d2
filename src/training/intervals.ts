// Chooses how often a run evaluates, samples and saves, and on how much text it validates. All of
// it follows from counts of characters. If the length of the run is a time, the intervals are
// fractions of it. Pure.
import { COST_OF_SCORING } from '../evaluation/evaluate.ts';
import type { TrainingOptions } from '../options/training.ts';

export type Intervals = Pick<
  TrainingOptions,
  'evaluateEvery' | 'checkpointEvery' | 'sampleEvery' | 'validationCharacters'
>;

/** The run that intervals are chosen for. */
export interface ExpectedRun {
  /** Update steps. Null if only time ends the run. */
  readonly steps: number | null;
  /** Characters in a step. */
  readonly charactersPerStep: number;
}

/** How many evaluations and samples are spaced over a run, the last at its end. */
export const EVALUATIONS = 10;
export const SAMPLES = 4;

/**
 * Characters trained on per character validated. With 7, all evaluations take 5 % of the time of
 * update steps.
 */
const TRAINED_PER_VALIDATED = 7;
/**
 * Maximum cost of scoring the whole held-out part at the end of a run, as a fraction of its
 * training.
 */
const MAX_COST_OF_WHOLE = 0.1;
/**
 * A held-out part of at most MAX_WHOLE characters is used whole, and a longer one is sampled. Only
 * the length of the part decides, so that losses of runs on one text can be compared. A mean over
 * SAMPLE characters has a standard error of about 0.01 nats.
 */
const MAX_WHOLE = 150_000;
const SAMPLE = 50_000;
const MIN_STEPS_BETWEEN_EVALUATIONS = 100;
/**
 * The maximum number of update steps that a power cut can cost, however long the validation text.
 */
const MAX_STEPS_BETWEEN_CHECKPOINTS = 1000;

/** @param validation characters that are held out */
export function chooseIntervals(given: Partial<TrainingOptions>, run: ExpectedRun, validation: number): Intervals {
  const validationCharacters = given.validationCharacters ?? (validation > MAX_WHOLE ? SAMPLE : 0);
  // The user may give null, which spaces evaluations over the run.
  const evenSteps = run.steps === null ? null : stepsToEvaluate(run, validationCharacters || validation);
  const evaluateEvery = given.evaluateEvery === undefined ? evenSteps : given.evaluateEvery;
  return {
    validationCharacters,
    evaluateEvery,
    checkpointEvery: given.checkpointEvery ?? Math.min(evaluateEvery ?? Infinity, MAX_STEPS_BETWEEN_CHECKPOINTS),
    sampleEvery: given.sampleEvery === undefined ? stepsToSample(run.steps, evaluateEvery) : given.sampleEvery,
  };
}

function stepsToEvaluate({ charactersPerStep }: ExpectedRun, validated: number): number {
  return Math.max(MIN_STEPS_BETWEEN_EVALUATIONS, Math.ceil((TRAINED_PER_VALIDATED * validated) / charactersPerStep));
}

/** Samples are taken together with evaluations. */
function stepsToSample(steps: number | null, evaluateEvery: number | null): number | null {
  if (evaluateEvery === 0) return 0;
  if (steps === null || evaluateEvery === null) return null;
  return evaluateEvery * Math.max(1, Math.ceil(steps / evaluateEvery / SAMPLES));
}

/** Whether a run that validates on a sample may score the whole held-out part at its end. */
export const canScoreWhole = (characters: number, validation: number): boolean =>
  COST_OF_SCORING * validation <= MAX_COST_OF_WHOLE * characters;
