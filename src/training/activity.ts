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
    | 'answering'
    | 'inspecting'
    | 'sampling'
    | 'saving'
    | 'compressing'
    | 'counting n-grams';
  /**
   * Characters validated, scored, inspected or sampled so far, or records answered. For other work:
   * 0, then 1 when it is done.
   */
  readonly done: number;
  /** The value of `done` at the end of the work. Null if it is not known beforehand. */
  readonly total: number | null;
}

/**
 * Called after each part of the work, the last time when all of it is done. It must return soon.
 */
export type ActivityListener = (activity: Activity) => void;

/** Runs a piece of work, and reports its beginning and its end. */
export async function withActivity<Result>(
  onActivity: ActivityListener | undefined,
  kind: RunActivity['kind'],
  work: () => Promise<Result>,
): Promise<Result> {
  onActivity?.({ kind, done: 0, total: 1 });
  const result = await work();
  onActivity?.({ kind, done: 1, total: 1 });
  return result;
}
