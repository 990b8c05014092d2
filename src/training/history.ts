// The evaluations and the last report of a run, for its checkpoints. The log has all reports, but
// their number depends on the speed of the machine, and a checkpoint must be the same with and
// without interruptions.
import type { EvaluationEvent, ReportEvent } from './events.ts';

export type HistoryEntry = Readonly<Record<string, unknown>>;

/** A checkpoint is read and written as a whole, and a run may be long. */
const MAX_EVALUATIONS = 1000;

const isReport = ({ event }: HistoryEntry): boolean => event === 'report';

/** @param history the entries in the order of steps */
export function addToHistory(
  history: readonly HistoryEntry[],
  event: EvaluationEvent | ReportEvent,
): readonly HistoryEntry[] {
  if (event.event === 'report') return [...history.filter((earlier) => !isReport(earlier)), { ...event }];
  const entries = [...history, { ...event }];
  const evaluations = entries.filter((earlier) => !isReport(earlier));
  if (evaluations.length <= MAX_EVALUATIONS) return entries;
  const removed = evaluations[indexToRemove(evaluations)];
  return entries.filter((earlier) => earlier !== removed);
}

/**
 * The index of the evaluation to remove, so that the evaluations stay evenly spread: the first of
 * those with the fewest steps between their neighbours. Never the first or the last evaluation.
 */
function indexToRemove(evaluations: readonly HistoryEntry[]): number {
  const steps = evaluations.map(({ step }) => Number(step));
  const gaps = steps.slice(2).map((step, index) => step - steps[index]);
  return 1 + gaps.indexOf(Math.min(...gaps));
}
