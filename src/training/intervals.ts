// How often a run evaluates, samples and saves, and on how much it validates, where that is not given. All of it follows from counts of
// characters; only where the length of the run is a time, the intervals are parts of it. Pure.
import type { TrainingOptions } from './options.ts';

export const intervalNames = ['evaluateEvery', 'checkpointEvery', 'sampleEvery', 'validationCharacters'] as const;
export type Intervals = Pick<TrainingOptions, (typeof intervalNames)[number]>;

/** The run that intervals are chosen for. */
export interface ExpectedRun {
  /** Characters that it trains on, repetitions included. */
  readonly characters: number;
  /** Characters of a step. */
  readonly perStep: number;
  /** Only a time ends it. */
  readonly isTimed: boolean;
}

/** How often an evaluation and a sample come where they are spaced over a run; the last at its end. */
export const EVALUATIONS = 10;
export const SAMPLES = 4;

/**
 * An evaluation costs a third of a training step per character. This many trained per validated keep all evaluations at 5 % of the time
 * that steps take; the nominal speed by which a time is counted is a low one, so there a tenth is allowed.
 */
const TRAINED_PER_VALIDATED = { steps: 7, time: 10 / 3 };
/** What the whole held-out part may cost at the end of a run, as a part of its training. */
const WHOLE_AT_END = 0.1;
/** The cost of a character that is validated, in characters that are trained on. */
const COST_OF_VALIDATION = 1 / 3;
/** Fewer characters tell two models apart too badly. A run of steps can evaluate more rarely instead, one of a time cannot. */
const MIN_SAMPLE = { steps: 20_000, time: 5000 };
const LEAST_STEPS_BETWEEN_EVALUATIONS = 100;
/** However long the validation text: what a power cut may cost. */
const MOST_STEPS_BETWEEN_CHECKPOINTS = 1000;

/** @param validation characters that are held out */
export function chooseIntervals(given: Partial<TrainingOptions>, run: ExpectedRun, validation: number): Intervals {
  const validationCharacters = given.validationCharacters ?? sampleOf(given.evaluateEvery ?? null, run, validation);
  // A null that was given spaces them over the run, however long.
  const chosen = run.isTimed ? null : stepsToEvaluate(run, validationCharacters || validation);
  const evaluateEvery = given.evaluateEvery === undefined ? chosen : given.evaluateEvery;
  return {
    validationCharacters,
    evaluateEvery,
    checkpointEvery: given.checkpointEvery ?? Math.min(evaluateEvery ?? Infinity, MOST_STEPS_BETWEEN_CHECKPOINTS),
    sampleEvery: given.sampleEvery === undefined ? stepsToSample(run, evaluateEvery) : given.sampleEvery,
  };
}

/** Characters to validate on; 0 for all. */
function sampleOf(evaluateEvery: number | null, { characters, perStep, isTimed }: ExpectedRun, validation: number): number {
  const evaluations = evaluateEvery === null ? EVALUATIONS : evaluateEvery === 0 ? 1 : Math.max(1, characters / (perStep * evaluateEvery));
  const length = isTimed ? 'time' : 'steps';
  const affordable = characters / evaluations / TRAINED_PER_VALIDATED[length];
  const sample = Number(Math.max(MIN_SAMPLE[length], affordable).toPrecision(2));
  return sample >= validation - 1 ? 0 : sample;
}

function stepsToEvaluate({ perStep }: ExpectedRun, validated: number): number {
  return Math.max(LEAST_STEPS_BETWEEN_EVALUATIONS, Math.ceil((TRAINED_PER_VALIDATED.steps * validated) / perStep));
}

/** A sample comes with an evaluation. */
function stepsToSample({ characters, perStep, isTimed }: ExpectedRun, evaluateEvery: number | null): number | null {
  if (evaluateEvery === 0) return 0;
  if (isTimed || evaluateEvery === null) return null;
  return evaluateEvery * Math.max(1, Math.ceil(characters / perStep / evaluateEvery / SAMPLES));
}

/** Whether a run that validates on a sample may score all that is held out at its end. */
export const affordsWhole = (characters: number, validation: number): boolean =>
  COST_OF_VALIDATION * validation <= WHOLE_AT_END * characters;
