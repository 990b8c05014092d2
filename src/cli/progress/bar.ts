// The progress bar of a run in a terminal: line.ts says what is drawn, live-line.ts draws it again and again, and everything else is printed
// above it.
import type { EvaluationEvent, ReportEvent, TrainingEvent } from '../../training/events.ts';
import type { Output } from '../output.ts';
import { Estimate } from './estimate.ts';
import { type ProgressState, leftOf, progressLine, waitLine } from './line.ts';
import { LiveLine } from './live-line.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { endText, evaluationText, interimText, recoveryText, sampleText, startText, wrapped } from './text.ts';
import { CurrentWait, type ShownWait, type Wait } from './wait.ts';

const widestSample = 60;

export class BarReporter implements Reporter {
  readonly #stderr: Output;
  readonly #estimate: Estimate;
  readonly #line: LiveLine;
  readonly #now: () => number;
  readonly #wait: CurrentWait;
  /** Null before the run starts. */
  #state: ProgressState | null = null;
  #reportedMs = 0;

  constructor(stderr: Output, { maxTimeMs, now = () => performance.now() }: Pick<ReporterOptions, 'maxTimeMs' | 'now'>) {
    this.#stderr = stderr;
    this.#estimate = new Estimate(maxTimeMs);
    this.#now = now;
    this.#wait = new CurrentWait(now);
    this.#line = new LiveLine(stderr, (width, frame) => this.#draw(width, frame));
  }

  async handle(event: TrainingEvent): Promise<void> {
    const { colour } = this.#stderr;
    this.#wait.end(); // the event that was waited for is here
    switch (event.event) {
      case 'start':
        this.#estimate.start(event);
        this.note(startText(event, colour, this.#width));
        this.#state = unknown;
        return this.#line.show();
      case 'report':
        return this.#report(event);
      case 'evaluation':
        return this.#evaluation(event);
      case 'interim':
        return this.note(interimText(event, colour));
      case 'sample':
        return this.note(sampleText(event, this.#width, Math.min(this.#width, widestSample), colour));
      case 'checkpoint':
        // The bar has no room to say it, and the end says where they are.
        return;
      case 'recovery':
        return this.warn(recoveryText(event));
      case 'end':
        this.close();
        return this.note(endText(event, colour));
    }
  }

  wait(wait: Wait): void {
    this.#wait.change(wait);
    this.#line.show();
  }

  note(text: string): void {
    this.#stderr.line(wrapped(text, this.#width));
  }

  warn(text: string): void {
    this.#stderr.line(this.#stderr.colour.yellow(wrapped(`warning: ${text}`, this.#width)));
  }

  close(): void {
    this.#line.hide();
  }

  get #width(): number {
    return this.#stderr.columns - 1;
  }

  #draw(width: number, frame: number): string {
    const { colour } = this.#stderr;
    const wait = this.#wait.shown;
    if (this.#state === null) return wait === null ? '' : waitLine(wait, width, colour, frame);
    return progressLine({ ...this.#state, wait, timeLeftMs: this.#timeLeftMs(wait) }, width, colour, frame);
  }

  /**
   * From one report to the next it passes as time does, but it is never less than what the wait still takes. Null, too, for a wait that takes
   * longer than was expected, because no estimate is left.
   */
  #timeLeftMs(wait: ShownWait | null): number | null {
    const { timeLeftMs } = this.#state!;
    if (timeLeftMs === null) return null;
    const left = Math.max(0, timeLeftMs - (this.#now() - this.#reportedMs));
    if (wait === null) return left;
    return Math.max(left, leftOf(wait) ?? 0) || null;
  }

  #report(report: ReportEvent): void {
    const { progress, step, lossNats, learningRate, charactersPerSecond } = report;
    const timeLeftMs = this.#estimate.timeLeftMs(report);
    this.#reportedMs = this.#now();
    this.#state = { ...(this.#state ?? unknown), progress, step, lossNats, learningRate, charactersPerSecond, timeLeftMs };
  }

  #evaluation(evaluation: EvaluationEvent): void {
    this.#state = { ...(this.#state ?? unknown), validationLossNats: evaluation.validationLossNats };
    this.note(evaluationText(evaluation, this.#stderr.colour));
  }
}

/** Before the first report. */
const unknown: ProgressState = {
  progress: 0,
  step: 0,
  lossNats: null,
  validationLossNats: null,
  learningRate: null,
  charactersPerSecond: null,
  timeLeftMs: null,
};
