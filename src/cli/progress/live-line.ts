// The last line of a terminal, drawn again and again while everything else is printed above it.
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

export class LiveLine implements Pinned {
  readonly #output: Output;
  readonly #render: (width: number, frame: number) => string;
  #timer: NodeJS.Timeout | null = null;
  #frame = 0;
  #isDrawn = false;

  /**
   * @param render gives a line of at most `width` columns; `frame` counts how often it was drawn,
   * for whatever moves in it
   */
  constructor(output: Output, render: (width: number, frame: number) => string) {
    this.#output = output;
    this.#render = render;
  }

  /** From the next redraw on: a wait that is over by then is not seen. */
  show(): void {
    if (this.#timer !== null) return;
    this.#output.pinned = this;
    // The check phase comes after signals, so that a window that was resized meanwhile is drawn in
    // its new width.
    this.#timer = setInterval(() => setImmediate(() => this.#redraw()), 1000 / REDRAWS_PER_SECOND).unref();
  }

  /** Leaves the terminal as it was found. May be called more than once. */
  hide(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#output.pinned = null;
    if (this.#isDrawn) this.#output.stream.write(this.erased());
    this.#isDrawn = false;
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
    return this.#isDrawn ? this.#render(this.#output.columns - 1, this.#frame) + ERASE_FROM_HERE + TO_LINE_START : '';
  }

  /** One write a frame, which replaces the line without erasing it first: nothing flickers. */
  #redraw(): void {
    if (this.#timer === null) return;
    this.#frame++;
    this.#isDrawn = true;
    this.#output.stream.write(this.drawn());
  }
}

/**
 * Shows the current work in such a line: of a command that has printed nothing yet, or of a run
 * that does not train at the moment.
 */
export class WaitingLine extends LiveLine {
  readonly #now: () => number;
  #wait: Wait | null = null;
  #sinceMs = 0;

  /**
   * @param draw gives the line, also while there is no wait
   * @param now milliseconds from any moment on
   */
  constructor(
    stderr: Output,
    draw: (wait: ShownWait | null, width: number, frame: number) => string = (wait, width, frame) =>
      waitLine(wait, width, stderr.colour, frame),
    now = () => performance.now(),
  ) {
    super(stderr, (width, frame) =>
      draw(this.#wait && { wait: this.#wait, elapsedMs: now() - this.#sinceMs }, width, frame),
    );
    this.#now = now;
  }

  /** Takes what modules report of their work. */
  readonly listen = (activity: Activity): void => this.#change(waitFor(activity));

  /** Begins work that reports nothing. */
  begin(label: string): void {
    this.#change({ label, done: 0, total: null, detail: '' });
  }

  /** The wait is over; the line stays. */
  endWait(): void {
    this.#wait = null;
  }

  /**
   * Leaves the terminal as it was found, for results to be printed. May be called more than once.
   */
  end(): void {
    this.endWait();
    this.hide();
  }

  /** Another wait, or more that is done of the current one, which ends when all of it is done. */
  #change(wait: Wait): void {
    if (wait.label !== this.#wait?.label) this.#sinceMs = this.#now();
    this.#wait = wait.total !== null && wait.done >= wait.total ? null : wait;
    this.show();
  }
}
