// Judges a run: when its validation loss was lowest, whether the model overfitted or underfitted,
// and which options to try next. Pure.
import type { TrainingOption, TrainingOptions } from '../options/training.ts';
import { asTyped } from '../options/flags.ts';

/** `output-closed`: no process reads the events of the run any more (`rnn train --json | head`). */
export type EndReason =
  'epochs' | 'max-steps' | 'budget' | 'max-time' | 'patience' | 'signal' | 'output-closed' | 'finished' | 'diverged';

/** An evaluation, with the training loss at that step if it is known. */
export interface EvaluatedStep {
  readonly step: number;
  readonly validationLossNats: number;
  readonly trainingLossNats: number | null;
  /** The lowest validation loss up to this step. */
  readonly best: boolean;
}

/** The facts about a run that its verdict is based on. */
export interface RunToJudge {
  /** In the order of their steps. */
  readonly evaluations: readonly EvaluatedStep[];
  /** Null if they are not known. Then there is no advice. */
  readonly options: TrainingOptions | null;
  /** Update steps and epochs of the whole run so far. */
  readonly step: number;
  readonly epoch: number | null;
  /** Why the run ended. Null while it continues. */
  readonly reason: EndReason | null;
}

/**
 * `overfitted`: the validation loss rose while the training loss fell. `underfitted`: both would
 * fall with more training or a larger model. `good`: neither.
 */
export type Fit = 'overfitted' | 'underfitted' | 'good';

/** The judgement of a run, and options to try next. */
export interface Verdict {
  /**
   * Null if there are too few evaluations or if both losses rose. Null also if the run was stopped
   * before it overfitted.
   */
  readonly fit: Fit | null;
  readonly best: {
    readonly step: number;
    readonly epoch: number | null;
    /** The step as a fraction of all steps so far, in (0, 1]. */
    readonly fraction: number;
    readonly validationLossNats: number;
    readonly trainingLossNats: number | null;
    /**
     * Validation loss − training loss. Negative if the training loss is higher, as with dropout.
     */
    readonly gapNats: number | null;
  };
  /** The loss of the last evaluations after the best, minus the best validation loss. */
  readonly riseNats: number;
  /** Whether the validation loss fell by more than noise in the last fifth of the run. */
  readonly isFalling: boolean;
  /**
   * Options for a new run, as on the command line: the two that are most likely to lower the
   * validation loss, the likelier one first.
   */
  readonly advice: readonly string[];
}

/** With fewer evaluations, noise and trend cannot be distinguished. */
const MIN_EVALUATIONS = 3;
/** The loss at the end is the median of this many evaluations, because one may be an outlier. */
const LAST_EVALUATIONS = 3;
/**
 * Two runs of different seeds differ by about this much, so a smaller rise or fall says nothing
 * about the model.
 */
const MIN_RISE_NATS = 0.01;
/**
 * A rise or fall counts if it exceeds this many standard deviations of the noise between
 * evaluations.
 */
const NOISE_DEVIATIONS = 3;
/**
 * The median absolute second difference of independent normal values, in standard deviations of the
 * values. A second difference a − 2b + c has √6 times their standard deviation. The median absolute
 * value of a normal variable is 0.6745 standard deviations.
 */
const DEVIATION_OF_SECOND_DIFFERENCE = 0.6745 * Math.sqrt(6);
/** If the best loss comes after this fraction of the run, the loss has not begun to rise. */
const LATE_FRACTION = 0.9;
/** The validation loss still falls if it fell after this fraction of the run. */
const FALL_FRACTION = 0.8;
/**
 * Growth of the gap, as a fraction of the validation loss, below which a larger model or a longer
 * run lowers both losses. The growth is measured from the gap of the first epoch. In that epoch the
 * training text is as new as the validation text, so its gap is the difference between the two
 * texts.
 */
const MAX_UNDERFITTED_GAP = 0.06;

/** The evaluations among the lines of a log, or of the history of a checkpoint. */
export function evaluationsIn(lines: readonly Readonly<Record<string, unknown>>[]): EvaluatedStep[] {
  return lines.flatMap(({ event, step, validationLossNats, trainingLossNats, best }) =>
    event === 'evaluation' && typeof step === 'number' && typeof validationLossNats === 'number'
      ? {
          step,
          validationLossNats,
          trainingLossNats: typeof trainingLossNats === 'number' ? trainingLossNats : null,
          best: best === true,
        }
      : [],
  );
}

/** @returns null if nothing was evaluated */
export function verdictOf(run: RunToJudge): Verdict | null {
  const evaluations = run.evaluations.filter(({ validationLossNats }) => Number.isFinite(validationLossNats));
  const best = evaluations.findLast((evaluation) => evaluation.best);
  if (best === undefined) return null;
  const fraction = run.step > 0 ? Math.min(1, best.step / run.step) : 1;
  const facts = {
    best: {
      step: best.step,
      epoch: run.epoch === null ? null : run.epoch * fraction,
      fraction,
      validationLossNats: best.validationLossNats,
      trainingLossNats: best.trainingLossNats,
      gapNats: best.trainingLossNats === null ? null : best.validationLossNats - best.trainingLossNats,
    },
    riseNats: riseAfter(best, evaluations),
    isFalling: isFallingAtEnd(evaluations, run.step),
  };
  const fit = evaluations.length < MIN_EVALUATIONS ? null : fitOf(facts, { ...run, evaluations });
  return { fit, ...facts, advice: fit === null ? [] : adviceFor(fit, run) };
}

type Facts = Omit<Verdict, 'fit' | 'advice'>;

/** Reasons for which a completed run ends. A run that was stopped could still have improved. */
const completions: readonly (EndReason | null)[] = ['epochs', 'max-steps', 'budget', 'patience', 'finished'];

function fitOf({ best, riseNats, isFalling }: Facts, run: RunToJudge): Fit | null {
  const { evaluations, reason } = run;
  if (riseNats > smallestRise(evaluations)) {
    const last = evaluations.at(-1)!.trainingLossNats;
    const hasTrainingLossFallen = best.trainingLossNats !== null && last !== null && last < best.trainingLossNats;
    return hasTrainingLossFallen && reason !== 'diverged' ? 'overfitted' : null;
  }
  if (best.gapNats === null || !completions.includes(reason)) return null;
  const isLate = best.fraction >= LATE_FRACTION;
  const isClose = best.gapNats - gapOfFirstEpoch(run) < MAX_UNDERFITTED_GAP * best.validationLossNats;
  return isLate && (isClose || isFalling) ? 'underfitted' : 'good';
}

/** 0 if nothing was evaluated in the first epoch. */
function gapOfFirstEpoch({ evaluations, step, epoch }: RunToJudge): number {
  const last = evaluations.findLast((evaluation) => epoch !== null && evaluation.step * epoch <= step);
  return last === undefined || last.trainingLossNats === null ? 0 : last.validationLossNats - last.trainingLossNats;
}

function riseAfter(best: EvaluatedStep, evaluations: readonly EvaluatedStep[]): number {
  const laterEvaluations = evaluations.filter(({ step }) => step > best.step).slice(-LAST_EVALUATIONS);
  return laterEvaluations.length === 0
    ? 0
    : median(laterEvaluations.map(({ validationLossNats }) => validationLossNats)) - best.validationLossNats;
}

const smallestRise = (evaluations: readonly EvaluatedStep[]): number =>
  Math.max(MIN_RISE_NATS, NOISE_DEVIATIONS * noiseOf(evaluations));

/**
 * The standard deviation of the loss from one evaluation to the next. Second differences ignore a
 * steady fall or rise.
 */
function noiseOf(evaluations: readonly EvaluatedStep[]): number {
  const losses = evaluations
    .map(({ validationLossNats }) => validationLossNats)
    .slice(-Math.max(MIN_EVALUATIONS, evaluations.length / 2));
  const differences = losses.slice(2).map((loss, index) => Math.abs(loss - 2 * losses[index + 1] + losses[index]));
  return median(differences) / DEVIATION_OF_SECOND_DIFFERENCE;
}

function isFallingAtEnd(evaluations: readonly EvaluatedStep[], step: number): boolean {
  const last = evaluations.at(-1);
  const before = evaluations.findLast((evaluation) => evaluation.step <= FALL_FRACTION * step);
  if (last === undefined || before === undefined || evaluations.length < MIN_EVALUATIONS) return false;
  return before.validationLossNats - last.validationLossNats > smallestRise(evaluations);
}

/** The lower of the two in the middle if their number is even. */
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[(values.length - 1) >> 1];

const MAX_ADVICE = 2;
/**
 * Dropout rates worth trying, the lower one first (Zaremba et al., 2014, for medium and large
 * LSTMs).
 */
const DROPOUT_RATES = [0.3, 0.5];
/**
 * The lower end of the range that helps against overfitting, 0.1 to 0.6 (docs/choosing.md). Advice
 * for the next run starts there.
 */
const WEIGHT_DECAY = 0.1;
const PATIENCE = 5;
const MIN_HIDDEN = 32;
const MAX_HIDDEN = 1024;

function adviceFor(fit: Fit, { options }: RunToJudge): string[] {
  if (options === null || fit === 'good') return [];
  const candidates = fit === 'overfitted' ? againstOverfitting(options) : againstUnderfitting(options);
  return asTyped(candidates).slice(0, MAX_ADVICE);
}

/** Values to try, the most promising first. Null if an option should not change. */
type Advice = { readonly [Name in TrainingOption]?: TrainingOptions[Name] | null };

function againstOverfitting(options: TrainingOptions): Advice {
  const { dropout, weightDecay, hidden, patience, evaluateEvery } = options;
  return {
    dropout: DROPOUT_RATES.find((each) => each > dropout) ?? null,
    weightDecay: weightDecay < WEIGHT_DECAY ? WEIGHT_DECAY : null,
    hidden: hidden >= 2 * MIN_HIDDEN ? Math.round(hidden / 2) : null,
    patience: patience === 0 && evaluateEvery !== 0 ? PATIENCE : null,
  };
}

function againstUnderfitting({ epochs, maxSteps, budgetMs, hidden, layers, dropout }: TrainingOptions): Advice {
  const less = dropout > 0 ? (dropout < 0.2 ? 0 : significant(dropout / 2)) : null;
  // In the same time a larger model makes fewer steps and has a higher loss.
  if (budgetMs !== null) return { budgetMs: 1000 * roundSuggestion((2 * budgetMs) / 1000), dropout: less };
  return {
    ...(epochs === null ? { maxSteps: 2 * maxSteps! } : { epochs: roundSuggestion(2 * epochs) }),
    hidden: 2 * hidden <= MAX_HIDDEN ? 2 * hidden : null,
    dropout: less,
    layers: layers === 1 ? 2 : null,
  };
}

/** Two significant digits, and whole numbers from 5 on. */
function roundSuggestion(value: number): number {
  const short = significant(value);
  return short < 5 ? short : Math.round(short);
}

const significant = (value: number): number => Number(value.toPrecision(2));
