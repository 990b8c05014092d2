// Untrained models, for tests that need any model.
import { tensorsOf } from '../../src/runs/store.ts';
import type { BareModel } from '../../src/evaluation/evaluate.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';

/** Normally distributed weights of this standard deviation. */
export function modelOfSeed(
  seed: number,
  given: Pick<ModelConfiguration, 'cell' | 'layers' | 'hidden' | 'vocabulary'> & Partial<ModelConfiguration>,
  deviation = 0.7,
): BareModel {
  const model: ModelConfiguration = {
    embedding: 0,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
    ...given,
  };
  const random = new Random(seed);
  const tensors = parameterShapes(model).map(({ name, rows, columns }) => ({
    name,
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, () => random.normal() * deviation),
  }));
  return { model, tensors };
}

/**
 * The same with some weights replaced.
 * @param vector all weights to start with
 */
export function withWeights(
  { model, tensors }: BareModel,
  weights: Readonly<Record<string, ArrayLike<number>>>,
  vector?: Float32Array,
): BareModel {
  const all = vector === undefined ? tensors : tensorsOf(parameterShapes(model), vector);
  return {
    model,
    tensors: all.map((tensor) =>
      Object.hasOwn(weights, tensor.name) ? { ...tensor, data: Float32Array.from(weights[tensor.name]) } : tensor,
    ),
  };
}
