// Runs on disk, for drawing, comparing and describing: their logs as curves with names, and their
// checkpoints. Writes nothing.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  LogFollower,
  type LogLine,
  type TrainedModel,
  findCheckpoint,
  findRuns,
  isHeld,
  readLog,
  parameterCountOf,
  readOutline,
} from '../runs/store.ts';
import { Curves } from '../training/curves.ts';
import { logOf, runOf } from '../runs/log-file.ts';
import type { ReadingOptions } from '../options/run.ts';
import { type CorpusRecord, recordedCorpusOrNull, recordedReadingOrNull } from '../training/record.ts';
import { type RunBackground, type RunSummary, backgroundOf, listRuns as listRunsIn } from '../training/runs.ts';
import type { Verdict } from '../training/verdict.ts';
import { abortSignal, folderName, refuseOther, refuseWrong, runName, runNames } from './checks.ts';

/** A run on disk, with the curves of its log. */
export interface Run {
  readonly path: string;
  /** The name of the folder, or its whole path if another run has the same name. */
  readonly name: string;
  readonly curves: Curves;
}

/** Look this often. A run reports once a second. */
const lookEveryMs = 250;

/**
 * The runs with the curves of their logs.
 *
 * @param given run folders, folders of runs, or files in a run. Default: the newest run in
 * ./checkpoints
 * @throws RnnError `checkpoint` if there is no run
 */
export async function readRuns(given: string | readonly string[] = []): Promise<Run[]> {
  refuseOther('runs', given, runNames);
  const paths = await findRuns([given].flat());
  const names = paths.map((path) => basename(path));
  const runs: Run[] = [];
  for (const [index, path] of paths.entries()) {
    const curves = new Curves();
    for await (const line of readLog(logOf(path))) curves.add(line);
    const isAlone = names.indexOf(names[index]) === names.lastIndexOf(names[index]);
    runs.push({ path, name: isAlone ? names[index] : path, curves });
  }
  return runs;
}

/**
 * The runs in a folder. Runs of one text are together, the lowest validation loss first, followed
 * by runs without a loss in order of name. Empty and damaged runs, and runs of a newer version, are
 * last.
 *
 * @throws RnnError `checkpoint` if the folder does not exist
 */
export async function listRuns(folder: string): Promise<RunSummary[]> {
  refuseOther('the folder', folder, folderName);
  return listRunsIn(folder);
}

/** The new lines of a growing log. */
export interface NewLogLines {
  readonly lines: readonly LogLine[];
  /** These lines start the log again, and all earlier lines are invalid. */
  readonly isAnew: boolean;
}

/**
 * Reads the log of a run from its beginning, and then the lines that another process adds, four
 * times a second. Ends when the last process that trains in the folder has ended, or when the
 * signal is aborted.
 *
 * @throws RnnError `checkpoint` if there is no run, `machine` if its log cannot be read
 */
export async function* followRun(
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<NewLogLines> {
  refuseOther('the run', path, runNames);
  refuseWrong(options, { signal: abortSignal });
  const { signal } = options;
  await findRuns([path]);
  const follower = new LogFollower(logOf(path));
  const isStopped = (): boolean => signal?.aborted === true;
  for (let isOver = false; !isOver && !isStopped();) {
    // Check before reading the log, so that the last lines of a run that ends meanwhile are not
    // missed.
    const isRunning = isHeld(path);
    const { lines, isAnew, isAll } = await follower.next();
    yield { lines, isAnew };
    isOver = isAll && !isRunning;
    if (isAll && isRunning) await wait(lookEveryMs, undefined, { signal }).catch(() => {});
  }
}

/** How a text is divided into records. */
type Division = Pick<ReadingOptions, 'records' | 'column' | 'learnAfter' | 'weights' | 'lowercase'>;

const divisionOf = ({ records, column, learnAfter, weights, lowercase }: ReadingOptions): Division => ({
  records,
  column,
  learnAfter,
  weights,
  lowercase,
});

/**
 * The description of a checkpoint, as `rnn info --json` prints it. Later versions only add members.
 * Losses are in nats.
 */
export interface CheckpointInfo {
  readonly event: 'info';
  readonly path: string;
  readonly bytes: number;
  readonly modified: string;
  readonly model: TrainedModel['model'];
  readonly parameters: number;
  readonly vocabulary: TrainedModel['vocabulary'];
  readonly training: {
    readonly step: number;
    readonly epoch: number;
    readonly lossNats: number | null;
    readonly validationLossNats: number | null;
    readonly bestValidationLossNats: number | null;
    readonly options: Readonly<Record<string, unknown>>;
    /**
     * The device with its kernels and threads, in one line. Null if the checkpoint does not record
     * it.
     */
    readonly device: string | null;
    /** The text of the run. Null if the checkpoint does not record it. */
    readonly corpus: CorpusRecord | null;
    /** How the text was divided into records. Null if it was not, or is not recorded. */
    readonly division: Division | null;
  };
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly optimizer: string | null;
  /** The verdict on the checkpoint's run. Null if it has no log or no evaluations. */
  readonly verdict: Verdict | null;
}

/**
 * Describes a checkpoint, and the background of its run. It does not read the parameters, so it does
 * not check them, nor the checksum of the file.
 *
 * @param source a run folder (its best checkpoint) or a file. Default: the newest run in
 * ./checkpoints
 * @throws RnnError `checkpoint` if no checkpoint can be read
 */
export async function describeCheckpoint(
  source?: string,
): Promise<{ readonly info: CheckpointInfo; readonly background: RunBackground }> {
  if (source !== undefined) refuseOther('the checkpoint', source, runName);
  const path = await findCheckpoint(source);
  const outline = await readOutline(path);
  const { model, vocabulary, training, tensors, optimizer } = outline;
  const { step, epoch, history, bestValidationLossNats, options } = training;
  const file = await stat(path);
  const run = runOf(path);
  const reading = recordedReadingOrNull(training);
  const last = (key: string): number | null => {
    const value = history.findLast((line) => typeof line[key] === 'number')?.[key];
    return typeof value === 'number' ? value : null;
  };
  const info: CheckpointInfo = {
    event: 'info',
    path,
    bytes: file.size,
    modified: file.mtime.toISOString(),
    model,
    parameters: parameterCountOf(outline),
    vocabulary,
    training: {
      step,
      epoch,
      lossNats: last('lossNats'),
      validationLossNats: last('validationLossNats'),
      bestValidationLossNats,
      options,
      device: typeof training['device'] === 'string' ? training['device'] : null,
      corpus: recordedCorpusOrNull(training),
      division: vocabulary.end == null || reading === null ? null : divisionOf(reading),
    },
    tensors: tensors.map(({ name, shape }) => ({ name, shape })),
    optimizer: optimizer?.name ?? null,
    verdict: run === undefined ? null : (await readRuns(run))[0].curves.verdict,
  };
  return { info, background: backgroundOf(outline) };
}
