// What came of the points of a sweep: for people, as JSON, and as an exit code. Knows nothing of how they were run.
import type { Edge } from '../../training/edges.ts';
import type { RunSummary } from '../../training/runs.ts';
import type { Context } from '../context.ts';
import { busyCode, divergedCode, isFailureCode } from '../failures.ts';
import { count, duration, harmless } from '../format.ts';
import { runsTable } from '../runs-table.ts';
import type { Outcome, Task, TaskResult } from './run.ts';

/** A failed point is no reason to end a sweep, but one to say so to whoever started it. */
const someFailed = 1;

/** What all points ended with, if that is the same, such as 6 where there is no such device. */
export function codeOf(results: readonly TaskResult[]): number {
  const codes = new Set(results.map(codeOfPoint));
  if (codes.size === 1) return [...codes][0];
  const had = (wanted: Outcome): boolean => results.some(({ outcome }) => outcome === wanted);
  if (had('failed')) return someFailed;
  return had('busy') ? busyCode : 0;
}

function codeOfPoint({ outcome, code }: TaskResult): number {
  if (outcome === 'failed') return isFailureCode(code) ? code : someFailed;
  if (outcome === 'busy') return busyCode;
  return outcome === 'diverged' ? divergedCode : 0;
}

export function pointEvent({ task, outcome, message, summary }: TaskResult, tasks: readonly Task[]): object {
  const { bestValidationLossNats, bestStep, step } = summary;
  return {
    event: 'point',
    index: tasks.indexOf(task),
    points: tasks.length,
    name: task.name,
    path: task.folder,
    outcome,
    message,
    bestValidationLossNats,
    bestStep,
    step,
  };
}

export function pointLine(
  { task, outcome, message, summary }: TaskResult,
  tasks: readonly Task[],
  { stdout: { colour } }: Context,
): string {
  const { bestValidationLossNats: loss, step, trainedMs } = summary;
  const best = loss === null ? '' : `${loss.toFixed(4)} nats`;
  const what = {
    finished: () => `${best || 'finished'}, ${count(step ?? 0)} steps in ${duration(trainedMs ?? 0)}`,
    earlier: () => `${best || 'finished'}, finished before`,
    diverged: () => `diverged${best && `, ${best} before`}`,
    stopped: () => `stopped at step ${count(step ?? 0)}${message === null ? '' : ` (${message})`}`,
    failed: () => `failed: ${message}`,
    busy: () => `left out: ${message}`,
  }[outcome]();
  const isBad = outcome === 'failed' || outcome === 'busy' || outcome === 'diverged';
  const others = outcome === 'earlier' ? colour.dim : String;
  const paint = isBad ? colour.red : others;
  return `[${tasks.indexOf(task) + 1}/${tasks.length}] ${task.name}: ${paint(harmless(what).replaceAll('\n', '␊'))}`;
}

/** The finished trial with the lowest validation loss, among several; null where there is none to compare. */
export function bestTask(results: readonly TaskResult[]): Task | null {
  const [best, second] = results
    .filter(({ outcome, summary }) => (outcome === 'finished' || outcome === 'earlier') && summary.bestValidationLossNats !== null)
    .toSorted((a, b) => a.summary.bestValidationLossNats! - b.summary.bestValidationLossNats!);
  return second === undefined ? null : best.task;
}

export function edgeLine({ option, value, end, next, isRange }: Edge): string {
  const place = isRange ? `is near the ${end} end of the range` : `is the ${end} that was tried`;
  return `the best ${option}, ${value}, ${place}: continue with ${isRange ? '--sample' : '--grid'} ${option}=${next}`;
}

export async function showRanking(runs: readonly RunSummary[], { json }: { json: boolean }, { rooms, stdout }: Context): Promise<void> {
  if (json) for (const each of runs) await stdout.write(`${JSON.stringify({ event: 'run', ...each })}\n`);
  else await stdout.write(`\n${runsTable(runs, (await rooms.runs()).haveOneText, stdout.colour).join('\n')}\n`);
}
