// Rewrites of programs for a GPU: the same results from operations that its threads can share.
import type { Builder } from '../../program/builder.ts';
import { rewrite } from '../../program/rewrite.ts';
import { type Program, Uses, type Value } from '../../program/value.ts';

/**
 * Splits what is read only in blocks of columns into these blocks. A product for all gates of a
 * cell becomes one product a gate, so that the thread of one unit has all of its gates.
 */
export function splitBlocks(program: Program): Program {
  const splittable = findSplittable(program);
  /** What has been rewritten, by what it was. */
  const inputsOf = new Map<Value, readonly Value[]>();
  const block = (builder: Builder, whole: Value, first: number, columns: number): Value => {
    const rewritten = inputsOf.get(whole)!;
    const part = (index: number): Value => {
      const input = rewritten[index];
      if (input.columns !== whole.columns) return input;
      const original = whole.inputs[index];
      return splittable.has(original)
        ? block(builder, original, first, columns)
        : builder.columns(input, first, columns);
    };
    const parts = rewritten.map((input, index) => {
      if (whole.kind !== 'matmul' || index >= 2) return part(index);
      if (index === 0) return input;
      return whole.transposeB ? builder.rows(input, first, columns) : builder.columns(input, first, columns);
    });
    return builder.appendCopy(whole, parts, whole.rows, columns);
  };
  return rewrite(program, (value, inputs, builder) => {
    inputsOf.set(value, inputs);
    const [whole] = value.inputs;
    return value.kind === 'columns' && splittable.has(whole)
      ? block(builder, whole, value.first, value.columns)
      : undefined;
  });
}

/** Products and elementwise operations that are read only in blocks of columns. */
function findSplittable(program: Program): Set<Value> {
  const uses = new Uses(program);
  const found = new Set<Value>();
  for (const value of program.values.toReversed()) {
    if ((value.kind !== 'matmul' && value.kind !== 'elementwise') || uses.isReadByCaller(value)) continue;
    const users = uses.usersOf(value);
    const isSplit = (user: Value): boolean =>
      user.kind === 'columns' ||
      (found.has(user) &&
        user.columns === value.columns &&
        (user.kind === 'elementwise' || user.inputs.slice(0, 2).every((input) => input !== value)));
    if (users.length > 0 && users.every(isSplit)) found.add(value);
  }
  return found;
}

/** Workgroups that keep a GPU busy: the largest have about 140 multiprocessors. */
const ENOUGH_WORKGROUPS = 140;
/** Elements of a result that one workgroup sums, and terms that are worth a sum of their own. */
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
