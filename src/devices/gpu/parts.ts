// Splits long sums over a sequence into parts that a GPU computes at the same time.
import { rewrite } from '../../program/rewrite.ts';
import type { Program, Value } from '../../program/value.ts';

/** Workgroups that keep a GPU busy: the largest have about 140 multiprocessors. */
const ENOUGH_WORKGROUPS = 140;
/** Elements of a result that one workgroup sums, and the fewest terms of a separate sum. */
const TILE = 64 * 64;
const LEAST_TERMS = 256;
/** Rows of one thread's part of a column sum. */
const COLUMN_SUM_ROWS = 64;

/**
 * Splits long sums over a sequence into parts that are computed at the same time, where the result
 * is too small to keep a GPU busy.
 */
export function splitSums(program: Program): Program {
  return rewrite(program, (value, inputs, builder) => {
    const parts = partsOf(value);
    if (parts === 1) return undefined;
    const [{ rows }] = inputs;
    const height = Math.ceil(rows / parts);
    const sums: Value[] = [];
    for (let first = 0; first < rows; first += height)
      sums.push(
        builder.appendCopy(
          value,
          inputs.map((input) => builder.rows(input, first, Math.min(height, rows - first))),
        ),
      );
    return sums.reduce((sum, part) => builder.add(sum, part));
  });
}

function partsOf(value: Value): number {
  const { rows } = value.inputs[0] ?? value;
  if (value.kind === 'columnSums') return Math.ceil(rows / COLUMN_SUM_ROWS);
  if (value.kind !== 'matmul' || !value.transposeA || value.transposeB || value.bias || value.plus) return 1;
  const workgroups = Math.ceil((value.rows * value.columns) / TILE);
  return Math.max(1, Math.min(Math.ceil(ENOUGH_WORKGROUPS / workgroups), Math.floor(rows / LEAST_TERMS)));
}
