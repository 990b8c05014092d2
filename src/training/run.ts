// The parts of a training run, and the facts about it that its start event has.
import type { Checkpoint, TrainedModel } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import type { ActivityListener } from './activity.ts';
import type { StartEvent } from './events.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { MachineOptions, ReadingOptions } from '../options/run.ts';
import { recordedLoop } from './record.ts';
import { type RunState, forgetLearningRate, forgetLosses, runState } from './run-state.ts';
import type { Restored, Session } from './session.ts';
import { stepsOfEpochs } from './work.ts';

export interface TrainingRun {
  readonly options: TrainingOptions;
  readonly corpus: Corpus;
  readonly device: Device;
  /** What checkpoints also keep, so that a run can be continued without these options. */
  readonly reading: ReadingOptions;
  readonly machine: MachineOptions;
  /** The state that this run continues; null or left out for a new run. */
  readonly earlier?: Checkpoint | null;
  /** The model whose weights a new run begins with. */
  readonly initial?: TrainedModel | null;
  /** Milliseconds from any moment on; it may stand still while the process is suspended. */
  readonly clock?: () => number;
  /** Receives the work between two events. */
  readonly onActivity?: ActivityListener;
}

/** @param restored how far the session could continue the earlier run; null for a new one */
export function stateOf(run: TrainingRun, session: Session, restored: Restored | null): RunState {
  const training = run.earlier?.training ?? null;
  const state = runState(training, Math.log(session.model.vocabulary));
  state.totalSteps = totalStepsOf(run, session, restored?.samePlace === true);
  if (restored !== null) forgetLosses(state, restored);
  if (training !== null && training.options.learningRate !== run.options.learningRate) forgetLearningRate(state);
  return state;
}

/**
 * Steps of the whole run; null where only time ends it. Epochs are counted in windows: where these have changed, the windows of the epochs
 * that are left count.
 *
 * @param samePlace whether an earlier part of the run had the same windows
 */
export function totalStepsOf({ options, earlier }: TrainingRun, session: Session, samePlace: boolean): number | null {
  const { epochs, maxSteps } = options;
  if (maxSteps !== null || epochs === null) return maxSteps;
  if (earlier && samePlace && earlier.training.options.epochs === epochs) return recordedLoop(earlier.training).totalSteps;
  return session.step + stepsOfEpochs(Math.max(0, epochs - session.epoch), session.streams.windowsPerEpoch);
}

export function startOf({ corpus, options }: TrainingRun, session: Session, { totalSteps, elapsedMs }: RunState): StartEvent {
  const { train, validation, test, characters, vocabulary } = corpus;
  const { step, model, parameters, deviceDescription: device, memoryBytes } = session;
  return {
    event: 'start',
    step,
    model,
    parameters,
    device,
    corpus: { characters, symbols: vocabulary.size, train: train.length, validation: validation.length, test: test.length },
    options: { ...options },
    totalSteps,
    memoryBytes,
    elapsedMs,
  };
}
