// The formats that models can be written in: a new one is one entry here, and its name in the help
// of rnn export.
import { onnx } from './onnx/onnx.ts';
import { type ExportFormat, safetensors } from './trained.ts';

export type { ExportFormat };

export const formats: readonly ExportFormat[] = [safetensors, onnx];
