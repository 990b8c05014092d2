// What a training run is made of, how many steps it has, and what is told of it at its start.
import type { Checkpoint, TrainedModel } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import type { ActivityListener } from './activity.ts';
import { stepsBetween } from './due.ts';
import type { EndReason, StartEvent } from './events.ts';
import { NEARLY } from './expected.ts';
import { EVALUATIONS, SAMPLES } from './intervals.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { MachineOptions, ReadingOptions } from '../options/run.ts';
import { recordedLoop } from './record.ts';
import type { Progress } from './schedules.ts';
import type { Session } from './session.ts';
import type { Standing } from './standing.ts';

export interface TrainingRun {
  readonly options: TrainingOptions;
  readonly corpus: Corpus;
  readonly device: Device;
  /** What checkpoints also keep, so that a run can go on without being told again. */
  readonly reading: ReadingOptions;
  readonly machine: MachineOptions;
  /** The state that this run goes on from; a new one begins without. */
  readonly earlier?: Checkpoint | null;
  /** The model whose weights a new run begins with. */
  readonly initial?: TrainedModel | null;
  /** Milliseconds from any moment on; it may stand still while the process is suspended. */
  readonly clock?: () => number;
  /** Receives the work between two events. */
  readonly onActivity?: ActivityListener;
}

/**
 * Steps of the whole run; null where only time ends it. Epochs are counted in windows: where these are others than before, what counts is
 * how many are left.
 *
 * @param samePlace whether an earlier part of the run had the same windows
 */
export function stepsOf({ options: { epochs, maxSteps }, earlier }: TrainingRun, session: Session, samePlace: boolean): number | null {
  if (maxSteps !== null || epochs === null) return maxSteps;
  if (earlier && samePlace && earlier.training.options.epochs === epochs) return recordedLoop(earlier.training).totalSteps;
  const left = Math.max(0, epochs - session.epoch) * session.streams.windowsPerEpoch;
  return session.step + Math.ceil(left - NEARLY);
}

/** How many steps may be made before something is due, or the run is over. @param totalSteps null where only time ends the run */
export function stepsUntilDue(
  { evaluateEvery, sampleEvery, checkpointEvery }: TrainingOptions,
  step: number,
  totalSteps: number | null,
): number {
  const intervals = [
    stepsBetween({ every: evaluateEvery, times: EVALUATIONS }, totalSteps),
    stepsBetween({ every: sampleEvery, times: SAMPLES }, totalSteps),
    checkpointEvery,
  ];
  const until = intervals.flatMap((every) => (every === null || every === 0 ? [] : [every - (step % every)]));
  return Math.min(...until, (totalSteps ?? Infinity) - step);
}

/** Why the whole run is over, not only an invocation of it; null while it is not. @param totalSteps null where only time ends the run */
export function whyFinished(
  { maxSteps, budgetMs, patience }: TrainingOptions,
  step: number,
  totalSteps: number | null,
  { trainingMs, sinceBest }: Pick<Standing, 'trainingMs' | 'sinceBest'>,
): EndReason | null {
  if (totalSteps !== null && step >= totalSteps) return maxSteps === null ? 'epochs' : 'max-steps';
  if (budgetMs !== null && trainingMs >= budgetMs) return 'budget';
  return patience > 0 && sinceBest >= patience ? 'patience' : null;
}

/**
 * How much is done at a place in the text. Time does not go on within a run of calls, which takes about a second.
 *
 * @param totalSteps null where only time ends the run
 */
export function progressAt(
  { step, epoch }: Pick<Progress, 'step' | 'epoch'>,
  { budgetMs }: TrainingOptions,
  totalSteps: number | null,
  { trainingMs, drops }: Pick<Standing, 'trainingMs' | 'drops'>,
): Progress {
  const fraction = totalSteps === null ? trainingMs / budgetMs! : step / totalSteps;
  return { step, epoch, fraction: Math.min(1, fraction), drops };
}

export function startOf({ corpus, options, earlier }: TrainingRun, session: Session, totalSteps: number | null): StartEvent {
  const { train, validation, test, characters, vocabulary } = corpus;
  return {
    event: 'start',
    step: session.step,
    model: session.model,
    parameters: session.parameters,
    device: session.deviceDescription,
    corpus: { characters, symbols: vocabulary.size, train: train.length, validation: validation.length, test: test.length },
    options: { ...options },
    totalSteps,
    memoryBytes: session.memoryBytes,
    elapsedMs: earlier ? recordedLoop(earlier.training).elapsedMs : 0,
  };
}
