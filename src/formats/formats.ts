// The formats that models can be written in: a new one is one entry here, and its name in the help of rnn export.
import type { TrainedModel } from '../runs/store.ts';
import { onnx } from './onnx/onnx.ts';
import { safetensors } from './trained.ts';

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

export const formats: readonly ExportFormat[] = [safetensors, onnx];
