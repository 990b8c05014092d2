// One JSON object per event on stdout; stderr only for warnings.
import type { TrainingEvent } from '../../training/events.ts';
import type { Output } from '../output.ts';
import type { Reporter } from './reporter.ts';

export class JsonReporter implements Reporter {
  readonly #stdout: Output;
  readonly #stderr: Output;

  constructor(stdout: Output, stderr: Output) {
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  async handle(event: TrainingEvent): Promise<void> {
    await this.#stdout.writeJson(event);
  }

  note(): void {}

  warn(text: string): void {
    this.#stderr.line(this.#stderr.colour.yellow(`warning: ${text}`));
  }

  close(): void {}
}
