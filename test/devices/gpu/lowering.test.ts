// Which operations share a pass, and which need none: small programs, whose passes are counted and
// read.
import { describe, expect, it } from 'vitest';
import { type PassList, compilePasses } from '../../../src/devices/gpu/passes.ts';
import { isNumber } from '../../../src/devices/gpu/writer.ts';
import { Builder } from '../../../src/program/builder.ts';
import type { ParameterShape, Program, Value } from '../../../src/program/value.ts';

const parameters: readonly ParameterShape[] = [
  { name: 'w', rows: 3, columns: 6 },
  { name: 'u', rows: 3, columns: 6 },
  { name: 'bias', rows: 1, columns: 6 },
];

/** The outputs of a program over a state x of 4×3 and weights w and u of 3×6. */
function passesOf(
  write: (ops: Builder, x: Value, w: Value, u: Value) => Readonly<Record<string, Value>>,
  mostInputs = 7,
): PassList {
  const ops = new Builder();
  const program: Program = ops.program(
    new Map(Object.entries(write(ops, ops.loadState('x', 4, 3), ops.parameter('w', 3, 6), ops.parameter('u', 3, 6)))),
  );
  return compilePasses(program, { parameters, update: null, mostInputs });
}

/** Shapes as planes × rows × columns. */
function shapesOf({ passes }: PassList): string[] {
  return passes.map(({ shape }) =>
    shape.kind === 'vector' ? `${shape.length}` : `${shape.planes}×${shape.rows}×${shape.columns}`,
  );
}

describe('a product', () => {
  it('is one pass with its bias, another product that it adds to, and the activations of its columns', () => {
    const list = passesOf((ops, x, w, u) => {
      const sum = ops.matmul(x, u, { plus: ops.matmul(x, w, { bias: ops.parameter('bias', 1, 6) }) });
      return { left: ops.sigmoid(ops.columns(sum, 0, 2)), right: ops.scale(ops.tanh(ops.columns(sum, 2, 4)), 2) };
    });
    expect(shapesOf(list)).toEqual(['1×4×6']);
    expect([...list.outputs.values()].map(({ pass, column, columns }) => [pass, column, columns])).toEqual([
      [0, 0, 2],
      [0, 2, 4],
    ]);
    expect(list.passes[0].source).toMatch(
      /if \(this\.thread\.x < 2\) \{\nconst v0 = \(1 \/ \(1 \+ Math\.exp\(.*-sum\)\)\)\);/,
    );
    expect(list.cost.multiplyAdds).toBe(2 * 4 * 3 * 6);
  });

  it('stores its sum if another operation reads it', () => {
    const list = passesOf((ops, x, w) => {
      const product = ops.matmul(x, w);
      return { y: ops.tanh(product), product };
    });
    expect(shapesOf(list)).toEqual(['1×4×6', '1×4×6']);
  });

  it('shares a pass with independent products of its shape, up to the limit of buffers', () => {
    const write = (ops: Builder, x: Value, w: Value, u: Value): Record<string, Value> => ({
      a: ops.matmul(x, w),
      b: ops.matmul(ops.loadState('z', 4, 3), u),
    });
    expect(shapesOf(passesOf(write))).toEqual(['2×4×6']);
    expect(shapesOf(passesOf(write, 2))).toEqual(['1×4×6', '1×4×6']);
  });

  it('reads the pieces of a join side by side without a copy', () => {
    const list = passesOf((ops, x, w) => {
      const made = [ops.tanh(ops.columns(x, 0, 1)), ops.sigmoid(ops.columns(x, 1, 2))];
      return {
        y: ops.matmul(
          ops.join([
            { value: made[0], row: 0, column: 0 },
            { value: made[1], row: 0, column: 1 },
          ]),
          w,
        ),
      };
    });
    expect(shapesOf(list).toSorted()).toEqual(['1×4×1', '1×4×2', '1×4×6']);
    expect(list.cost.multiplyAdds).toBe(4 * 3 * 6);
  });
});

describe('elementwise operations', () => {
  it('are one pass with a plane for each result that is read, and none for unread results', () => {
    const list = passesOf((ops, x) => {
      const y = ops.tanh(ops.scale(x, 0.5));
      return { y, z: ops.multiply(ops.sigmoid(y), x) };
    });
    expect(shapesOf(list)).toEqual(['2×4×3']);
    expect([...list.outputs.values()].map(({ plane }) => plane)).toEqual([0, 1]);
  });

  it('wait for later operands, without delaying other operations', () => {
    const list = passesOf((ops, x, w, u) => {
      const early = ops.tanh(x);
      const late = ops.matmul(ops.matmul(early, w), u, { transposeB: true });
      return { early: ops.scale(early, 2), both: ops.add(ops.tanh(late), ops.multiply(late, early)) };
    });
    expect(shapesOf(list)).toEqual(['2×4×3', '1×4×6', '1×4×3', '1×4×3']);
  });
});

describe('a stack of time steps', () => {
  const steps = (ops: Builder, x: Value, count: number): Value[] => {
    const made: Value[] = [];
    for (let t = 0; t < count; t++) made.push(ops.tanh(made.at(-1) ?? x));
    return made;
  };
  // The transposed operand needs the whole matrix.
  const squared = (ops: Builder, stack: Value): Value => ops.matmul(stack, stack, { transposeA: true });

  it('is copied together in passes that read no more buffers than they may', () => {
    const list = passesOf(
      (ops, x, w) => ({
        y: squared(ops, ops.concatenate(steps(ops, ops.matmul(ops.matmul(x, w), w, { transposeB: true }), 3))),
      }),
      2,
    );
    expect(
      list.passes.every(
        ({ operands }) =>
          operands.filter(
            (operand) => operand.kind === 'pass' || (operand.kind === 'argument' && !isNumber(operand.name)),
          ).length <= 2,
      ),
    ).toBe(true);
    expect(shapesOf(list).at(-1)).toBe('1×3×3');
  });

  it('shares its buffer with the same stack one step later', () => {
    const list = passesOf((ops, x, w) => {
      const made = [x];
      for (let t = 0; t < 3; t++) made.push(ops.tanh(ops.matmul(ops.matmul(made[t], w), w, { transposeB: true })));
      return { y: ops.matmul(ops.concatenate(made.slice(0, 3)), ops.concatenate(made.slice(1)), { transposeA: true }) };
    });
    expect(shapesOf(list).filter((shape) => shape === '1×16×3')).toHaveLength(1);
    expect(shapesOf(list)).not.toContain('1×12×3');
  });
});

describe('a state that a call stores', () => {
  it('is copied if no pass has made it, while its readers within the call read the original', () => {
    const ops = new Builder();
    const [a, b] = [ops.loadState('a', 4, 3), ops.loadState('b', 4, 3)];
    ops.storeState('a', b);
    ops.storeState('b', a);
    const list = compilePasses(ops.program(new Map([['sum', ops.add(a, b)]])), {
      parameters,
      update: null,
      mostInputs: 7,
    });
    expect(shapesOf(list)).toEqual(['1×4×3', '1×4×3', '1×4×3']);
    expect(list.states.get('a')!.pass).not.toBe(list.states.get('b')!.pass);
    // Each argument is the whole buffer of the pass that kept it.
    expect(list.arguments.map(({ name }) => name).toSorted()).toEqual(
      [...list.states.values()].map(({ pass }) => `carry ${pass}`).toSorted(),
    );
  });
});
