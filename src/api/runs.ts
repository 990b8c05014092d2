// Runs on disk, to be drawn, compared or described: their logs as curves, with a name each, and
// their checkpoints. Writes nothing.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { LogFollower, type LogLine, type TrainedModel, findRuns, isHeld, readLog, weightsIn } from '../runs/store.ts';
import { Curves } from '../training/curves.ts';
import { logOf, runOf } from '../runs/log-file.ts';
import { type CorpusRecord, recordedCorpusOrNull } from '../training/record.ts';
import { type RunBackground, type RunSummary, backgroundOf, listRuns as listRunsIn } from '../training/runs.ts';
import type { Verdict } from '../training/verdict.ts';
import { readModel } from './trained.ts';
import { abortSignal, folderName, refuseOther, refuseWrong, runName, runNames } from './checks.ts';

export interface Run {
  readonly path: string;
  /** The folder's; all of its path where another run has the same. */
  readonly name: string;
  readonly curves: Curves;
}

/** A run reports once a second. */
const lookEveryMs = 250;

/**
 * @param given run folders, folders of them, or files in one; nothing stands for the newest run in
 * ./checkpoints
 * @throws RnnError `checkpoint` if there is none
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
 * The runs in a folder, those of one text together, the lowest validation loss first, then those
 * without one by name; at the end newer, damaged and empty ones.
 *
 * @throws RnnError `checkpoint` if there is no such folder
 */
export async function listRuns(folder: string): Promise<RunSummary[]> {
  refuseOther('the folder', folder, folderName);
  return listRunsIn(folder);
}

/** The new lines of a growing log. */
export interface FreshLines {
  readonly lines: readonly LogLine[];
  /** What came before holds no more: these lines begin the log. */
  readonly isAnew: boolean;
}

/**
 * The log of a run from its beginning, and on as another process writes it, a look four times a
 * second, until nobody trains in the folder any more or the signal is aborted.
 *
 * @throws RnnError `checkpoint` if there is no run, `machine` if its log cannot be read
 */
export async function* followRun(
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<FreshLines> {
  refuseOther('the run', path, runNames);
  refuseWrong(options, { signal: abortSignal });
  const { signal } = options;
  await findRuns([path]);
  const follower = new LogFollower(logOf(path));
  const isStopped = (): boolean => signal?.aborted === true;
  for (let isOver = false; !isOver && !isStopped();) {
    // Before the log is read, so that nothing is missed of a run that ends meanwhile.
    const isRunning = isHeld(path);
    const { lines, isAnew, isAll } = await follower.next();
    yield { lines, isAnew };
    isOver = isAll && !isRunning;
    if (isAll && isRunning) await wait(lookEveryMs, undefined, { signal }).catch(() => {});
  }
}

/** What a checkpoint is, as `rnn info --json` prints it; fields are only ever added. */
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
    /** The device with its kernels and threads, in one line; null where the checkpoint does not say. */
    readonly device: string | null;
    /** The text that the run had; null where the checkpoint does not say. */
    readonly corpus: CorpusRecord | null;
  };
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly optimizer: string | null;
  /** The verdict on the run of the checkpoint; null without a log, or if nothing was evaluated. */
  readonly verdict: Verdict | null;
}

/**
 * What a checkpoint is, without its numbers, and what its run had.
 *
 * @param source a run folder (its best checkpoint) or a file; the newest run in ./checkpoints if
 * left out
 * @throws RnnError `checkpoint` if there is none that can be read
 */
export async function describeCheckpoint(
  source?: string,
): Promise<{ readonly info: CheckpointInfo; readonly background: RunBackground }> {
  if (source !== undefined) refuseOther('the checkpoint', source, runName);
  const { path, trained } = await readModel(source);
  const { model, vocabulary, training, tensors, optimizer } = trained;
  const { step, epoch, history, bestValidationLossNats, options } = training;
  const file = await stat(path);
  const run = runOf(path);
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
    parameters: weightsIn(trained),
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
    },
    tensors: tensors.map(({ name, shape }) => ({ name, shape })),
    optimizer: optimizer?.name ?? null,
    verdict: run === undefined ? null : (await readRuns(run))[0].curves.verdict,
  };
  return { info, background: backgroundOf(trained) };
}
