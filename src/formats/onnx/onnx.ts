// A model as an ONNX file: its one-step program in another notation, so that every cell and
// connection is there as soon as a program has it. Bytes out; knows no files. docs/onnx.md
// describes the file for those who read it.
import { type TrainedModel, limits } from '../../runs/checkpoint.ts';
import { parameterVector, tensorsOf } from '../../runs/tensors.ts';
import { usageError } from '../../errors.ts';
import { networkProgram } from '../../model/network.ts';
import { parameterShapes } from '../../model/parameters.ts';
import { type ParameterShape, countParameters } from '../../program/value.ts';
import type { ExportFormat } from '../trained.ts';
import { graphOf } from './graph.ts';
import { onnxFile } from './messages.ts';
import { flagOf } from '../../options/flags.ts';

/** No message of Protocol Buffers is larger, and an ONNX file is one. */
const MOST_BYTES = 2 ** 31 - 1;

export const onnx: ExportFormat = {
  name: 'onnx',
  summary: 'for ONNX Runtime, on any machine and in a browser: any model, a step at a time',
  extension: '.onnx',
  write: onnxOf,
};

/**
 * The file: one step from `ids` (N) to `logits` (N, V), states as inputs `state.NAME` and outputs
 * `next.NAME` (N, columns), for any number of rows N. Zeros are the states before a text. Its
 * metadata has `rnn.model` and `rnn.vocabulary`, as a checkpoint has them, in JSON.
 *
 * @throws RnnError `usage` if the weights are too large for a file of this kind, `checkpoint` if
 * they are not the model's
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
  if (bytes <= MOST_BYTES - limits.textBytes) return; // what is left is enough for all else
  throw usageError(
    `the model has ${(bytes / 2 ** 30).toFixed(1)} GB of weights, and an ONNX file holds less than 2 GB`,
    `export it with ${flagOf('format')} safetensors, which has no such limit`,
  );
}
