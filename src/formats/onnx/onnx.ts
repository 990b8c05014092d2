// A model as an ONNX file: its one-step program in another notation. A new cell or connection can
// be exported as soon as it has a program. Returns bytes and does not access files. docs/onnx.md
// describes the file to its users.
import { type TrainedModel, checkpointLimits } from '../../runs/checkpoint.ts';
import { parameterVector, tensorsOf } from '../../runs/tensors.ts';
import { usageError } from '../../errors.ts';
import { networkProgram } from '../../model/network.ts';
import { parameterShapes } from '../../model/parameters.ts';
import { type ParameterShape, countParameters } from '../../program/value.ts';
import type { ExportFormat } from '../trained.ts';
import { graphOf } from './graph.ts';
import { onnxFile } from './messages.ts';
import { flagOf } from '../../options/flags.ts';

/** The largest message of Protocol Buffers. An ONNX file is one message. */
const MAX_BYTES = 2 ** 31 - 1;

export const onnx: ExportFormat = {
  name: 'onnx',
  summary: 'for ONNX Runtime, on any machine and in a browser: any model, a step at a time',
  extension: '.onnx',
  write: onnxOf,
};

/**
 * The file: one step from `ids` (N) to `logits` (N, V), with states as inputs `state.NAME` and
 * outputs `next.NAME` (N, columns), for any number of rows N. The states before a text are zeros.
 * The metadata has `rnn.model` and `rnn.vocabulary` in JSON, as in a checkpoint.
 *
 * @throws RnnError `usage` if the weights are too large for an ONNX file, `checkpoint` if they do
 * not match the model
 */
export function onnxOf(trained: Pick<TrainedModel, 'model' | 'vocabulary' | 'tensors'>): Uint8Array {
  const { model, vocabulary } = trained;
  const shapes = parameterShapes(model);
  checkSize(shapes);
  const tensors = tensorsOf(shapes, parameterVector(trained));
  const rows = 1 + shapes.reduce((most, { rows, columns }) => Math.max(most, rows, columns), 0);
  const graph = graphOf(
    networkProgram(model, { steps: 1, rows }, { outputs: 'logits' }),
    rows,
    new Map(tensors.map(({ name, data }) => [name, data])),
  );
  return onnxFile(graph, { 'rnn.model': JSON.stringify(model), 'rnn.vocabulary': JSON.stringify(vocabulary) });
}

function checkSize(shapes: readonly ParameterShape[]): void {
  const bytes = countParameters(shapes) * Float32Array.BYTES_PER_ELEMENT;
  if (bytes <= MAX_BYTES - checkpointLimits.textBytes) return; // textBytes is enough for the rest of the file
  throw usageError(
    `the model has ${(bytes / 2 ** 30).toFixed(1)} GiB of weights: expected less than 2 GiB for ONNX`,
    `use ${flagOf('format')} safetensors, which does not have this limit`,
  );
}
