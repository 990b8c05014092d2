// The cells by name.
import { RnnError } from '../../errors.ts';
import type { Cell } from './cell.ts';
import { gru } from './gru.ts';
import { lstm } from './lstm.ts';
import { rnn, rnnRelu } from './rnn.ts';

export const cells: readonly Cell[] = [lstm, gru, rnn, rnnRelu];

/** @throws RnnError (usage) if there is no such cell */
export function cellNamed(name: string): Cell {
  const cell = cells.find((candidate) => candidate.name === name);
  if (!cell) throw new RnnError('usage', `unknown cell '${name}'`, { hint: `one of ${cells.map((each) => each.name).join(', ')}` });
  return cell;
}
