// What a format is that models can be written in. Which there are is in formats.ts.
import type { TrainedModel } from '../runs/store.ts';

export interface ExportFormat {
  /** As `--format` takes it. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Of its files, with the dot. */
  readonly extension: string;
  /**
   * The bytes of a file.
   * @throws RnnError `usage` that says what the format cannot hold, and which models it can
   */
  write(trained: TrainedModel): Uint8Array;
}
