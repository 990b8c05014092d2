// The formats to which models can be exported, except the page, which is in reports/. To add a
// format, add an entry here and its name to the help of rnn export.
import { checkpointFile } from './checkpoint-file.ts';
import { onnx } from './onnx/onnx.ts';
import { type ExportFormat, safetensors } from './trained.ts';

export type { ExportFormat };

export const formats: readonly ExportFormat[] = [safetensors, onnx, checkpointFile];
