// How much work a run is, for the choice of its device. Pure.
import type { TrainingWork } from '../devices/open.ts';
import { cellNamed } from '../model/cells/registry.ts';
import type { TrainingOptions } from './options.ts';

/** @param corpus how many symbols there are to train on, and how many distinct ones */
export function workOf(options: Pick<TrainingOptions, 'cell' | 'layers' | 'hidden' | 'embedding' | 'batchSize' | 'sequenceLength' | 'epochs' | 'maxSteps' | 'budgetMs' | 'maxTimeMs'>, corpus: { readonly length: number; readonly symbols: number }): TrainingWork {
  const { layers, hidden: H, embedding, batchSize: N, sequenceLength: T, epochs, maxSteps, budgetMs, maxTimeMs } = options;
  const windows = Math.floor(Math.floor((corpus.length - 1) / N) / T);
  return {
    kind: 'training',
    // The gradient of a product is two more.
    multiplyAdds: 3 * N * T * weightsOfProducts(cellNamed(options.cell), layers, H, embedding, corpus.symbols),
    steps: maxSteps ?? (epochs === null ? null : Math.ceil(epochs * windows)),
    milliseconds: Math.min(budgetMs ?? Infinity, maxTimeMs ?? Infinity),
    sequence: T * layers,
  };
}

/** What each symbol is multiplied by. One-hot symbols and embeddings are looked up instead. */
function weightsOfProducts(cell: ReturnType<typeof cellNamed>, layers: number, H: number, embedding: number, V: number): number {
  let total = H * V;
  for (let layer = 0; layer < layers; layer++) {
    for (const { role, rows, columns } of cell.weights(layer > 0 ? H : embedding, H)) if (role !== 'bias') total += rows * columns;
  }
  return total;
}
