// The state of a run without its weights and its position in the text: `training.loop` of a
// checkpoint, the best loss and the history. The loop changes it during training.
import type { Checkpoint } from '../runs/store.ts';
import { count } from '../count.ts';
import type { CheckpointWriter } from './checkpoint-writer.ts';
import { LossTrend } from './divergence.ts';
import type { EndReason, EvaluationEvent, StartEvent } from './events.ts';
import type { HistoryEntry } from './history.ts';
import type { TrainingOptions } from '../options/training.ts';
import { type LoopState, recordedLoop } from './record.ts';
import type { TrainingRun } from './run.ts';
import type { RestoredParts, RunRecord, Session } from './session.ts';
import { stepsOfEpochs } from './work.ts';
import { flagOf } from '../options/flags.ts';

type Training = Checkpoint['training'];
type SameTexts = Pick<RestoredParts, 'sameTraining' | 'sameValidation'>;

export interface RunState extends Omit<{ -readonly [Name in keyof LoopState]: LoopState[Name] }, 'trend'> {
  trend: LossTrend;
  /** The lowest validation loss, as in best.json. Null before the first. */
  best: number | null;
  history: readonly HistoryEntry[];
}

const initial: Omit<LoopState, 'trend'> = {
  trainingMs: 0,
  sinceBest: 0,
  sinceDrop: 0,
  drops: 0,
  evaluatedAt: -1,
  sampledAt: -1,
  evaluatedMs: 0,
  sampledMs: 0,
  recoveries: 0,
  learningRateFactor: 1,
  totalSteps: null,
  elapsedMs: 0,
  finished: null,
};

/**
 * @param training the record in the checkpoint that the run continues. Null for a new run
 * @param uniformNats ln V, the loss of a uniform guess
 */
export function createRunState(training: Training | null, uniformNats: number): RunState {
  const { trend, ...recorded } = training === null ? { ...initial, trend: undefined } : recordedLoop(training);
  return {
    ...recorded,
    trend: new LossTrend(uniformNats, trend),
    best: training?.bestValidationLossNats ?? null,
    history: training?.history ?? [],
  };
}

/** Losses on another text cannot be compared. */
export function forgetLosses(state: RunState, { sameTraining, sameValidation }: SameTexts): void {
  if (!sameTraining) state.trend = new LossTrend(state.trend.uniformNats);
  if (!sameValidation) Object.assign(state, { best: null, sinceBest: 0, sinceDrop: 0 });
}

/**
 * Drops and recoveries belong to the earlier learning rate, so another learning rate starts without
 * them.
 */
export function forgetLearningRate(state: RunState): void {
  Object.assign(state, { drops: 0, sinceDrop: 0, recoveries: 0, learningRateFactor: 1 });
}

/**
 * After training has diverged: restores the state of a checkpoint, or of the beginning, with half
 * the learning rate. The best loss stays, because best.json does.
 */
export function rewindState(state: RunState, training: Training | null, texts: SameTexts): void {
  const { trainingMs, evaluatedMs, sampledMs, elapsedMs, totalSteps, best } = state;
  const rewound = createRunState(training, state.trend.uniformNats);
  forgetLosses(rewound, texts);
  Object.assign(state, rewound, {
    trainingMs,
    evaluatedMs,
    sampledMs,
    elapsedMs,
    totalSteps,
    best,
    recoveries: state.recoveries + 1,
    learningRateFactor: state.learningRateFactor / 2,
  });
}

/**
 * Returns the session, the state and the log of a diverged run to the last saved state, or to the
 * beginning, with half the learning rate. Abandons the run after `maxRecoveries`.
 *
 * @param problem the problem in words
 * @param step the step at which the problem was detected
 * @returns whether the run continues, whether its state is in latest.json, and a message about it
 * @throws RnnError `checkpoint` if there should be a saved state, but none can be read
 */
export async function recoverRun(
  session: Session,
  writer: CheckpointWriter,
  state: RunState,
  { learningRate, maxRecoveries }: TrainingOptions,
  { problem, step }: { readonly problem: string; readonly step: number },
): Promise<{ readonly hasRecovered: boolean; readonly isSaved: boolean; readonly reason: string }> {
  await writer.undoTimedSave();
  if (state.recoveries >= maxRecoveries) {
    const reason = `${problem}, and ${flagOf('maxRecoveries')} is ${maxRecoveries}: rnn abandons the run`;
    return { hasRecovered: false, isSaved: false, reason };
  }
  const where = `${problem} at step ${count(step)}`;
  const newest = await writer.newest(where);
  const restored = newest === null ? null : await session.restore(newest.checkpoint);
  if (newest === null) await session.begin();
  rewindState(state, newest?.checkpoint.training ?? null, restored ?? { sameTraining: true, sameValidation: true });
  await writer.truncateLog(session.step, pendingEventsAt(state, session.step));
  const from = newest?.reason ? ` of ${newest.path}, because ${newest.reason}` : '';
  const peak = Number((learningRate * state.learningRateFactor).toPrecision(2));
  return {
    hasRecovered: true,
    isSaved: newest !== null && writer.isLatestReadable,
    reason: `${where}. rnn resumes from step ${count(session.step)}${from} with half the learning rate (now ${peak} at its peak), recovery ${state.recoveries} of ${maxRecoveries}`,
  };
}

/** Counts an evaluation for --patience and for the plateau schedule. */
export function countEvaluation(
  state: RunState,
  { step, best }: Pick<EvaluationEvent, 'step' | 'best'>,
  { schedule, plateauPatience }: Pick<TrainingOptions, 'schedule' | 'plateauPatience'>,
): void {
  state.evaluatedAt = step;
  state.evaluatedMs = state.trainingMs;
  state.sinceBest = best ? 0 : state.sinceBest + 1;
  state.sinceDrop = best ? 0 : state.sinceDrop + 1;
  if (schedule !== 'plateau' || state.sinceDrop < plateauPatience) return;
  state.drops++;
  state.sinceDrop = 0;
}

/** Events that may be due at a step and have not happened there. */
export function pendingEventsAt({ evaluatedAt, sampledAt }: RunState, step: number): ('evaluation' | 'sample')[] {
  return [...(evaluatedAt < step ? ['evaluation' as const] : []), ...(sampledAt < step ? ['sample' as const] : [])];
}

/** The part of the state that a checkpoint stores. */
export function runRecord(state: RunState, elapsedMs: number, finished: EndReason | null): RunRecord {
  const { trend, best, history, ...loop } = state;
  return { loop: { ...loop, trend: trend.state, elapsedMs, finished }, bestValidationLossNats: best, history };
}

/** @param restored how far the session could continue the earlier run. Null for a new run */
export function stateOf(run: TrainingRun, session: Session, restored: RestoredParts | null): RunState {
  const training = run.resumedFrom?.training ?? null;
  const state = createRunState(training, Math.log(session.model.vocabulary));
  state.totalSteps = totalStepsOf(run, session, restored?.samePlace === true);
  if (restored !== null) forgetLosses(state, restored);
  if (training !== null && training.options.learningRate !== run.options.learningRate) forgetLearningRate(state);
  return state;
}

/**
 * Steps of the whole run. Null if only time ends it. Epochs are counted in windows. If the windows
 * have changed, the windows of the remaining epochs count.
 *
 * @param samePlace whether an earlier part of the run had the same windows
 */
export function totalStepsOf(
  { options, resumedFrom }: TrainingRun,
  session: Session,
  samePlace: boolean,
): number | null {
  const { epochs, maxSteps } = options;
  if (maxSteps !== null || epochs === null) return maxSteps;
  if (resumedFrom && samePlace && resumedFrom.training.options.epochs === epochs)
    return recordedLoop(resumedFrom.training).totalSteps;
  return session.step + stepsOfEpochs(Math.max(0, epochs - session.epoch), session.streams.windowsPerEpoch);
}

export function startEvent(
  { corpus, options }: TrainingRun,
  session: Session,
  { totalSteps, elapsedMs }: RunState,
): StartEvent {
  const { train, validation, test, characters, vocabulary } = corpus;
  const { step, model, parameters, deviceDescription: device, memoryBytes } = session;
  return {
    event: 'start',
    step,
    model,
    parameters,
    device,
    corpus: {
      level: vocabulary.unit,
      characters,
      symbols: vocabulary.size,
      train: train.length,
      validation: validation.length,
      test: test.length,
    },
    options: { ...options },
    totalSteps,
    memoryBytes,
    elapsedMs,
  };
}
