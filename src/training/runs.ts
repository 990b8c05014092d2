// What there is to tell of a run in one line, and which of several runs is the best. Knows nothing of how it is shown.
import { basename } from 'node:path';
import { type Header, type RunFiles, lookInto, runsIn } from '../checkpoint/store.ts';
import { parameterShapes } from '../model/parameters.ts';
import { countParameters } from '../program/value.ts';
import { type LoopState, recordedLoop } from './record.ts';

/**
 * `stopped` runs can go on by --resume; `newer` ones are of a newer rnn; of `damaged` ones not everything can be read; of `empty` ones
 * nothing was saved.
 */
export type RunStatus = 'running' | 'finished' | 'stopped' | 'newer' | 'damaged' | 'empty';

export interface RunSummary {
  readonly name: string;
  readonly path: string;
  readonly status: RunStatus;
  /** Why a run ended, as in an `end` event; of a newer or damaged one, why it cannot be read; null where that is not known. */
  readonly reason: string | null;
  /** Null where nothing was validated. */
  readonly bestValidationLossNats: number | null;
  /** The step of the best loss. */
  readonly bestStep: number | null;
  readonly step: number | null;
  /** Of the whole run; null where only time ends it, or nothing is saved yet. */
  readonly totalSteps: number | null;
  readonly parameters: number | null;
  readonly cell: string | null;
  readonly layers: number | null;
  readonly hidden: number | null;
  /** Spent in training steps. */
  readonly trainedMs: number | null;
}

/**
 * The runs in a folder, the lowest validation loss first, then those without one by name, then newer, damaged and empty ones.
 *
 * @throws RnnError `checkpoint` if there is no such folder
 */
export async function listRuns(folder: string): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  // One after another: each has a megabyte in memory while it is read.
  for (const path of await runsIn(folder)) runs.push(await summaryOf(path));
  return ranked(runs);
}

export function ranked(runs: readonly RunSummary[]): RunSummary[] {
  const isLast = ({ status }: RunSummary): number => ['newer', 'damaged', 'empty'].indexOf(status);
  const loss = ({ bestValidationLossNats }: RunSummary): number => bestValidationLossNats ?? Number.MAX_VALUE;
  return runs.toSorted((a, b) => isLast(a) - isLast(b) || loss(a) - loss(b) || a.path.localeCompare(b.path, 'en', { numeric: true }));
}

/** The run in a folder; of one where nothing is saved, as much as its log says. */
export async function summaryOf(path: string): Promise<RunSummary> {
  const files = await lookInto(path);
  const { newest: header, best, isRunning, log } = files;
  const loop = header === null ? null : loopOf(header);
  const now = isRunning ? log.findLast(({ step }) => typeof step === 'number')?.step : undefined;
  const { status, reason } = standingOf(files, loop);
  return {
    name: basename(path),
    path,
    status,
    reason,
    bestValidationLossNats: (best ?? header)?.training.bestValidationLossNats ?? null,
    bestStep: best?.training.step ?? null,
    step: (now as number | undefined) ?? header?.training.step ?? null,
    totalSteps: loop?.totalSteps ?? null,
    parameters: header === null ? null : countParameters(parameterShapes(header.model)),
    cell: header?.model.cell ?? null,
    layers: header?.model.layers ?? null,
    hidden: header?.model.hidden ?? null,
    trainedMs: loop?.trainingMs ?? null,
  };
}

/** Null where another program wrote it. */
function loopOf({ training }: Header): LoopState | null {
  try {
    return recordedLoop(training);
  } catch {
    return null;
  }
}

function standingOf(
  { trouble, isForeign, newest, isRunning, log }: RunFiles,
  loop: LoopState | null,
): Pick<RunSummary, 'status' | 'reason'> {
  if (trouble !== null) return { status: isForeign ? 'newer' : 'damaged', reason: trouble };
  if (isRunning) return { status: 'running', reason: null };
  if (newest !== null && loop?.finished != null) return { status: 'finished', reason: loop.finished };
  const last = log.at(-1);
  return {
    status: newest === null ? 'empty' : 'stopped',
    reason: last?.event === 'end' && typeof last.reason === 'string' ? last.reason : null,
  };
}
