// The formats that models can be written in: a new one is one entry here, and its name in the help of rnn export.
import type { ExportFormat } from './format.ts';
import { onnx } from './onnx/onnx.ts';
import { safetensors } from './trained.ts';

export type { ExportFormat } from './format.ts';

export const formats: readonly ExportFormat[] = [safetensors, onnx];
