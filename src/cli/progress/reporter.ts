// How the events of a training run reach the user: the contract, and which of the ways is taken.
import type { TrainingEvent } from '../../training/events.ts';
import type { Output } from '../output.ts';
import { BarReporter } from './bar.ts';
import { JsonReporter } from './json.ts';
import { PlainReporter } from './plain.ts';
import { QuietReporter } from './quiet.ts';
import type { Wait } from './wait.ts';

export interface Reporter {
  /** @throws OutputClosed if its reader has gone */
  handle(event: TrainingEvent): Promise<void>;
  /** A line that is not an event: what was chosen, where things are. */
  note(text: string): void;
  /** A line that even --quiet shows. */
  warn(text: string): void;
  /** What takes time besides training, each time that more of it is done. Only a terminal has a line for it. */
  wait?(wait: Wait): void;
  /** Leaves the terminal as it was found. May be called more than once. */
  close(): void;
}

export interface ReporterOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Ends this invocation, and so bounds the time left; null if nothing does. */
  readonly maxTimeMs: number | null;
  /** Milliseconds from any moment on. */
  readonly now?: () => number;
}

export function openReporter(stdout: Output, stderr: Output, options: ReporterOptions): Reporter {
  if (options.json) return new JsonReporter(stdout, stderr);
  if (options.quiet) return new QuietReporter(stderr);
  return stderr.isTerminal ? new BarReporter(stderr, options) : new PlainReporter(stderr, options);
}
