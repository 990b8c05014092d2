// How much work a run is, for the choice of its device. Pure.
import type { TrainingWork } from '../devices/open.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { modelWeights } from '../model/parameters.ts';
import { type ModelOptions, modelOf } from './model.ts';
import type { TrainingOptions } from '../options/training.ts';

export type Windows = Pick<TrainingOptions, 'batchSize' | 'sequenceLength' | 'epochs' | 'maxSteps' | 'budgetMs' | 'maxTimeMs'>;

/** @param corpus how many symbols there are to train on, and how many distinct ones */
export function workOf(options: ModelOptions & Windows, corpus: { readonly length: number; readonly symbols: number }): TrainingWork {
  return workOfModel(modelOf(options, corpus.symbols), options, corpus.length);
}

/** @param length of the text, in symbols */
export function workOfModel(
  model: ModelConfiguration,
  { batchSize: N, sequenceLength: T, epochs, maxSteps, budgetMs, maxTimeMs }: Windows,
  length: number,
): TrainingWork {
  const windows = Math.floor(Math.floor((length - 1) / N) / T);
  return {
    kind: 'training',
    // The gradient of a product is two more.
    multiplyAdds: 3 * N * T * weightsOfProducts(model),
    steps: maxSteps ?? (epochs === null ? null : Math.ceil(epochs * windows)),
    milliseconds: Math.min(budgetMs ?? Infinity, maxTimeMs ?? Infinity),
    sequence: T * model.layers,
  };
}

/** What each symbol is multiplied by. Symbols themselves are looked up instead. */
function weightsOfProducts(model: ModelConfiguration): number {
  const products = modelWeights(model).filter(({ role, symbols }) => (role === 'input' || role === 'recurrent') && symbols !== 'rows');
  return products.reduce((sum, { rows, columns }) => sum + rows * columns, model.tied ? model.vocabulary * model.embedding : 0);
}
