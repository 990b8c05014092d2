// Computes the work of a run: its update steps, and the multiply-adds of each. Pure.
import { countWindows } from '../corpus/window-starts.ts';
import type { TrainingWork } from '../devices/auto.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { modelWeights } from '../model/parameters.ts';
import { type ModelOptions, modelConfigurationOf } from './model.ts';
import type { TrainingOptions } from '../options/training.ts';

type Windows = Pick<TrainingOptions, 'batchSize' | 'sequenceLength'> & Partial<Pick<TrainingOptions, 'randomOffset'>>;
type RunOptions = Windows & Pick<TrainingOptions, 'epochs' | 'maxSteps' | 'budgetMs' | 'maxTimeMs'>;

/**
 * Multiply-adds per second of a typical machine. Two cores with AVX-512 do more, one core with
 * WebAssembly does less.
 */
const NOMINAL_SPEED = 20e9;
/** A smaller fraction of a window is a rounding error. */
const ROUNDING = 1e-9;

/** @param length the length of the text, in tokens */
export function windowsPerEpoch(
  length: number,
  { batchSize: N, sequenceLength: T, randomOffset: offset = false }: Windows,
): number {
  return countWindows(Math.floor((length - 1) / N), T, { offset });
}

export const stepsOfEpochs = (epochs: number, windows: number): number => Math.ceil(epochs * windows - ROUNDING);

/**
 * Update steps of a new run that neither stops early nor diverges. Null if only time ends it.
 *
 * @param windows the number of windows of an epoch
 */
export function stepsOf({ epochs, maxSteps }: Pick<RunOptions, 'epochs' | 'maxSteps'>, windows: number): number | null {
  return maxSteps ?? (epochs === null ? null : stepsOfEpochs(epochs, windows));
}

/**
 * Characters that a machine of nominal speed trains on in a time.
 *
 * @param multiplyAdds the multiply-adds per character, in training
 */
export function charactersWithin(milliseconds: number, multiplyAdds: number): number {
  return Math.floor((milliseconds / 1000) * (NOMINAL_SPEED / multiplyAdds));
}

/** @param corpus the number of tokens to train on, and of distinct ones */
export function workOf(
  options: ModelOptions & RunOptions,
  corpus: { readonly length: number; readonly symbols: number },
): TrainingWork {
  return workOfModel(modelConfigurationOf(options, corpus.symbols), options, corpus.length);
}

/** @param length the length of the text, in tokens */
export function workOfModel(model: ModelConfiguration, options: RunOptions, length: number): TrainingWork {
  const { batchSize: N, sequenceLength: T, budgetMs, maxTimeMs } = options;
  return {
    kind: 'training',
    // The gradient of a matrix product takes two more products.
    multiplyAdds: 3 * N * T * weightsOfProducts(model),
    steps: stepsOf(options, windowsPerEpoch(length, options)),
    batchSize: N,
    sequenceLength: T,
    layers: model.layers,
    milliseconds: Math.min(budgetMs ?? Infinity, maxTimeMs ?? Infinity),
  };
}

/** The weights that each token is multiplied by. Tokens themselves are looked up instead. */
function weightsOfProducts(model: ModelConfiguration): number {
  const products = modelWeights(model).filter(
    ({ role, symbols }) => (role === 'input' || role === 'recurrent') && symbols !== 'rows',
  );
  return products.reduce(
    (sum, { rows, columns }) => sum + rows * columns,
    model.tied ? model.vocabulary * model.embedding : 0,
  );
}
