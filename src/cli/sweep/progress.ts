// How far a sweep is, in the last line of a terminal: how many trials are done, the trial in
// progress, and the time left at the speed of the trials so far. Knows nothing of how trials are
// run.
import { count } from '../../count.ts';
import type { WaitingLine } from '../progress/live-line.ts';

export interface SweepProgress {
  begin(name: string): void;
  /** @param progress of the current trial, from 0 to 1 */
  report(progress: number): void;
  /**
   * Ends a trial, or counts one that never began. Takes the line away, so that the result can be
   * printed.
   */
  end(): void;
}

export function sweepProgress(line: WaitingLine, trials: number): SweepProgress {
  let done = 0;
  /** Trials that took no time, because they were over before. */
  let skipped = 0;
  let current: string | null = null;
  const report = (progress: number): void =>
    line.change({
      label: 'training',
      done: done - skipped + progress,
      total: trials - skipped,
      detail: `${count(done)} of ${count(trials)} trials done, ${current}`,
    });
  return {
    begin(name) {
      current = name;
      report(0);
    },
    report,
    end() {
      done++;
      if (current === null) skipped++;
      current = null;
      line.hide();
    },
  };
}
