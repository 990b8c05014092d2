// How far a sweep is, in the last line of a terminal: how many trials are done, the trial in progress, and the time left at the speed of the
// trials so far. Knows nothing of how trials are run.
import type { Output } from '../output.ts';
import { count } from '../format.ts';
import { waitLine } from '../progress/line.ts';
import { LiveLine } from '../progress/live-line.ts';
import type { SweepWatcher } from './run.ts';

export class SweepProgress implements SweepWatcher {
  readonly #line: LiveLine;
  readonly #output: Output;
  readonly #now: () => number;
  readonly #trials: number;
  #done = 0;
  /** Trials that took no time, because they were over before. */
  #untouched = 0;
  #current = { name: '', progress: 0 };
  #sinceMs: number | null = null;

  constructor(output: Output, trials: number, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#trials = trials;
    this.#now = now;
    this.#line = new LiveLine(output, (width, frame) => this.text(width, frame));
  }

  begin(name: string): void {
    this.#sinceMs ??= this.#now();
    this.#current = { name, progress: 0 };
    this.#line.show();
  }

  report(progress: number): void {
    this.#current = { ...this.#current, progress };
  }

  /** Takes the line away, so that the result can be printed. @param isUntouched the trial was over before */
  end(isUntouched: boolean): void {
    this.#done++;
    if (isUntouched) this.#untouched++;
    this.#current = { name: '', progress: 0 };
    this.close();
  }

  close(): void {
    this.#line.hide();
  }

  text(width: number, frame = 0): string {
    const { name, progress } = this.#current;
    const label = `${count(this.#done)} of ${count(this.#trials)} ${this.#trials === 1 ? 'trial' : 'trials'} done`;
    const wait = { label, done: this.#done - this.#untouched + progress, total: this.#trials - this.#untouched, detail: name };
    return waitLine({ wait, elapsedMs: this.#now() - (this.#sinceMs ?? this.#now()) }, width, this.#output.colour, frame);
  }
}
