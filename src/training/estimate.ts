// How long a run will take on this machine: from its own steps, evaluations and samples, each measured for a moment on its own device.
// Nothing is learnt, and nothing is written.
import { countEvaluationWindows } from '../corpus/evaluation-windows.ts';
import type { TrainingOptions } from './options.ts';
import { type TrainingRun, stepsOf } from './run.ts';
import { Session } from './session.ts';
import { startSymbolOf } from './windows.ts';

/** Code is compiled a second time while it runs. */
const WARM_UP_MS = 250;
const STEPS_MS = 1000;
const EVALUATIONS_MS = 200;
/** Windows of a row that are evaluated at a time: enough that the characters read before each row cost little. */
const EVALUATED_WINDOWS = 16;

export interface RunEstimate {
  /** The device that measured it, in one line. */
  readonly device: string;
  /** Of this process at its peak, in bytes. */
  readonly memoryBytes: number;
  /** Of the whole run, without reading the text; less if early stopping ends it. */
  readonly milliseconds: number;
  readonly steps: number;
  readonly epochs: number;
  readonly stepMs: number;
  readonly evaluations: number;
  /** Null where there is nothing to validate on. */
  readonly evaluationMs: number | null;
  readonly samples: number;
  /** Null where no samples are taken. */
  readonly sampleMs: number | null;
}

/**
 * @param run a new one
 * @throws RnnError `usage` if the model does not fit into memory, `corpus` if the text holds no window, `device` if the device fails
 */
export async function estimateRun(run: TrainingRun): Promise<RunEstimate> {
  const { options, corpus, device, initial = null, machine, clock = () => performance.now() } = run;
  const session = await Session.open(options, corpus, device, initial, machine.threads);
  try {
    await session.begin();
    const allSteps = stepsOf(run, session, false);
    const step = async (): Promise<number> => (await session.advance(Infinity, () => 0)).length;
    await timeOf(step, WARM_UP_MS, clock);
    const stepMs = await timeOf(step, STEPS_MS, clock);
    const evaluationMs = session.validates ? await timeOfEvaluation(run, session, clock) : null;
    const sampleMs = options.sampleEvery > 0 ? await timeOfSample(session, clock) : null;
    const steps = allSteps ?? Math.max(1, Math.floor(options.budgetMs! / stepMs));
    const evaluations = evaluationMs === null ? 0 : timesIn(steps, options.evaluateEvery);
    const samples = sampleMs === null ? 0 : timesIn(steps, options.sampleEvery);
    return {
      device: session.deviceDescription,
      memoryBytes: session.memoryBytes,
      milliseconds: (options.budgetMs ?? steps * stepMs) + evaluations * (evaluationMs ?? 0) + samples * (sampleMs ?? 0),
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

/** What is due every so many steps is also done at the end. */
const timesIn = (steps: number, every: TrainingOptions['evaluateEvery']): number => (every > 0 ? Math.ceil(steps / every) : 1);

const isUrgent = (): boolean => false;

/** A part of the validation text stands for all of it. */
async function timeOfEvaluation({ options, corpus }: TrainingRun, session: Session, now: () => number): Promise<number> {
  const { evaluationStreams: streams, sequenceLength } = options;
  const { length } = corpus.validation;
  const part = Math.min(length, streams * sequenceLength * EVALUATED_WINDOWS + 1);
  const windows = (characters: number): number =>
    countEvaluationWindows(characters, streams, sequenceLength, startSymbolOf(options, corpus.vocabulary));
  const evaluate = async (): Promise<number> => {
    await session.evaluate(isUrgent, part);
    return windows(part);
  };
  await timeOf(evaluate, 0, now);
  return windows(length) * (await timeOf(evaluate, EVALUATIONS_MS, now));
}

/** The first sample also opens the sampler; another one is taken unless that took long. */
async function timeOfSample(session: Session, now: () => number): Promise<number> {
  const sample = async (): Promise<number> => {
    await session.sample(isUrgent);
    return 1;
  };
  const first = await timeOf(sample, 0, now);
  return first > STEPS_MS ? first : timeOf(sample, 0, now);
}

/**
 * Milliseconds of a unit of work that is done again and again for so long, at least once.
 *
 * @param work gives how many units it has done
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
