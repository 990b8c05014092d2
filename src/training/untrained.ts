// A network before training, to compare a trained network with.
import { tensorsOf } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import type { BareModel } from '../evaluation/evaluate.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { countParameters } from '../program/value.ts';
import { Random } from '../random.ts';
import { refuseWithoutRoom } from '../evaluation/memory.ts';
import { modelConfigurationOf } from './model.ts';
import type { TrainingOptions } from '../options/training.ts';
import { resolveOptions } from './resolve.ts';

/** Bytes of a weight in the model, and in the float64 of computations. */
const BYTES = 4 + 8;

/**
 * An untrained network. Sizes that are not given are chosen as for training on this text.
 *
 * @throws RnnError `usage` for invalid values, or if the network needs more memory than is free
 */
export function untrainedModel(
  given: Partial<TrainingOptions>,
  corpus: Pick<Corpus, 'train' | 'validation' | 'vocabulary'>,
): BareModel {
  const { options } = resolveOptions(given, corpus);
  const model = modelConfigurationOf(options, corpus.vocabulary.size);
  const bytes = BYTES * countParameters(parameterShapes(model));
  refuseWithoutRoom('this network', bytes, 'use fewer hidden units or layers');
  return { model, tensors: tensorsOf(parameterShapes(model), initialParameters(model, new Random(options.seed))) };
}
