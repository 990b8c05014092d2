// How far a sweep is, in the last line of a terminal: how many trials are done, the trial in
// progress, and the time left at the speed of the trials so far. Knows nothing of how trials are
// run.
import { count } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { waitLine } from '../progress/line.ts';
import { LiveLine } from '../progress/live-line.ts';

export class SweepProgress {
  readonly #line: LiveLine;
  readonly #output: Output;
  readonly #now: () => number;
  readonly #trials: number;
  #done = 0;
  /** Trials that took no time, because they were over before. */
  #untouched = 0;
  #name: string | null = null;
  #progress = 0;
  #sinceMs: number | null = null;

  constructor(output: Output, trials: number, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#trials = trials;
    this.#now = now;
    this.#line = new LiveLine(output, (width, frame) => this.text(width, frame));
  }

  begin(name: string): void {
    this.#sinceMs ??= this.#now();
    this.#name = name;
    this.#line.show();
  }

  /** @param progress of the current trial, from 0 to 1 */
  report(progress: number): void {
    this.#progress = progress;
  }

  /**
   * Ends a trial, or counts one that never began. Takes the line away, so that the result can be
   * printed.
   */
  end(): void {
    this.#done++;
    if (this.#name === null) this.#untouched++;
    this.#name = null;
    this.#progress = 0;
    this.close();
  }

  close(): void {
    this.#line.hide();
  }

  text(width: number, frame = 0): string {
    const label = `${count(this.#done)} of ${count(this.#trials)} ${this.#trials === 1 ? 'trial' : 'trials'} done`;
    const done = this.#done - this.#untouched + this.#progress;
    const wait = { label, done, total: this.#trials - this.#untouched, detail: this.#name ?? '' };
    const now = this.#now();
    return waitLine({ wait, elapsedMs: now - (this.#sinceMs ?? now) }, width, this.#output.colour, frame);
  }
}
