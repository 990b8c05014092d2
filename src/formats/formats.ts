// The formats to which models can be exported. To add a format, add an entry here and its name to
// the help of rnn export.
import { onnx } from './onnx/onnx.ts';
import { type ExportFormat, safetensors } from './trained.ts';

export type { ExportFormat };

export const formats: readonly ExportFormat[] = [safetensors, onnx];
