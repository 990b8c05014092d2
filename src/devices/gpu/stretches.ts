// Sums over a whole sequence, a stretch of it at a time: the gradient of a weight is a product of
// two stacks of all time steps, which with large batches and long windows would be larger than all
// else. In stretches only one of them has to be there at a time.
import type { Builder } from '../../program/builder.ts';
import { rewrite } from '../../program/rewrite.ts';
import type { Program, Value } from '../../program/value.ts';
import { rowPieces, rowsOf } from './nodes.ts';

/**
 * Products, scatters and column sums over stacks of more elements than `most`, in stretches of
 * whole time steps.
 * @param most elements of the largest operand of a stretch, about: a time step is not cut
 */
export function sumInStretches(program: Program, most: number): Program {
  return rewrite(program, (value, inputs, builder) => stretched(builder, value, inputs, most));
}

interface Stretch {
  readonly row: number;
  readonly rows: number;
}

/** The same sum in stretches; null if it needs none, or its operands are not cut alike. */
function stretched(builder: Builder, value: Value, inputs: readonly Value[], most: number): Value | null {
  const sums =
    (value.kind === 'matmul' && value.transposeA && !value.bias && !value.plus && !value.transposeB) ||
    value.kind === 'scatter' ||
    value.kind === 'columnSums';
  const largest = Math.max(...inputs.map((input) => (rowPieces(input) ? input.rows * input.columns : 0)));
  if (!sums || largest <= most) return null;
  const stretches = cut(
    inputs.flatMap((input) => rowPieces(input) ?? []),
    Math.ceil(largest / most),
  );
  const parts = stretches.map((stretch) => inputs.map((input) => rowsOf(builder, input, stretch.row, stretch.rows)));
  if (parts.some((operands) => operands.includes(null))) return null;
  // Backwards, as the gradients of the steps come.
  return parts.reduceRight<Value | null>((sum, operands) => addTo(builder, sum, value, operands as Value[]), null);
}

/** Cuts rows between pieces into about so many stretches of equal height. */
function cut(pieces: readonly { readonly value: Value; readonly row: number }[], count: number): Stretch[] {
  const ends = [...new Set(pieces.map(({ row, value }) => row + value.rows))].toSorted((a, b) => a - b);
  const height = Math.ceil(ends[ends.length - 1] / count);
  const stretches: Stretch[] = [];
  let row = 0;
  for (const [i, end] of ends.entries()) {
    if (end - row < height && i < ends.length - 1) continue;
    stretches.push({ row, rows: end - row });
    row = end;
  }
  return stretches;
}

function addTo(builder: Builder, sum: Value | null, like: Value, operands: readonly Value[]): Value {
  if (sum && like.kind === 'matmul') return builder.matmul(operands[0], operands[1], { transposeA: true, plus: sum });
  const part = builder.appendCopy(like, operands);
  return sum ? builder.add(sum, part) : part;
}
