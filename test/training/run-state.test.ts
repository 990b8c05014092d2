// The state of a run, and when parts of it are forgotten.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../src/runs/store.ts';
import type { LoopState } from '../../src/training/record.ts';
import {
  type RunState,
  countEvaluation,
  forgetLearningRate,
  forgetLosses,
  runRecord,
  rewindState,
  createRunState,
} from '../../src/training/run-state.ts';
import { train, verses } from './fixture.ts';

type Training = Checkpoint['training'];

/** Far above the losses here. */
const UNIFORM_NATS = 5;

/** The state of a run that has gone back twice and waits for a better loss. */
const state: Partial<LoopState> = {
  trainingMs: 1000,
  sinceBest: 3,
  sinceDrop: 1,
  drops: 2,
  evaluatedAt: 40,
  sampledAt: 30,
  evaluatedMs: 900,
  sampledMs: 800,
  totalSteps: 50,
  recoveries: 2,
  learningRateFactor: 0.25,
  trend: { steps: 40, average: 1.5, lowest: 1.25 },
};
let training: Training;
beforeAll(async () => {
  const { folder } = await train(verses, { maxSteps: 2 });
  const { checkpoint } = await folder.readNewestState();
  training = {
    ...checkpoint.training,
    bestValidationLossNats: 1.75,
    loop: { ...(checkpoint.training.loop as LoopState), ...state },
  };
});

/** The state in a checkpoint. */
const comparableState = (state: RunState): object => {
  const { loop, bestValidationLossNats } = runRecord(state, 0, null);
  return { ...(loop as LoopState), best: bestValidationLossNats };
};

describe('the state of a run', () => {
  it('is the same as in the checkpoint', () => {
    expect(comparableState(createRunState(training, UNIFORM_NATS))).toEqual({
      ...state,
      best: 1.75,
      elapsedMs: 0,
      finished: null,
    });
  });

  it('forgets its losses on another text', () => {
    const run = createRunState(training, UNIFORM_NATS);
    forgetLosses(run, { sameTraining: false, sameValidation: false });
    expect(comparableState(run)).toMatchObject({
      best: null,
      sinceBest: 0,
      trend: { steps: 0, lowest: null },
      recoveries: 2,
      learningRateFactor: 0.25,
      trainingMs: 1000,
    });
  });

  it('forgets only the validation loss with another validation text, and only the training loss with another training text', () => {
    const [trained, validated] = [createRunState(training, UNIFORM_NATS), createRunState(training, UNIFORM_NATS)];
    forgetLosses(trained, { sameTraining: true, sameValidation: false });
    expect(comparableState(trained)).toMatchObject({
      best: null,
      sinceBest: 0,
      sinceDrop: 0,
      drops: 2,
      trend: state.trend,
    });
    forgetLosses(validated, { sameTraining: false, sameValidation: true });
    expect(comparableState(validated)).toMatchObject({ best: 1.75, sinceBest: 3, trend: { steps: 0 } });
  });

  it('has no drops of the learning rate if the checkpoint is older than drops', () => {
    const { sinceDrop: _, drops: __, ...loop } = training.loop as LoopState;
    expect(comparableState(createRunState({ ...training, loop }, UNIFORM_NATS))).toMatchObject({
      sinceDrop: 0,
      drops: 0,
      sinceBest: 3,
    });
  });

  it('counts a drop after every plateauPatience evaluations without a new best', () => {
    const run = createRunState(null, UNIFORM_NATS);
    const judged = [false, false, true, false, false, false, false, false].map((best, index) => {
      countEvaluation(run, { step: index + 1, best }, { schedule: 'plateau', plateauPatience: 2 });
      return run.drops;
    });
    expect(judged).toEqual([0, 1, 1, 1, 2, 2, 3, 3]);
    expect(run).toMatchObject({ sinceBest: 5, evaluatedAt: 8 });
  });

  it('counts no drops with another schedule', () => {
    const run = createRunState(null, UNIFORM_NATS);
    for (const step of [1, 2]) countEvaluation(run, { step, best: false }, { schedule: 'cosine', plateauPatience: 1 });
    expect(run.drops).toBe(0);
  });

  it('has all its recoveries available again with another learning rate', () => {
    const run = createRunState(training, UNIFORM_NATS);
    forgetLearningRate(run);
    expect(comparableState(run)).toMatchObject({
      recoveries: 0,
      learningRateFactor: 1,
      drops: 0,
      best: 1.75,
      sinceBest: 3,
    });
  });
});

describe('the state of a run after a recovery', () => {
  /** Since the checkpoint, the run has trained longer and found a better loss. */
  const returned = (
    ...to: [Checkpoint['training'] | null, { sameTraining: boolean; sameValidation: boolean }]
  ): object => {
    const later = { trainingMs: 5000, best: 1.5, sinceBest: 0, recoveries: 3, learningRateFactor: 0.125 };
    const run = Object.assign(createRunState(training, UNIFORM_NATS), later);
    rewindState(run, ...to);
    return comparableState(run);
  };

  it('is as in the checkpoint, except for the time, the best loss and the learning rate', () => {
    expect(returned(training, { sameTraining: true, sameValidation: true })).toMatchObject({
      ...state,
      trainingMs: 5000,
      best: 1.5,
      recoveries: 4,
      learningRateFactor: 0.0625,
    });
  });

  it('has no losses of the earlier text', () => {
    expect(returned(training, { sameTraining: false, sameValidation: false })).toMatchObject({
      best: 1.5,
      sinceBest: 0,
      trend: { steps: 0, lowest: null },
      recoveries: 4,
    });
  });

  it('is the beginning if there is no checkpoint', () => {
    expect(returned(null, { sameTraining: true, sameValidation: true })).toMatchObject({
      trainingMs: 5000,
      best: 1.5,
      sinceBest: 0,
      evaluatedAt: -1,
      recoveries: 4,
      trend: { steps: 0 },
    });
  });
});
