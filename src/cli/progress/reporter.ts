// How the events of a training run reach the user: as JSON, as warnings only, as lines, or as lines
// above a progress bar.
import type { Activity } from '../../training/activity.ts';
import type { ReportEvent, TrainingEvent } from '../../training/events.ts';
import { count } from '../../count.ts';
import { harmless } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { Estimate } from './estimate.ts';
import { type ProgressState, type ShownWait, leftOf, progressLine, waitLine } from './line.ts';
import { WaitingLine } from './live-line.ts';
import {
  endText,
  recoveryText,
  reportText,
  sampleLine,
  sampleText,
  startText,
  validationText,
  wrapped,
} from './text.ts';

export interface Reporter {
  /** @throws OutputClosed if its reader has gone */
  handle(event: TrainingEvent): Promise<void>;
  /** A line that is not an event: what was chosen, where things are. */
  note(text: string): void;
  /** A line that even --quiet shows. */
  warn(text: string): void;
  /**
   * Takes what is done besides training, each time that more of it is done. Only a terminal has a
   * line for it.
   */
  readonly listen?: (activity: Activity) => void;
  /** Leaves the terminal as it was found. May be called more than once. */
  close(): void;
}

/** @param options `maxTimeMs` ends this invocation, and so bounds the time left */
export function openReporter(
  stdout: Output,
  stderr: Output,
  options: { json?: boolean; quiet?: boolean; maxTimeMs?: number | null },
): Reporter {
  if (options.json) return warningsOf(stderr, (event) => stdout.writeJson(event));
  if (options.quiet)
    return warningsOf(stderr, async (event) => {
      if (event.event === 'recovery') stderr.warn(recoveryText(event));
    });
  return new TextReporter(stderr, options.maxTimeMs ?? null);
}

const warningsOf = (stderr: Output, handle: Reporter['handle']): Reporter => ({
  handle,
  note() {},
  warn: (text) => stderr.warn(text),
  close() {},
});

/**
 * Milliseconds from one printed report to the next, at a given age of the run: ten seconds for ten
 * minutes, then a sixtieth of the run's age, so that a night of training is some 250 lines and not
 * 30,000.
 */
export const reportEveryMs = (elapsedMs: number): number => Math.max(10_000, elapsedMs / 60);

/** Lines for a log file or a pipe; in a terminal, a progress bar below them. */
export class TextReporter implements Reporter {
  readonly listen?: (activity: Activity) => void;
  readonly #stderr: Output;
  readonly #estimate: Estimate;
  readonly #now: () => number;
  readonly #line: WaitingLine | null;
  /** Null before the run starts. */
  #state: ProgressState | null = null;
  #reportedMs = 0;
  #nextReportMs = 0;
  #savedStep = -1;

  /** @param now milliseconds from any moment on */
  constructor(stderr: Output, maxTimeMs: number | null, now = () => performance.now()) {
    this.#stderr = stderr;
    this.#estimate = new Estimate(maxTimeMs);
    this.#now = now;
    this.#line = stderr.isTerminal
      ? new WaitingLine(stderr, (wait, width, frame) => this.#draw(wait, width, frame), now)
      : null;
    if (this.#line !== null) this.listen = this.#line.listen;
  }

  async handle(event: TrainingEvent): Promise<void> {
    const { colour } = this.#stderr;
    this.#line?.endWait(); // the event that was waited for is here
    switch (event.event) {
      case 'start':
        this.#estimate.start(event);
        this.note(startText(event, colour, this.#width));
        this.#state = beforeReports;
        return this.#line?.show();
      case 'report':
        return this.#report(event);
      case 'evaluation':
        this.#state = { ...(this.#state ?? beforeReports), validationLossNats: event.validationLossNats };
        return this.note(validationText(event, colour) + (event.best ? colour.green('  best so far') : ''));
      case 'interim':
        return this.note(`${validationText(event, colour)}  ${colour.dim(`on ${count(event.characters)} characters`)}`);
      case 'sample':
        return this.note(this.#line === null ? sampleLine(event) : sampleText(event, this.#width, colour));
      case 'checkpoint':
        // The bar has no room for it, and the end says where they are. A log has one line for those
        // before and after an evaluation.
        if (this.#line !== null || event.step === this.#savedStep) return;
        this.#savedStep = event.step;
        return this.note(`step ${count(event.step)}  saved ${harmless(event.path)}`);
      case 'recovery':
        return this.warn(recoveryText(event));
      case 'end':
        this.close();
        return this.note(endText(event, colour));
    }
  }

  note(text: string): void {
    this.#stderr.line(wrapped(text, this.#width));
  }

  warn(text: string): void {
    this.#stderr.line(this.#stderr.colour.yellow(wrapped(`warning: ${text}`, this.#width)));
  }

  close(): void {
    this.#line?.end();
  }

  get #width(): number {
    return this.#line === null ? Infinity : this.#stderr.columns - 1;
  }

  #report(report: ReportEvent): void {
    const { progress, step, lossNats, learningRate, charactersPerSecond, elapsedMs } = report;
    const timeLeftMs = this.#estimate.timeLeftMs(report);
    this.#reportedMs = this.#now();
    this.#state = { ...this.#state, progress, step, lossNats, learningRate, charactersPerSecond, timeLeftMs };
    if (this.#line !== null || (elapsedMs < this.#nextReportMs && progress < 1)) return;
    this.#nextReportMs = elapsedMs + reportEveryMs(elapsedMs);
    this.note(reportText(report, timeLeftMs, this.#stderr.colour));
  }

  #draw(wait: ShownWait | null, width: number, frame: number): string {
    const { colour } = this.#stderr;
    if (this.#state !== null)
      return progressLine({ ...this.#state, wait, timeLeftMs: this.#timeLeftMs(wait) }, width, colour, frame);
    return waitLine(wait, width, colour, frame);
  }

  /**
   * From one report to the next it passes as time does, but it is never less than what the wait
   * still takes. Null, too, for a wait that takes longer than was expected, because no estimate is
   * left.
   */
  #timeLeftMs(wait: ShownWait | null): number | null {
    const timeLeftMs = this.#state?.timeLeftMs ?? null;
    if (timeLeftMs === null) return null;
    const left = Math.max(0, timeLeftMs - (this.#now() - this.#reportedMs));
    return wait === null ? left : Math.max(left, leftOf(wait) ?? 0) || null;
  }
}

const beforeReports: ProgressState = { progress: 0, step: 0 };
