// Models that were never trained, for tests that need any.
import type { TrainedModel } from '../../src/checkpoint/store.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';

export type BareModel = Pick<TrainedModel, 'model' | 'tensors'>;

/** Normal weights of this deviation. */
export function modelOfSeed(seed: number, given: Pick<ModelConfiguration, 'cell' | 'layers' | 'hidden' | 'vocabulary'> & Partial<ModelConfiguration>, deviation = 0.7): BareModel {
  const model: ModelConfiguration = { embedding: 0, forgetBias: 1, initialisation: 'uniform', dropout: 0, conventions: {}, ...given };
  const random = new Random(seed);
  const tensors = parameterShapes(model).map(({ name, rows, columns }) => ({ name, shape: [rows, columns], data: Float32Array.from({ length: rows * columns }, () => random.normal() * deviation) }));
  return { model, tensors };
}
