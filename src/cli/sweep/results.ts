// The results of the trials of a sweep: as text, as JSON, and as an exit code.
import type { Edge } from '../../training/edges.ts';
import type { Colours } from '../output/colour.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../failures.ts';
import { count } from '../../count.ts';
import { formatDuration, onOneLine } from '../output/format.ts';
import { runsTable } from '../results/runs-table.ts';
import type { TrialResult, TrialRun } from './run.ts';

/**
 * The exit code of a sweep. If all trials have the same code, it is their code, such as 6 if the
 * device is not available. A failed trial does not end a sweep, but its exit code shows the
 * failure.
 */
export function codeOf(results: readonly TrialResult[]): number {
  const codes = new Set(results.map(({ code }) => code));
  if (codes.size === 1) return results[0].code;
  if (results.some(({ outcome }) => outcome === 'failed')) return exitCodes.machine;
  return codes.has(exitCodes.busy) ? exitCodes.busy : 0;
}

/**
 * The names `point` and `points` are from before trials were called trials. Programs read them.
 *
 * @param trials how many the sweep has
 */
export function trialEvent({ trial, outcome, message, summary }: TrialResult, trials: number): object {
  const { index, name, folder: path } = trial;
  const { bestValidationLossNats, bestStep, step } = summary;
  return {
    event: 'point',
    index,
    points: trials,
    name,
    path,
    outcome,
    message,
    bestValidationLossNats,
    bestStep,
    step,
  };
}

/** @param trials how many the sweep has */
export function trialLine({ trial, outcome, message, summary }: TrialResult, trials: number, colour: Colours): string {
  const { bestValidationLossNats: loss, step, trainedMs } = summary;
  const best = loss === null ? '' : `${loss.toFixed(4)} nats`;
  const text = {
    finished: `${best || 'finished'}, ${count(step ?? 0)} steps in ${formatDuration(trainedMs ?? 0)}`,
    earlier: `${best || 'finished'}, finished before`,
    diverged: `diverged${best && `, ${best} before`}`,
    stopped: `stopped at step ${count(step ?? 0)}${message === null ? '' : ` (${message})`}`,
    failed: `failed: ${message}`,
    busy: `skipped: ${message}`,
  }[outcome];
  const isGood = ['finished', 'earlier', 'stopped'].includes(outcome);
  return `[${trial.index + 1}/${trials}] ${trial.name}: ${isGood ? onOneLine(text) : colour.red(onOneLine(text))}`;
}

/** The finished trial with the lowest validation loss, or null for fewer than two such trials. */
export function bestOf(results: readonly TrialResult[]): TrialRun | null {
  const lossOf = ({ summary }: TrialResult): number | null => summary.bestValidationLossNats;
  const [best, second] = results
    .filter((result) => (result.outcome === 'finished' || result.outcome === 'earlier') && lossOf(result) !== null)
    .toSorted((a, b) => lossOf(a)! - lossOf(b)!);
  return second === undefined ? null : best.trial;
}

/**
 * Says that the best value of an option is at the edge of its values, and which value to try next.
 */
export function edgeLine({ option, value, end, next, isRange }: Edge): string {
  const place = isRange ? `is near the ${end} end of the range` : `is the ${end} value of the grid`;
  return `the best ${option}, ${value}, ${place}: continue with ${isRange ? '--sample' : '--grid'} ${option}=${next}`;
}

/** Writes the trials as a table or as JSON, best first. */
export async function showRanking(results: readonly TrialResult[], json: boolean, { stdout }: Context): Promise<void> {
  const { haveOneText, rankRuns: ranked } = await import('../../training/runs.ts');
  const runs = ranked(results.map(({ summary }) => summary));
  if (json) return stdout.writeJson(...runs.map((run) => ({ event: 'run', ...run })));
  await stdout.write(`\n${runsTable(runs, haveOneText, stdout.colour).join('\n')}\n`);
}
