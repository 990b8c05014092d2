// The last line of a terminal, which is redrawn continually while everything else is printed above
// it. It shows the current work of a command or a run.
import type { Activity } from '../../training/activity.ts';
import type { Output, Pinned } from '../output/output.ts';
import { type ShownWait, type Wait, waitFor, waitLine } from './line.ts';

const REDRAWS_PER_SECOND = 8;
const TO_LINE_START = '\r';
/** Erases to the end of the screen, because an old line takes several rows of a narrowed window. */
const ERASE_FROM_HERE = '\u001B[J';

export class WaitingLine implements Pinned {
  readonly #output: Output;
  readonly #draw: (wait: ShownWait | null, width: number, frame: number) => string;
  readonly #now: () => number;
  #wait: Wait | null = null;
  #sinceMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #frame = 0;
  #isDrawn = false;

  /**
   * @param draw returns a line of at most `width` columns, with or without a wait. `frame` counts the
   * redraws, for the moving parts of the line
   * @param now milliseconds since an arbitrary moment
   */
  constructor(
    output: Output,
    draw: (wait: ShownWait | null, width: number, frame: number) => string = (wait, width, frame) =>
      waitLine(wait, width, output.colour, frame),
    now = () => performance.now(),
  ) {
    this.#output = output;
    this.#draw = draw;
    this.#now = now;
  }

  /** Shows the work that modules report. */
  readonly listen = (activity: Activity): void => this.change(waitFor(activity));

  /** Begins work that reports nothing. */
  begin(label: string): void {
    this.change({ label, done: 0, total: null, detail: '' });
  }

  /** Starts a wait, or updates the current one, or null ends it. */
  change(wait: Wait | null): void {
    if (wait !== null && wait.label !== this.#wait?.label) this.#sinceMs = this.#now();
    this.#wait = wait;
    this.show();
  }

  /** Ends the wait. The line stays. */
  endWait(): void {
    this.#wait = null;
  }

  /** Shows the line from the next redraw on. A wait that ends before that is never visible. */
  show(): void {
    if (this.#timer !== null) return;
    this.#output.pinned = this;
    // setImmediate runs after signals, so that a resized window gets a line of its new width.
    this.#timer = setInterval(() => setImmediate(() => this.#redraw()), 1000 / REDRAWS_PER_SECOND).unref();
  }

  /** Removes the line from the terminal. The wait continues. May be called more than once. */
  hide(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#output.pinned = null;
    if (this.#isDrawn) this.#output.stream.write(this.eraseText());
    this.#isDrawn = false;
  }

  /**
   * Ends the wait and removes the line, so that results can be printed. May be called more than
   * once.
   */
  end(): void {
    this.endWait();
    this.hide();
  }

  eraseText(): string {
    return this.#isDrawn ? TO_LINE_START + ERASE_FROM_HERE : '';
  }

  /**
   * The cursor stays at the start, which is still the first row if a narrower window breaks the
   * line into several. One column stays free, because a full last column makes some terminals wrap.
   */
  drawText(): string {
    if (!this.#isDrawn) return '';
    const shown = this.#wait && { wait: this.#wait, elapsedMs: this.#now() - this.#sinceMs };
    return this.#draw(shown, this.#output.columns - 1, this.#frame) + ERASE_FROM_HERE + TO_LINE_START;
  }

  /** Replaces the line in one write, without erasing it first, so that nothing flickers. */
  #redraw(): void {
    if (this.#timer === null) return;
    this.#frame++;
    this.#isDrawn = true;
    this.#output.stream.write(this.drawText());
  }
}
