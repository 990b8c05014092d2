// Shows the current work of a command in the last line of a terminal, until the command writes to stdout.
import type { Activity } from '../../training/activity.ts';
import type { Waiting } from '../context.ts';
import type { Output } from '../output.ts';
import { waitLine } from './line.ts';
import { LiveLine } from './live-line.ts';
import { CurrentWait, type Wait, waitFor, waitOf } from './wait.ts';

export class TerminalWaiting implements Waiting {
  readonly #wait: CurrentWait;
  readonly #line: LiveLine;

  constructor(stderr: Output, now = () => performance.now()) {
    const wait = new CurrentWait(now);
    this.#wait = wait;
    this.#line = new LiveLine(stderr, (width, frame) => (wait.shown === null ? '' : waitLine(wait.shown, width, stderr.colour, frame)));
  }

  readonly listen = (activity: Activity): void => this.#change(waitFor(activity));

  begin(label: string): void {
    this.#change(waitOf(label));
  }

  end(): void {
    this.#wait.end();
    this.#line.hide();
  }

  #change(wait: Wait): void {
    this.#wait.change(wait);
    this.#line.show();
  }
}
