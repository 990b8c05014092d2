// Rewrites of programs: the same results from fewer and larger operations. They know shapes, but
// not cells.
import { Builder } from './builder.ts';
import { type Program, Uses, type Value, sameShape } from './value.ts';

/**
 * Replaces a sum with a matrix product that no other operation reads by a product that adds to a
 * running sum. Used after differentiation.
 */
export function foldRunningSums(program: Program): Program {
  const uses = new Uses(program);
  const folds = (value: Value): boolean =>
    value.kind === 'matmul' && !value.plus && uses.usersOf(value).length === 1 && !uses.isReadByCaller(value);
  return rewrite(program, (value, inputs, builder) => {
    if (value.kind !== 'elementwise' || value.apply !== 'add') return undefined;
    const index = [1, 0].find((i) => folds(value.inputs[i]) && value.inputs.every((input) => sameShape(input, value)));
    if (index === undefined) return undefined;
    const folded = inputs[index];
    if (folded.kind !== 'matmul') return undefined;
    const [a, b, bias] = folded.inputs;
    return builder.matmul(a, b, {
      transposeA: folded.transposeA,
      transposeB: folded.transposeB,
      bias,
      plus: inputs[1 - index],
    });
  });
}

/**
 * Copies a program. `change` makes each value from its new inputs. Where it returns nothing, the
 * operation stays the same.
 */
export function rewrite(
  program: Program,
  change: (value: Value, inputs: readonly Value[], builder: Builder) => Value | null | undefined,
): Program {
  const builder = new Builder();
  const rewritten = new Map<Value, Value>();
  for (const value of program.values) {
    const inputs = value.inputs.map((input) => rewritten.get(input)!);
    rewritten.set(value, change(value, inputs, builder) ?? builder.appendCopy(value, inputs));
  }
  const renamed = (named: ReadonlyMap<string, Value>): Map<string, Value> =>
    new Map([...named].map(([name, value]) => [name, rewritten.get(value)!]));
  return builder.program(renamed(program.outputs), renamed(program.gradients));
}
