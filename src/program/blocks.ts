// Splits products for all gates of a cell into one product per gate, for devices on which one thread
// computes all gates of one unit.
import type { Builder } from './builder.ts';
import { rewrite } from './rewrite.ts';
import { type Program, Uses, type Value } from './value.ts';

/**
 * Splits values that are read only in blocks of columns. A product for all gates of a cell becomes
 * one product per gate, so that the thread of one unit has all of its gates.
 */
export function splitIntoBlocks(program: Program): Program {
  const splittable = findSplittable(program);
  /** The rewritten inputs of each original value. */
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

/**
 * Products and elementwise operations that are read only in blocks of columns. Operations that read
 * a number for each row are left out, because its sum would be computed again for each block.
 */
function findSplittable(program: Program): Set<Value> {
  const uses = new Uses(program);
  const found = new Set<Value>();
  for (const value of program.values.toReversed()) {
    if ((value.kind !== 'matmul' && value.kind !== 'elementwise') || uses.isReadByCaller(value)) continue;
    if (value.kind === 'elementwise' && value.inputs.some(({ columns }) => columns < value.columns)) continue;
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
