// Warnings only.
import type { TrainingEvent } from '../../training/events.ts';
import type { Output } from '../output.ts';
import type { Reporter } from './reporter.ts';
import { recoveryText } from './text.ts';

export class QuietReporter implements Reporter {
  readonly #stderr: Output;

  constructor(stderr: Output) {
    this.#stderr = stderr;
  }

  async handle(event: TrainingEvent): Promise<void> {
    if (event.event === 'recovery') this.warn(recoveryText(event));
  }

  note(): void {}

  warn(text: string): void {
    this.#stderr.line(this.#stderr.colour.yellow(`warning: ${text}`));
  }

  close(): void {}
}
