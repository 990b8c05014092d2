// Rewrites: the same results from fewer and larger operations. They know shapes and never cells.
import { groupBy } from '../group.ts';
import { Builder } from './builder.ts';
import { type Program, type Value, countUses, sameShape } from './value.ts';

/**
 * The products of every time step of a sequence with one weight become one product with the whole sequence, of which each step
 * reads its rows: x_t·W for t = 1..T is rows of X·W. A product with a one-hot matrix becomes a gather of rows.
 * Before differentiation, so that the backward pass comes out the same way.
 */
export function hoistInputProducts(program: Program): Program {
  const groups = groupBy(program.values.filter(isStepProduct), productKey);
  return rewrite(program, (value, inputs, builder) => {
    if (value.kind !== 'matmul' || value.plus) return undefined;
    const [x, weight, bias] = inputs;
    const alone = !isStepProduct(value) || (groups.get(productKey(value))!.length === 1 && x.inputs[0].kind !== 'oneHot');
    if (alone) return product(builder, value, x, weight, bias);
    const step = x as Value<'rows'>;
    return builder.rows(product(builder, value, step.inputs[0], weight, bias), step.first, value.rows);
  });
}

function isStepProduct(value: Value): value is Value<'matmul'> {
  return value.kind === 'matmul' && !value.transposeA && !value.plus && value.inputs[0].kind === 'rows' && value.inputs[1].kind === 'parameter';
}

function productKey(value: Value<'matmul'>): string {
  return [value.inputs[0].inputs[0].id, ...value.inputs.slice(1).map((input) => input.id), value.transposeB].join();
}

/** The product like one without a running sum, of other operands. */
function product(builder: Builder, like: Value<'matmul'>, x: Value, weight: Value, bias: Value | undefined): Value {
  if (x.kind === 'oneHot' && !like.transposeA && !like.transposeB) return builder.gather(weight, x.inputs[0], bias);
  return builder.matmul(x, weight, { transposeA: like.transposeA, transposeB: like.transposeB, ...(bias ? { bias } : {}) });
}

/** A sum with a product that nothing else reads becomes a product that adds to a running sum. After differentiation. */
export function foldRunningSums(program: Program): Program {
  const uses = countUses(program);
  const folds = (value: Value): boolean => value.kind === 'matmul' && !value.plus && uses.get(value) === 1;
  return rewrite(program, (value, inputs, builder) => {
    if (value.kind !== 'elementwise' || value.apply !== 'add') return undefined;
    const index = [1, 0].find((i) => folds(value.inputs[i]) && value.inputs.every((input) => sameShape(input, value)));
    if (index === undefined) return undefined;
    const folded = inputs[index];
    if (folded.kind !== 'matmul') return undefined;
    const [a, b, bias] = folded.inputs;
    return builder.matmul(a, b, { transposeA: folded.transposeA, transposeB: folded.transposeB, ...(bias ? { bias } : {}), plus: inputs[1 - index] });
  });
}

/** Copies a program, each value as `change` makes it from its new inputs or, where it gives nothing, as it was. */
export function rewrite(program: Program, change: (value: Value, inputs: readonly Value[], builder: Builder) => Value | null | undefined): Program {
  const builder = new Builder();
  const now = new Map<Value, Value>();
  for (const value of program.values) {
    const inputs = value.inputs.map((input) => now.get(input)!);
    now.set(value, change(value, inputs, builder) ?? builder.again(value, inputs));
  }
  const renamed = (named: ReadonlyMap<string, Value>): Map<string, Value> => new Map([...named].map(([name, value]) => [name, now.get(value)!]));
  return builder.program(renamed(program.outputs), renamed(program.gradients));
}
