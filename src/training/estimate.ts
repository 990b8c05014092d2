// Estimates how long a run takes on this machine: briefly measures its steps, evaluations and
// samples on its device. Trains nothing and writes nothing.
import { withActivity } from './activity.ts';
import { timesLeft } from './due.ts';
import { EVALUATIONS, SAMPLES } from './intervals.ts';
import type { TrainingRun } from './run.ts';
import { totalStepsOf } from './run-state.ts';
import { Session } from './session.ts';

/** V8 compiles code a second time while it runs. */
const WARM_UP_MS = 250;
const STEPS_MS = 1000;
const EVALUATIONS_MS = 200;
/** Characters of a row that are evaluated at a time: as many as in the chunks of a sample. */
const EVALUATED_CHARACTERS = 2000;

export interface RunEstimate {
  /** One line. */
  readonly device: string;
  /** Peak memory of this process, in bytes. */
  readonly memoryBytes: number;
  /** Milliseconds of the whole run without reading the text. Early stopping shortens it. */
  readonly milliseconds: number;
  readonly steps: number;
  readonly epochs: number;
  readonly stepMs: number;
  readonly evaluations: number;
  /** Null without validation. */
  readonly evaluationMs: number | null;
  readonly samples: number;
  /** Null if no samples are taken. */
  readonly sampleMs: number | null;
}

/**
 * @param run a new run
 * @throws RnnError `usage` if the model does not fit into memory, `corpus` if the text is too short
 * for one batch, `device` if the device fails
 */
export function estimateRun({ onActivity, ...run }: TrainingRun): Promise<RunEstimate> {
  return withActivity(onActivity, 'measuring', () => measureRun(run));
}

async function measureRun(run: TrainingRun): Promise<RunEstimate> {
  const { options, clock = () => performance.now() } = run;
  const session = await Session.open(run);
  try {
    await session.begin();
    const allSteps = totalStepsOf(run, session, false);
    const advanceOnce = async (): Promise<number> => (await session.advance(Infinity, () => 0)).length;
    await timeOf(advanceOnce, WARM_UP_MS, clock);
    const stepMs = await timeOf(advanceOnce, STEPS_MS, clock);
    const evaluationMs = session.validation.isPossible ? await timeOfEvaluation(run, session, clock) : null;
    const sampleMs = options.sampleEvery === 0 ? null : await timeOfSample(session, clock);
    const steps = allSteps ?? Math.max(1, Math.floor(options.budgetMs! / stepMs));
    /** How often it occurs, including the end of the run. */
    const timesOf = (every: number | null, times: number, tookMs: number | null): number => {
      if (tookMs === null) return 0;
      const reached = {
        step: 0,
        trainingMs: 0,
        totalSteps: every === null ? allSteps : steps,
        budgetMs: options.budgetMs,
      };
      return 1 + timesLeft({ every, times, tookMs, lastMs: 0 }, reached);
    };
    const evaluations = timesOf(options.evaluateEvery, EVALUATIONS, evaluationMs);
    const samples = timesOf(options.sampleEvery, SAMPLES, sampleMs);
    return {
      device: session.deviceDescription,
      memoryBytes: session.memoryBytes,
      milliseconds:
        (options.budgetMs ?? steps * stepMs) + evaluations * (evaluationMs ?? 0) + samples * (sampleMs ?? 0),
      steps,
      epochs: steps / session.streams.windowsPerEpoch,
      stepMs,
      evaluations,
      evaluationMs,
      samples,
      sampleMs,
    };
  } finally {
    await session.close();
  }
}

const isUrgent = (): boolean => false;

/** Measures a part of an evaluation and scales it to the whole. */
async function timeOfEvaluation({ options }: TrainingRun, session: Session, now: () => number): Promise<number> {
  const { validation } = session;
  const part = Math.min(validation.scored(), options.evaluationStreams * EVALUATED_CHARACTERS);
  const evaluate = async (): Promise<number> => {
    await session.evaluate(isUrgent, part);
    return validation.scored(part);
  };
  await evaluate();
  return validation.scored() * (await timeOf(evaluate, EVALUATIONS_MS, now));
}

/** The first sample also opens the sampler, so only the second one is measured. */
async function timeOfSample(session: Session, now: () => number): Promise<number> {
  const sample = async (): Promise<number> => {
    await session.sample(isUrgent);
    return 1;
  };
  await sample();
  return timeOf(sample, 0, now);
}

/**
 * Milliseconds per unit of work. Repeats the work for at least `milliseconds`, at least once.
 *
 * @param work returns how many units it has done
 */
async function timeOf(work: () => Promise<number>, milliseconds: number, now: () => number): Promise<number> {
  const started = now();
  let units = 0;
  let spent: number;
  do {
    units += await work();
    spent = now() - started;
  } while (spent < milliseconds);
  return spent / units;
}
