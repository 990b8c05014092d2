// A model as a checkpoint file without the data that only training needs, to pass it on.
import { checkpointPieces } from '../runs/store.ts';
import type { ExportFormat } from './trained.ts';

export const checkpointFile: ExportFormat = {
  name: 'rnn',
  summary: 'a checkpoint without the optimizer, a quarter of the size, for every command of rnn',
  extension: '.json',
  write(trained) {
    const pieces = checkpointPieces('the model', { ...trained, state: [], optimizer: null });
    return Buffer.concat([...pieces]);
  },
};
