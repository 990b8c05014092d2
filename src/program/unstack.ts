// Undoes the stacking of time steps. An operation that reads one step of a stacked product gets a
// product of that step, so that layers can run at the same time, one step apart, and no step is
// copied into a stack only to be read from it again.
import type { Builder, JoinPart } from './builder.ts';
import { rewrite } from './rewrite.ts';
import type { Program, Value } from './value.ts';

interface Step {
  readonly row: number;
  readonly value: Value;
}

/**
 * Products, elementwise operations and sums of rows of a stack of steps become a stack of operations
 * on the steps.
 */
export function unstack(program: Program): Program {
  const readBySteps = valuesReadBySteps(program);
  return rewrite(
    program,
    (value, inputs, builder) => stepOf(value, inputs) ?? byStep(builder, value, inputs, readBySteps),
  );
}

/** The step of a stack that a view of rows is, if it is one. */
function stepOf(value: Value, [input]: readonly Value[]): Value | undefined {
  if (value.kind !== 'rows') return undefined;
  return rowPieces(input)?.find((step) => step.row === value.first && step.value.rows === value.rows)?.value;
}

function byStep(
  builder: Builder,
  value: Value,
  inputs: readonly Value[],
  readBySteps: ReadonlySet<Value>,
): Value | null {
  if (!readBySteps.has(value)) return null;
  const steps = inputs.map(rowPieces).find((found) => found !== null);
  if (!steps) return null;
  const partsOf = inputs.map((input, index) =>
    follows(value, index) ? steps.map((step) => part(builder, input, step)) : steps.map(() => input),
  );
  if (partsOf.some((parts) => parts.includes(null))) return null;
  return builder.concatenate(
    steps.map(({ value: { rows } }, t) =>
      builder.appendCopy(
        value,
        partsOf.map((parts) => parts[t]!),
        rows,
      ),
    ),
  );
}

/** Whether an input has the same rows as the result. */
function follows(value: Value, index: number): boolean {
  if (value.kind === 'matmul') return index === 0 || (value.plus && index === value.inputs.length - 1);
  return value.inputs[index].rows === value.rows;
}

/** The rows of one step of a value, or null where they are to be had only from the whole. */
function part(builder: Builder, value: Value, { row, value: { rows } }: Step): Value | null {
  const isDivisible = value.kind === 'join' || value.kind === 'dropoutMask' || value.kind === 'gather';
  return isDivisible ? rowsOf(builder, value, row, rows) : null;
}

/**
 * Elementwise operations and sums of rows of which steps are read, and products with a weight of which
 * nothing but steps is read, if need be through another such.
 */
function valuesReadBySteps(program: Program): Set<Value> {
  const wholes = new Set<Value>([...program.outputs.values(), ...program.gradients.values()]);
  const steps = new Set<Value>();
  const found = new Set<Value>();
  for (const value of program.values.toReversed()) {
    const isProduct = value.kind === 'matmul' && !value.transposeA && value.inputs[1].kind === 'parameter';
    // An operation that needs the whole can stack the steps of an operation on rows. Products should
    // not be split for that.
    const isInRows = (value.kind === 'elementwise' || value.kind === 'rowSums') && steps.has(value);
    if (isInRows || (isProduct && !wholes.has(value))) found.add(value);
    for (const [index, input] of value.inputs.entries()) {
      const isByStep = value.kind === 'rows' || (found.has(value) && follows(value, index));
      (isByStep ? steps : wholes).add(input);
    }
  }
  return found;
}

/** The pieces of a join of matrices on top of each other, from the top. */
function rowPieces(join: Value): JoinPart[] | null {
  if (join.kind !== 'join' || !join.inputs.every((piece) => piece.columns === join.columns)) return null;
  return join.inputs.map((value, i) => ({ value, ...join.positions[i] })).toSorted((a, b) => a.row - b.row);
}

/** Some rows of a value. Of a join, whole pieces, or null if the rows are not whole pieces. */
function rowsOf(builder: Builder, value: Value, first: number, count: number): Value | null {
  const pieces = rowPieces(value);
  if (!pieces) return builder.rows(value, first, count);
  const within = pieces.filter(({ row, value: { rows } }) => row >= first && row + rows <= first + count);
  const covered = within.reduce((sum, piece) => sum + piece.value.rows, 0);
  return covered === count ? builder.concatenate(within.map((piece) => piece.value)) : null;
}
