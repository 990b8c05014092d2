// How far a sweep is, in the last line of a terminal: how many trials are done, the trial in
// progress, and the time left at the speed of the trials so far. Knows nothing of how trials are
// run.
import { count } from '../../count.ts';
import type { WaitingLine } from '../progress/live-line.ts';

export class SweepProgress {
  readonly #line: WaitingLine;
  readonly #trials: number;
  #done = 0;
  /** Trials that took no time, because they were over before. */
  #skipped = 0;
  #name: string | null = null;

  constructor(line: WaitingLine, trials: number) {
    this.#line = line;
    this.#trials = trials;
  }

  begin(name: string): void {
    this.#name = name;
    this.report(0);
  }

  /** @param progress of the current trial, from 0 to 1 */
  report(progress: number): void {
    this.#line.change({
      label: 'training',
      done: this.#done - this.#skipped + progress,
      total: this.#trials - this.#skipped,
      detail: `${count(this.#done)} of ${count(this.#trials)} trials done, ${this.#name}`,
    });
  }

  /**
   * Ends a trial, or counts one that never began. Takes the line away, so that the result can be
   * printed.
   */
  end(): void {
    this.#done++;
    if (this.#name === null) this.#skipped++;
    this.#name = null;
    this.#line.hide();
  }
}
