// The cells by name.
import { inQuotes, unexpected, usageError } from '../../errors.ts';
import type { ModelConfiguration } from '../configuration.ts';
import type { Cell } from './cell.ts';
import { gru, gruCho } from './gru.ts';
import { lstm1997 } from './lstm-1997.ts';
import { lstmCoupled } from './lstm-coupled.ts';
import { lstmLayerNorm } from './lstm-layer-norm.ts';
import { lstmPeephole } from './lstm-peephole.ts';
import { lstm } from './lstm.ts';
import { mlstm } from './mlstm.ts';
import { mut1, mut2, mut3 } from './mut.ts';
import { irnn, rnn, rnnRelu } from './rnn.ts';

/** Every cell of `--cell`, in the order of the help. */
export const allCells: readonly Cell[] = [
  rnn,
  rnnRelu,
  irnn,
  lstm,
  lstmPeephole,
  lstm1997,
  lstmCoupled,
  mlstm,
  gru,
  gruCho,
  mut1,
  mut2,
  mut3,
];

/**
 * The cell of a model.
 *
 * @throws RnnError `usage` if there is no such cell, or it has no layer normalisation
 */
export function cellOf({ cell, layerNorm = false }: Pick<ModelConfiguration, 'cell' | 'layerNorm'>): Cell {
  const plain = cellNamed(cell);
  if (!layerNorm) return plain;
  if (plain !== lstm)
    throw usageError(`cannot use layer normalisation with cell ${cell}: only lstm supports it`, 'use cell lstm');
  return lstmLayerNorm;
}

/** @throws RnnError `usage` if there is no such cell */
export function cellNamed(name: string): Cell {
  const cell = allCells.find((candidate) => candidate.name === name);
  if (!cell)
    throw usageError(unexpected('cell', inQuotes(name), `one of ${allCells.map((each) => each.name).join(', ')}`));
  return cell;
}
