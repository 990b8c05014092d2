// Weights as named tensors, as in checkpoints, and as one vector, as on devices.
import { checkpointError } from '../errors.ts';
import { type ParameterShape, countParameters } from '../program/value.ts';
import { parameterShapes } from '../model/parameters.ts';
import { type Tensor, type TrainedModel, numbersIn } from './checkpoint.ts';

const notOurs =
  'use another checkpoint of the run, or a copy of this one: the file was edited, or written by another program';

/** The number of parameters of a model. */
export function parameterCountOf({ tensors }: { readonly tensors: readonly Pick<Tensor, 'shape'>[] }): number {
  return tensors.reduce((sum, { shape }) => sum + numbersIn(shape), 0);
}

/** The parts of a vector as tensors that share its memory. */
export function tensorsOf(shapes: readonly ParameterShape[], vector: Float32Array): Tensor[] {
  let offset = 0;
  return shapes.map(({ name, rows, columns }) => ({
    name,
    shape: [rows, columns],
    data: vector.subarray(offset, (offset += rows * columns)),
  }));
}

/**
 * The weights of a checkpoint as one vector in the order of its model's parameters.
 * @throws RnnError `checkpoint` if a tensor is missing or has another shape than the model says
 */
export function parameterVector({ model, tensors }: Pick<TrainedModel, 'model' | 'tensors'>): Float32Array {
  const shapes = parameterShapes(model);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  // All are checked before memory is allocated: the model may claim terabytes.
  const ordered = shapes.map(({ name, rows, columns }) => {
    const tensor = byName.get(name);
    if (!tensor) throw checkpointError(`tensor ${name} is missing from the checkpoint`, notOurs);
    const shape = tensor.shape.join('×');
    if (shape === `${rows}×${columns}`) return tensor.data;
    throw checkpointError(
      `tensor ${name} has the shape ${shape}: expected ${rows}×${columns} as in its model`,
      notOurs,
    );
  });
  const vector = new Float32Array(countParameters(shapes));
  for (const [index, { data }] of tensorsOf(shapes, vector).entries()) data.set(ordered[index]);
  return vector;
}
