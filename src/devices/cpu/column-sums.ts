// The sum of the rows of a matrix, as chains. Four rows at a time are added to each other and then
// to the sums so far. The matrix is read once and in order, and the sums stay in the caches.
import { Builder } from '../../program/builder.ts';
import type { Value } from '../../program/value.ts';
import type { Address, MatrixAddress } from './address.ts';
import type { ChainSpecification, ChainOperand, OperandWalk } from './chain.ts';

/** The number of rows that are added to each other first. */
const ROWS = 4;

interface ChainCall {
  readonly specification: ChainSpecification;
  /** How many times the chain is repeated. */
  readonly rows: number;
  readonly pointers: readonly Address[];
}

/** The calls, in this order, for out (1, columns) = the sum of x (rows, columns) over its rows. */
export function columnSums(
  rows: number,
  columns: number,
  [x, leading]: MatrixAddress,
  out: Address,
): readonly ChainCall[] {
  const rowOf = (row: number): Address => {
    const bytes = 4 * row * leading;
    return 'fixed' in x ? { fixed: x.fixed + bytes } : { inShard: x.inShard + bytes };
  };
  /** @param addends rows that are added to each other before they are added to the sums */
  const call = (from: number, count: number, addends: number): ChainCall => ({
    specification: chainOf(addends, columns, leading, from === 0),
    rows: count,
    pointers: [out, ...Array.from({ length: addends }, (_, row) => rowOf(from + row))],
  });
  const first = rows >= ROWS ? ROWS : 1;
  const groups = Math.floor((rows - first) / ROWS);
  const remaining = rows - first - groups * ROWS;
  return [
    call(0, 1, first),
    ...(groups > 0 ? [call(first, groups, ROWS)] : []),
    ...(remaining > 0 ? [call(rows - remaining, remaining, 1)] : []),
  ];
}

/**
 * A chain that adds `together` rows to the sums. Its pointers are the sums, followed by the rows.
 */
function chainOf(addends: number, columns: number, leading: number, isFirst: boolean): ChainSpecification {
  const ops = new Builder();
  const sumsBefore = ops.input('sums', 1, columns);
  const rows = Array.from({ length: addends }, (_, row) => ops.input(`row ${row}`, 1, columns));
  const [first, second, third, fourth] = rows;
  const added = addends === 1 ? first : ops.add(ops.add(first, second), ops.add(third, fourth));
  const sumsAfter = isFirst ? ops.offset(added, 0) : ops.add(sumsBefore, added);
  const operands = new Map<Value, ChainOperand & { walk: OperandWalk }>();
  if (!isFirst) operands.set(sumsBefore, { pointer: 0, column: 0, walk: 'row' });
  for (const [row, value] of rows.entries()) operands.set(value, { pointer: row + 1, column: 0, walk: 'matrix' });
  return {
    values: ops.values.filter((value) => value.kind === 'elementwise'),
    operands,
    stores: new Map([[sumsAfter, [{ pointer: 0, column: 0 }]]]),
    strides: [0, ...rows.map(() => addends * leading)],
  };
}
