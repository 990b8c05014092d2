// The work of a run between two events, for progress lines. An activity is not an event: it is
// neither logged nor part of `--json`.
import type { ReadingActivity } from '../corpus/read.ts';

export type Activity = ReadingActivity | RunActivity;

interface RunActivity {
  readonly kind:
    | 'compiling'
    | 'measuring'
    | 'validating'
    | 'scoring'
    | 'inspecting'
    | 'sampling'
    | 'saving'
    | 'compressing'
    | 'counting n-grams';
  /**
   * Characters that were validated, scored, inspected or sampled; of anything else 0, and 1 when it
   * is done.
   */
  readonly done: number;
  /** `done` when the work is done; null if unknown beforehand. */
  readonly total: number | null;
}

/**
 * Is called whenever some of the work is done, the last time when all of it is. It must return
 * soon.
 */
export type ActivityListener = (activity: Activity) => void;

/** Does work that is done in one piece, and reports its beginning and its end. */
export async function reporting<Result>(
  onActivity: ActivityListener | undefined,
  kind: RunActivity['kind'],
  work: () => Promise<Result>,
): Promise<Result> {
  onActivity?.({ kind, done: 0, total: 1 });
  const result = await work();
  onActivity?.({ kind, done: 1, total: 1 });
  return result;
}
