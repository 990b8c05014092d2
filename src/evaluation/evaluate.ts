// Evaluates a model on a text from beginning to end: its loss, and its outputs at each character.
import { setImmediate } from 'node:timers/promises';
import {
  type EvaluationSplit,
  type EvaluationWindow,
  NO_TARGET,
  evaluationWindows,
  scoredCharacters,
} from '../corpus/evaluation-windows.ts';
import type { Tokens } from '../corpus/read.ts';
import { recordWindows } from '../corpus/record-batches.ts';
import type { RecordLayout } from '../corpus/records.ts';
import type { CallResult, Device, Executable } from '../devices/device.ts';
import { count } from '../count.ts';
import { RnnError } from '../errors.ts';
import { type NetworkOutputs, networkProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { type TrainedModel, parameterVector } from '../runs/store.ts';
import { flagOf } from '../options/flags.ts';

/** A model and its parameters, trained or not. */
export type BareModel = Pick<TrainedModel, 'model' | 'tensors'>;

/**
 * The cost of a scored character relative to a character of training. A loss needs one of the three
 * matrix products.
 */
export const COST_OF_SCORING = 1 / 3;

/** Receives the number of characters done so far, after each piece of work. */
export type ProgressListener = (done: number, total: number) => void;

/**
 * Called with the outputs of a call, the row of a character in them, and its position in the text.
 * The outputs are valid until it returns.
 */
export type RowVisitor = (outputs: CallResult['outputs'], row: number, at: number) => void;

interface EvaluationHooks {
  /** Called before each run of calls. If it returns true, the evaluation is abandoned. */
  readonly isUrgent?: () => boolean;
  /** Called for each scored character. */
  readonly visit?: RowVisitor | undefined;
  /**
   * For dynamic evaluation: the jobs are training jobs, and the parameters learn from each window
   * after it has been scored. Default false.
   */
  readonly learns?: boolean;
  readonly onProgress?: ProgressListener | undefined;
}

/** Windows to evaluate. */
interface WindowsToScore extends EvaluationHooks {
  readonly windows: Iterator<EvaluationWindow>;
  /** The number of targets that the windows score, for the progress. */
  readonly total: number;
  /** The job for windows of this number of time steps. */
  readonly jobOf: (steps: number) => string;
}

/**
 * Returns the mean loss of a text in nats per token. Scores each token except the first once, or a
 * sample, in `streams` contiguous chunks. Each chunk starts from a zero state and carries its
 * state.
 *
 * @param tokens at least two
 * @param job a job of `streams` rows and `sequenceLength` time steps. Without a loss in its program
 * the result is 0
 * @returns null if the evaluation was abandoned
 * @throws RnnError `diverged` as `evaluateWindows` does
 */
export function evaluateTokens(
  executable: Executable,
  job: string,
  tokens: Tokens,
  { isUrgent, visit, learns, onProgress, ...split }: EvaluationSplit & EvaluationHooks,
): Promise<number | null> {
  const hooks = { ...(isUrgent && { isUrgent }), ...(learns && { learns }), visit, onProgress };
  const total = scoredCharacters(tokens.length, split);
  return evaluateWindows(executable, { windows: evaluationWindows(tokens, split), total, jobOf: () => job, ...hooks });
}

/**
 * Returns the mean loss of windows in nats per target.
 *
 * @returns null if the evaluation was abandoned
 * @throws RnnError `diverged` if the parameters learn and a loss or a gradient is not a finite
 * number
 */
export async function evaluateWindows(
  executable: Executable,
  { windows, total, jobOf, isUrgent, visit, learns = false, onProgress }: WindowsToScore,
): Promise<number | null> {
  let sum = 0;
  let scored = 0;
  let next = windows.next();
  const take = (): WindowRun | null => {
    if (next.done) return null;
    const steps = stepsIn(next.value);
    const job = jobOf(steps);
    const batch: EvaluationWindow[] = [];
    for (const most = executable.callsPerRun(job); batch.length < most; next = windows.next()) {
      if (next.done || stepsIn(next.value) !== steps) break;
      batch.push(next.value);
    }
    return { job, batch };
  };
  const start = ({ job, batch }: WindowRun): Promise<readonly CallResult[]> =>
    executable.run(
      job,
      batch.map(({ inputs, targets, reset }) => ({
        ids: inputs,
        targets,
        reset,
        ...(learns && { update: {} }),
      })),
    );
  const copies: Outputs[] = [];
  let visitLast = (): void => {};
  onProgress?.(0, total);
  for (let run = take(); run !== null;) {
    if (isUrgent?.()) return null;
    const { batch } = run;
    const running = start(run);
    // While the device computes, this thread visits the outputs of the last run.
    visitLast();
    const following = take();
    // setImmediate lets signals be handled, even if the device computes on this thread.
    const [results] = await Promise.all([running, setImmediate()]);
    for (const [index, { lossNats, updated, outputs }] of results.entries()) {
      if (learns && !updated) throw divergedAfter(scored);
      sum += lossNats;
      scored += batch[index].scored;
      if (visit !== undefined) copies[index] = copyOf(outputs, copies[index]);
    }
    if (visit !== undefined)
      visitLast = () => {
        for (const [index, window] of batch.entries()) visitWindow(window, copies[index], visit);
      };
    onProgress?.(scored, total);
    run = following;
  }
  visitLast();
  return sum / scored;
}

/** Windows that the device computes without returning to this thread. */
interface WindowRun {
  readonly job: string;
  readonly batch: readonly EvaluationWindow[];
}

type Outputs = Record<string, Float32Array>;

/** Copies outputs, which the next run overwrites, to arrays of an earlier copy where they fit. */
function copyOf(outputs: CallResult['outputs'], into: Outputs = {}): Outputs {
  for (const [name, values] of Object.entries(outputs)) {
    if ((into[name]?.length ?? 0) < values.length) into[name] = new Float32Array(values.length);
    into[name].set(values);
  }
  return into;
}

const stepsIn = ({ inputs, starts }: EvaluationWindow): number => inputs.length / starts.length;

function divergedAfter(characters: number): RnnError {
  return new RnnError(
    'diverged',
    `dynamic evaluation diverged after ${count(characters)} characters: the loss or its gradient is not a finite number`,
    { hint: `lower ${flagOf('dynamicRate')}, or raise ${flagOf('dynamicDecay')}` },
  );
}

function visitWindow({ targets, starts }: EvaluationWindow, outputs: CallResult['outputs'], visit: RowVisitor): void {
  const N = starts.length;
  for (let n = 0; n < N; n++) {
    for (let row = n; row < targets.length; row += N) {
      if (targets[row] !== NO_TARGET) visit(outputs, row, starts[n] + (row - n) / N);
    }
  }
}

interface ReadingPlan extends EvaluationSplit {
  readonly visit: RowVisitor;
  readonly onProgress?: ProgressListener | undefined;
  /** Visited row by row (T·N). */
  readonly outputs: NetworkOutputs['outputs'];
  /** Each record is read from a zero state. Null for one text. */
  readonly records?: RecordLayout | null;
}

/**
 * Reads a text to visit some outputs of the network.
 *
 * @param tokens at least two. The last one is not read, because no token follows it
 * @returns one line about the device
 */
export async function readThrough(
  trained: BareModel,
  tokens: Tokens,
  device: Device,
  { outputs, records = null, ...plan }: ReadingPlan,
): Promise<string> {
  const { model } = trained;
  const { streams: batch, sequenceLength: steps } = plan;
  const executable = await device.compile({
    parameters: parameterShapes(model),
    jobs: [{ name: 'read', steps, batch, build: (rows) => networkProgram(model, { steps, rows }, { outputs }) }],
    update: null,
  });
  try {
    await executable.write({ kind: 'parameters' }, parameterVector(trained));
    if (records === null) await evaluateTokens(executable, 'read', tokens, plan);
    else {
      const windows = recordWindows({ ...records, tokens }, { batchSize: batch, lengths: [steps] });
      await evaluateWindows(executable, { windows, total: tokens.length - 1, jobOf: () => 'read', ...plan });
    }
    return executable.description;
  } finally {
    await executable.close();
  }
}
