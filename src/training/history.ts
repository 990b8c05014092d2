// What a checkpoint remembers of a run: its evaluations, and the last report. The log has all
// reports, but how many there are depends on the speed of the machine, and a checkpoint must be the
// same with and without interruptions.
import type { EvaluationEvent, ReportEvent } from './events.ts';

export type Remembered = Readonly<Record<string, unknown>>;

/** A checkpoint is read and written as a whole, and a run may be long. */
const MAX_EVALUATIONS = 1000;

const isReport = ({ event }: Remembered): boolean => event === 'report';

/** @param history in the order of steps */
export function remember(history: readonly Remembered[], event: EvaluationEvent | ReportEvent): readonly Remembered[] {
  if (event.event === 'report') return [...history.filter((earlier) => !isReport(earlier)), { ...event }];
  const all = [...history, { ...event }];
  const evaluations = all.filter((earlier) => !isReport(earlier));
  if (evaluations.length <= MAX_EVALUATIONS) return all;
  const dropped = evaluations[leastMissed(evaluations)];
  return all.filter((earlier) => earlier !== dropped);
}

/**
 * Neither the first nor the last evaluation, but the first of those with the fewest steps from the
 * one before to the one after, so that the evaluations stay evenly spread.
 */
function leastMissed(evaluations: readonly Remembered[]): number {
  const steps = evaluations.map(({ step }) => Number(step));
  const gaps = steps.slice(2).map((step, index) => step - steps[index]);
  return 1 + gaps.indexOf(Math.min(...gaps));
}
