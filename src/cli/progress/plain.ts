// Plain lines for a log file, a pipe or a dumb terminal.
import type { TrainingEvent } from '../../training/events.ts';
import { harmless } from '../format.ts';
import type { Output } from '../output.ts';
import { Estimate } from './estimate.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { endText, evaluationText, interimText, recoveryText, reportText, sampleLine, startText } from './text.ts';

/**
 * Milliseconds from one printed report to the next, at a given age of the run: ten seconds for ten minutes, then a sixtieth of
 * the run's age, so that a night of training is some 250 lines and not 30,000.
 */
export const reportEveryMs = (elapsedMs: number): number => Math.max(10_000, elapsedMs / 60);

export class PlainReporter implements Reporter {
  readonly #stderr: Output;
  readonly #estimate: Estimate;
  #nextReportMs = 0;
  #savedStep = -1;

  constructor(stderr: Output, { maxTimeMs }: Pick<ReporterOptions, 'maxTimeMs'>) {
    this.#stderr = stderr;
    this.#estimate = new Estimate(maxTimeMs);
  }

  async handle(event: TrainingEvent): Promise<void> {
    const { colour } = this.#stderr;
    switch (event.event) {
      case 'start':
        this.#estimate.start(event);
        return this.note(startText(event, colour));
      case 'report': {
        const timeLeftMs = this.#estimate.timeLeftMs(event);
        if (event.elapsedMs < this.#nextReportMs && event.progress < 1) return;
        this.#nextReportMs = event.elapsedMs + reportEveryMs(event.elapsedMs);
        return this.note(reportText(event, timeLeftMs, colour));
      }
      case 'evaluation':
        return this.note(evaluationText(event, colour));
      case 'interim':
        return this.note(interimText(event, colour));
      case 'sample':
        return this.note(sampleLine(event));
      case 'checkpoint':
        if (event.step === this.#savedStep) return; // before an evaluation, and again after it
        this.#savedStep = event.step;
        return this.note(`step ${event.step.toLocaleString('en-US')}  saved ${harmless(event.path)}`);
      case 'recovery':
        return this.warn(recoveryText(event));
      case 'end':
        return this.note(endText(event, colour));
    }
  }

  note(text: string): void {
    this.#stderr.line(text);
  }

  warn(text: string): void {
    this.#stderr.line(this.#stderr.colour.yellow(`warning: ${text}`));
  }

  close(): void {}
}
