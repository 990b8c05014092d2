// How many characters a run will train on, from its options alone. Nothing is measured: choices that follow from it are the same on every
// machine.
import { countWindows } from '../corpus/cuts.ts';
import type { ModelOptions } from './model.ts';
import type { TrainingOptions } from '../options/training.ts';
import { type Windows, workOf } from './work.ts';

/** Multiply-adds a second of a machine like most: two cores with a BLAS do more, one core without it less. */
const NOMINAL_SPEED = 20e9;
/** This part of a window is an error of rounding where epochs are counted in windows. */
export const NEARLY = 1e-9;

/**
 * Characters that a run trains on, repetitions included: exact for a run of epochs or steps that neither stops early nor diverges, and for
 * a budget the number that a machine of nominal speed reaches.
 *
 * @param corpus how many symbols there are to train on, and how many distinct ones
 */
export function expectedCharacters(
  options: ModelOptions & Windows & Pick<TrainingOptions, 'randomOffset'>,
  corpus: { readonly length: number; readonly symbols: number },
): number {
  const { batchSize: N, sequenceLength: T, randomOffset: offset, epochs, maxSteps, budgetMs } = options;
  if (maxSteps !== null) return maxSteps * N * T;
  if (epochs !== null) return Math.ceil(epochs * countWindows(Math.floor((corpus.length - 1) / N), T, { offset }) - NEARLY) * N * T;
  return charactersWithin(budgetMs!, workOf(options, corpus).multiplyAdds / (N * T));
}

/** Characters that a machine of nominal speed trains on in a time. @param multiplyAdds for each of them, in training */
export function charactersWithin(milliseconds: number, multiplyAdds: number): number {
  return Math.floor((milliseconds / 1000) * (NOMINAL_SPEED / multiplyAdds));
}
