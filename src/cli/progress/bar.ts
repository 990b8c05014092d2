// The progress bar of a terminal: cli-progress keeps the time and redraws, line.ts says what is drawn, and everything else is
// printed above it.
import { SingleBar, type Options } from 'cli-progress';
import type { EvaluationEvent, ReportEvent, TrainingEvent } from '../../training/events.ts';
import type { Output } from '../output.ts';
import { Estimate } from './estimate.ts';
import { progressLine, type ProgressState } from './line.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { endText, evaluationText, interimText, recoveryText, sampleText, startText } from './text.ts';

const redrawsPerSecond = 8;
const toLineStart = '\r';
const eraseToRight = '\u001B[K';

export class BarReporter implements Reporter {
  readonly #stderr: Output;
  readonly #estimate: Estimate;
  readonly #bar: SingleBar;
  #state: ProgressState = {
    progress: 0,
    step: 0,
    lossNats: null,
    validationLossNats: null,
    learningRate: null,
    charactersPerSecond: null,
    timeLeftMs: null,
  };

  constructor(stderr: Output, options: Pick<ReporterOptions, 'maxTimeMs'>) {
    this.#stderr = stderr;
    this.#estimate = new Estimate(options.maxTimeMs);
    this.#bar = new SingleBar({
      // One column stays free: a full last column makes some terminals wrap.
      format: () => progressLine(this.#state, this.#stderr.columns - 1, stderr.colour),
      fps: redrawsPerSecond,
      clearOnComplete: true,
      // What is printed above erases the line, so it must come back even when it has not changed.
      forceRedraw: true,
      gracefulExit: false,
      terminal: terminalOf(stderr),
    } as Options);
  }

  async handle(event: TrainingEvent): Promise<void> {
    const { colour, columns } = this.#stderr;
    switch (event.event) {
      case 'start':
        this.#estimate.start(event);
        this.note(startText(event, colour));
        this.#bar.start(1, 0);
        return;
      case 'report':
        return this.#report(event);
      case 'evaluation':
        return this.#evaluation(event);
      case 'interim':
        return this.note(interimText(event, colour));
      case 'sample':
        return this.note(sampleText(event, Math.min(columns - 1, 60), colour));
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

  note(text: string): void {
    this.#stderr.line(`${this.#bar.isActive ? toLineStart + eraseToRight : ''}${text}`);
  }

  warn(text: string): void {
    this.note(this.#stderr.colour.yellow(`warning: ${text}`));
  }

  close(): void {
    if (this.#bar.isActive) this.#bar.stop();
  }

  #report(report: ReportEvent): void {
    const { progress, step, lossNats, learningRate, charactersPerSecond } = report;
    const timeLeftMs = this.#estimate.timeLeftMs(report);
    this.#state = { ...this.#state, progress, step, lossNats, learningRate, charactersPerSecond, timeLeftMs };
    this.#bar.update(progress);
  }

  #evaluation(evaluation: EvaluationEvent): void {
    this.#state = { ...this.#state, validationLossNats: evaluation.validationLossNats };
    this.note(evaluationText(evaluation, this.#stderr.colour));
  }
}

const nothing = (): void => {};

/**
 * In place of cli-progress's own terminal, which restores a saved cursor position at the end (wrong once samples have scrolled
 * the screen), turns line wrapping off (samples would be cut) and hides the cursor (kill -9 and Ctrl-Z would leave it hidden).
 */
function terminalOf(output: Output): object {
  const write = (text: string): void => void output.stream.write(text);
  return {
    cursorSave: nothing,
    cursorRestore: nothing,
    cursor: nothing,
    lineWrapping: nothing,
    newline: () => write('\n'),
    write,
    cursorTo: () => write(toLineStart),
    clearRight: () => write(eraseToRight),
    clearLine: () => write(toLineStart + eraseToRight),
    isTTY: () => true,
    getWidth: () => output.columns,
  };
}
