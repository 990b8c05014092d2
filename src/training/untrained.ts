// A network as training would start with it, for whoever wants to see what training changes.
import { tensorsOf } from '../checkpoint/store.ts';
import type { Corpus } from '../corpus/read.ts';
import type { BareModel } from '../insight/reading.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { Random } from '../random.ts';
import { modelOf } from './model.ts';
import type { TrainingOptions } from './options.ts';
import { resolveOptions } from './resolve.ts';

/** Sizes that are not given are those that training on this text would choose. */
export function untrainedModel(given: Partial<TrainingOptions>, corpus: Pick<Corpus, 'train' | 'validation' | 'vocabulary'>): BareModel {
  const { options } = resolveOptions(given, corpus);
  const model = modelOf(options, corpus.vocabulary.size);
  return { model, tensors: tensorsOf(parameterShapes(model), initialParameters(model, new Random(options.seed))) };
}
