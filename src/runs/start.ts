// How a text starts that a trained model reads or writes.
import { Vocabulary } from '../corpus/vocabulary.ts';
import type { TrainedModel } from './checkpoint.ts';

/**
 * Id of the symbol that a zero state reads before a text, as in training; null for models that were not trained so, as those of earlier
 * versions.
 */
export function startSymbolOf({ training, vocabulary }: Pick<TrainedModel, 'training' | 'vocabulary'>): number | null {
  return training.options['textStarts'] === true ? new Vocabulary(vocabulary).startSymbol : null;
}
