// The progress of a sweep in the last line of a terminal: the number of finished trials, the
// current trial, and the time left at the speed of the trials so far.
import { count } from '../../count.ts';
import type { WaitingLine } from '../progress/live-line.ts';

export interface SweepProgress {
  begin(name: string): void;
  /** @param progress the progress of the current trial, from 0 to 1 */
  report(progress: number): void;
  /**
   * Ends a trial, or counts a skipped trial. Removes the line, so that the result can be printed.
   */
  end(): void;
}

export function sweepProgress(line: WaitingLine, trials: number): SweepProgress {
  let done = 0;
  /** Trials that took no time, because they had ended before. */
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
