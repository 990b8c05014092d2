// The last line of a terminal, drawn again and again while everything else is printed above it: what
// a command or a run does that has nothing to show yet.
import type { Activity } from '../../training/activity.ts';
import type { Output, Pinned } from '../output/output.ts';
import { type ShownWait, type Wait, waitFor, waitLine } from './line.ts';

const REDRAWS_PER_SECOND = 8;
const TO_LINE_START = '\r';
/**
 * To the end of the screen: in a window that became narrower, the old line takes more rows than
 * one.
 */
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
   * @param draw gives a line of at most `width` columns, also while there is no wait; `frame` counts
   * how often it was drawn, for whatever moves in it
   * @param now milliseconds from any moment on
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

  /** Takes what modules report of their work. */
  readonly listen = (activity: Activity): void => this.change(waitFor(activity));

  /** Begins work that reports nothing. */
  begin(label: string): void {
    this.change({ label, done: 0, total: null, detail: '' });
  }

  /** Another wait, or more that is done of the current one; null if the wait is over. */
  change(wait: Wait | null): void {
    if (wait !== null && wait.label !== this.#wait?.label) this.#sinceMs = this.#now();
    this.#wait = wait;
    this.show();
  }

  /** The wait is over; the line stays. */
  endWait(): void {
    this.#wait = null;
  }

  /** From the next redraw on: a wait that is over by then is not seen. */
  show(): void {
    if (this.#timer !== null) return;
    this.#output.pinned = this;
    // The check phase comes after signals, so that a window that was resized meanwhile is drawn in
    // its new width.
    this.#timer = setInterval(() => setImmediate(() => this.#redraw()), 1000 / REDRAWS_PER_SECOND).unref();
  }

  /** Leaves the terminal as it was found; the wait goes on. May be called more than once. */
  hide(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#output.pinned = null;
    if (this.#isDrawn) this.#output.stream.write(this.erased());
    this.#isDrawn = false;
  }

  /**
   * Leaves the terminal as it was found, for results to be printed. May be called more than once.
   */
  end(): void {
    this.endWait();
    this.hide();
  }

  erased(): string {
    return this.#isDrawn ? TO_LINE_START + ERASE_FROM_HERE : '';
  }

  /**
   * The cursor stays at the start: there it remains the first row of the line where a narrower
   * window breaks it into several. One column stays free, because a full last column makes some
   * terminals wrap.
   */
  drawn(): string {
    if (!this.#isDrawn) return '';
    const shown = this.#wait && { wait: this.#wait, elapsedMs: this.#now() - this.#sinceMs };
    return this.#draw(shown, this.#output.columns - 1, this.#frame) + ERASE_FROM_HERE + TO_LINE_START;
  }

  /** One write a frame, which replaces the line without erasing it first: nothing flickers. */
  #redraw(): void {
    if (this.#timer === null) return;
    this.#frame++;
    this.#isDrawn = true;
    this.#output.stream.write(this.drawn());
  }
}
