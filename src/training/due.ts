// When evaluations, samples and saves are due, and how many are still to come. Pure.

/** An evaluation, a sample or a save, which recurs in a run. */
export interface Recurrence {
  /** In steps. 0: only at the end, or never. Null: spaced over the run. */
  readonly every: number | null;
  /** How often it occurs if it is spaced over the run, the last time at the end. */
  readonly times: number;
  /** The milliseconds that steps had taken when it last occurred. */
  readonly lastMs: number;
  /** How many milliseconds it took then. 0 if unknown. */
  readonly tookMs: number;
}

/**
 * With a budget, training between two evaluations takes at least this many times as long as an
 * evaluation. On a slow machine evaluations are rarer than planned, and the run still takes about
 * its budget.
 */
const TRAINED_PER_PAUSE = 2;

/** The progress of a run. Either `totalSteps` or `budgetMs` is null. */
export interface RunProgress {
  readonly step: number;
  readonly totalSteps: number | null;
  readonly trainingMs: number;
  readonly budgetMs: number | null;
}

/** Steps between two occurrences. Null if time decides. */
export function stepsBetween(
  { every, times }: Pick<Recurrence, 'every' | 'times'>,
  totalSteps: number | null,
): number | null {
  return every ?? (totalSteps === null ? null : Math.max(1, Math.ceil(totalSteps / times)));
}

export function isDue(recurring: Recurrence, { step, totalSteps, trainingMs, budgetMs }: RunProgress): boolean {
  if (step === 0) return false;
  const every = stepsBetween(recurring, totalSteps);
  if (every !== null) return every > 0 && step % every === 0;
  const part = (milliseconds: number): number => Math.floor((recurring.times * milliseconds) / budgetMs!);
  return (
    part(trainingMs) > part(recurring.lastMs) && trainingMs - recurring.lastMs >= TRAINED_PER_PAUSE * recurring.tookMs
  );
}

/** How many more times it occurs before the end of the run. */
export function timesLeft(recurring: Recurrence, { step, totalSteps, trainingMs, budgetMs }: RunProgress): number {
  const every = stepsBetween(recurring, totalSteps);
  if (every === 0) return 0;
  if (totalSteps !== null) return Math.max(0, Math.ceil(totalSteps / every!) - 1 - Math.floor(step / every!));
  const fractionLeft = Math.max(0, 1 - trainingMs / budgetMs!);
  if (every === null)
    return Math.max(
      0,
      Math.ceil(Math.min(recurring.times, budgetMs! / (TRAINED_PER_PAUSE * recurring.tookMs)) * fractionLeft) - 1,
    );
  return trainingMs === 0 ? 0 : Math.floor((fractionLeft * budgetMs! * step) / trainingMs / every);
}
