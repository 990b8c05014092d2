// Derivatives of single operations, and of shapes that no cell has. Whole networks:
// test/model/gradients.test.ts.
import { describe, expect, test } from 'vitest';
import { type Matrix, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { Builder } from '../../src/program/builder.ts';
import { differentiate } from '../../src/program/differentiate.ts';
import type { Program, Value } from '../../src/program/value.ts';
import { Random } from '../../src/random.ts';

/**
 * Maximum error of a gradient compared with central differences (step 1e-5, float64), relative to the
 * largest element of the tensor or to 1.
 */
const TOLERANCE = 1e-8;
const STEP = 1e-5;

type Make = (name: string, rows: number, columns: number) => Value;

/**
 * Checks every gradient of the cross-entropy of some logits.
 * @param buildLogits gets `w`, which appends a parameter, and `x`, which appends a parameter that is read
 * through a gather, so that it is not used as a weight
 */
function expectGradients(buildLogits: (ops: Builder, make: { w: Make; x: Make }) => Value): Program {
  const random = new Random(5);
  const ops = new Builder();
  const parameters = new Map<string, Matrix>();
  const inputs = new Map<string, Matrix>([['ids', Float64Array.of(1, 0, 1)]]);
  const w: Make = (name, rows, columns) => {
    parameters.set(
      name,
      Float64Array.from({ length: rows * columns }, () => random.normal()),
    );
    return ops.parameter(name, rows, columns);
  };
  const x: Make = (name, rows, columns) => {
    inputs.set(
      `all of ${rows}`,
      Float64Array.from({ length: rows }, (_, row) => row),
    );
    return ops.gather(w(name, rows, columns), ops.input(`all of ${rows}`, rows));
  };
  const logits = buildLogits(ops, { w, x });
  ops.crossEntropy(logits, ops.input('targets', logits.rows), 0.3);
  const forward = ops.program(new Map());
  const program = differentiate(forward);
  inputs.set(
    'targets',
    Float64Array.from({ length: logits.rows }, (_, row) => row % logits.columns),
  );
  const loss = (): number => evaluateProgram(forward, { parameters, inputs, state: new Map() }).lossNats * 0.3;
  const { values } = evaluateProgram(program, { parameters, inputs, state: new Map() });
  for (const [name, weights] of parameters) {
    const gradient = values.get(program.gradients.get(name)!)!;
    const differences = weights.map((weight, i) => {
      weights[i] = weight + STEP;
      const above = loss();
      weights[i] = weight - STEP;
      const below = loss();
      weights[i] = weight;
      return (above - below) / (2 * STEP);
    });
    const largest = differences.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const worst = differences.reduce((most, x, i) => Math.max(most, Math.abs(x - gradient[i])), 0);
    expect(worst / largest, name).toBeLessThan(TOLERANCE);
  }
  return program;
}

describe('the gradient of', () => {
  test.each<[value: string, write: Parameters<typeof expectGradients>[0]]>([
    ['a sum', (ops, { x }) => ops.add(x('a', 3, 4), x('b', 3, 4))],
    ['a difference', (ops, { x }) => ops.subtract(x('a', 3, 4), x('b', 3, 4))],
    ['an elementwise product', (ops, { x }) => ops.multiply(x('a', 3, 4), x('b', 3, 4))],
    ['a row that is broadcast in a sum', (ops, { w, x }) => ops.add(x('a', 3, 4), w('row', 1, 4))],
    ['a row that is broadcast in a product', (ops, { w, x }) => ops.multiply(x('a', 3, 4), w('row', 1, 4))],
    ['a column that is broadcast in a product', (ops, { w, x }) => ops.multiply(x('a', 3, 4), w('column', 3, 1))],
    ['a column and a row that are broadcast', (ops, { w, x }) => ops.multiply(x('column', 3, 1), w('row', 1, 4))],
    ['an element that is broadcast', (ops, { w, x }) => ops.multiply(w('one', 1, 1), x('a', 3, 4))],
    ['an element that is not a weight', (ops, { x }) => ops.multiply(ops.tanh(x('one', 1, 1)), x('a', 3, 4))],
    ['a quotient by row sums', (ops, { x }) => ops.divide(x('a', 3, 4), ops.rowSums(ops.sigmoid(x('b', 3, 5))))],
    ['row sums of a weight', (ops, { w, x }) => ops.multiply(x('a', 3, 4), ops.rowSums(w('b', 3, 2)))],
    ['scale and offset', (ops, { x }) => ops.offset(ops.scale(x('a', 3, 4), -0.7), 2)],
    [
      'sigmoid, tanh and relu',
      (ops, { x }) => ops.add(ops.add(ops.sigmoid(x('a', 3, 4)), ops.tanh(x('b', 3, 4))), ops.relu(x('c', 3, 4))),
    ],
    ['a quotient', (ops, { x }) => ops.divide(x('a', 3, 4), ops.offset(ops.sigmoid(x('b', 3, 4)), 0.5))],
    ['a quotient by a row', (ops, { w, x }) => ops.divide(x('a', 3, 4), ops.offset(ops.sigmoid(w('row', 1, 4)), 0.5))],
    ['a square root', (ops, { x }) => ops.sqrt(ops.offset(ops.sigmoid(x('a', 3, 4)), 0.1))],
    ['a matrix product with a bias', (ops, { w, x }) => ops.linear(x('a', 3, 2), w('b', 2, 4), w('row', 1, 4))],
    [
      'a matrix product with a transposed matrix',
      (ops, { w, x }) => ops.matmul(x('a', 3, 2), w('b', 4, 2), { transposeB: true }),
    ],
    [
      'a matrix product of two values that are not weights',
      (ops, { x }) => ops.matmul(ops.tanh(x('a', 3, 2)), ops.sigmoid(x('b', 2, 4))),
    ],
    [
      'a matrix product that adds to a running sum',
      (ops, { w, x }) => ops.matmul(x('a', 3, 2), w('b', 2, 4), { plus: ops.tanh(x('c', 3, 4)) }),
    ],
    [
      'gathered rows, one of them twice, with a bias',
      (ops, { w }) => ops.gather(w('table', 2, 4), ops.input('ids', 3), w('row', 1, 4)),
    ],
    [
      'gathered rows of a table that is not a weight',
      (ops, { x }) => ops.gather(ops.tanh(x('table', 2, 4)), ops.input('ids', 3)),
    ],
    [
      'a value that is used three times',
      (ops, { x }) => {
        const y = ops.tanh(x('a', 3, 4));
        return ops.multiply(ops.add(y, ops.sigmoid(y)), y);
      },
    ],
    [
      'views that cover only some columns',
      (ops, { x }) => {
        const y = ops.tanh(x('a', 3, 7));
        return ops.add(ops.columns(y, 1, 2), ops.columns(y, 4, 2));
      },
    ],
    [
      'views that cover only some rows, not the first or the last',
      (ops, { x }) => {
        const y = ops.tanh(x('a', 6, 4));
        return ops.add(ops.rows(y, 1, 2), ops.rows(y, 3, 2));
      },
    ],
    [
      'views of rows, and views of columns, that are joined in another order',
      (ops, { x }) => {
        const [y, z] = [ops.tanh(x('a', 6, 4)), ops.sigmoid(x('b', 6, 4))];
        const rows = ops.join([
          { value: ops.rows(y, 1, 2), row: 4, column: 0 },
          { value: ops.rows(y, 3, 2), row: 0, column: 0 },
          { value: ops.rows(y, 5, 1), row: 2, column: 0 },
          { value: ops.rows(y, 0, 1), row: 3, column: 0 },
        ]);
        return ops.multiply(
          rows,
          ops.join([
            { value: ops.columns(z, 1, 3), row: 0, column: 0 },
            { value: ops.columns(z, 0, 1), row: 0, column: 3 },
          ]),
        );
      },
    ],
    [
      'one view used twice',
      (ops, { x }) => {
        const y = ops.columns(ops.tanh(x('a', 3, 5)), 0, 4);
        return ops.multiply(y, ops.sigmoid(y));
      },
    ],
    [
      'a value that is used as a whole and in part',
      (ops, { x }) => {
        const y = ops.tanh(x('a', 6, 4));
        return ops.concatenate([y, ops.rows(y, 2, 2)]);
      },
    ],
    ['a view of a view', (ops, { x }) => ops.columns(ops.rows(ops.tanh(x('a', 6, 6)), 1, 3), 2, 3)],
    [
      'a join in two directions',
      (ops, { x }) => {
        const [a, b, c] = [ops.tanh(x('a', 2, 2)), ops.sigmoid(x('b', 2, 3)), ops.tanh(x('c', 1, 5))];
        return ops.join([
          { value: a, row: 0, column: 0 },
          { value: b, row: 0, column: 2 },
          { value: c, row: 2, column: 0 },
        ]);
      },
    ],
  ])('%s equals finite differences', (_, write) => {
    expectGradients(write);
  });
});

describe('differentiation', () => {
  test('computes the gradient of a weight that is used at every time step with one matrix product', () => {
    const program = expectGradients((ops, { w, x }) => {
      const weight = w('W', 3, 3);
      const first = ops.tanh(x('h', 2, 3));
      const second = ops.tanh(ops.linear(first, weight));
      return ops.linear(second, weight);
    });
    expect(program.values.filter((value) => value.kind === 'matmul' && value.transposeA)).toHaveLength(1);
  });

  test('joins the gradients of views and the zeros between them in order', () => {
    const placesOf = (write: (ops: Builder, y: Value) => Value): readonly unknown[] => {
      const ops = new Builder();
      const y = ops.tanh(ops.matmul(ops.input('x', 6, 2), ops.parameter('W', 2, 7)));
      const logits = write(ops, y);
      ops.crossEntropy(logits, ops.input('targets', logits.rows), 1);
      const joins = differentiate(ops.program(new Map())).values.filter(
        (value) => value.kind === 'join' && value.rows === y.rows && value.columns === y.columns,
      );
      expect(joins).toHaveLength(1);
      return (joins[0] as Value<'join'>).positions;
    };
    const inRow = [0, 1, 3, 4, 6].map((column) => ({ row: 0, column }));
    expect(placesOf((ops, y) => ops.add(ops.columns(y, 4, 2), ops.columns(y, 1, 2)))).toEqual(inRow);
    expect(placesOf((ops, y) => ops.add(ops.rows(y, 4, 1), ops.rows(y, 2, 1)))).toEqual(
      [0, 2, 3, 4, 5].map((row) => ({ row, column: 0 })),
    );
  });

  test('refuses views of rows together with views of columns, even if their areas add up', () => {
    const ops = new Builder();
    const x = ops.tanh(ops.matmul(ops.input('x', 4, 2), ops.parameter('W', 2, 4)));
    ops.crossEntropy(ops.matmul(ops.columns(x, 0, 2), ops.rows(x, 0, 2)), ops.input('targets', 4), 1);
    expect(() => differentiate(ops.program(new Map()))).toThrow(
      'elementwise 4×4: views of its rows cross views of its columns',
    );
  });

  test('refuses views that overlap in part', () => {
    const ops = new Builder();
    const x = ops.tanh(ops.parameter('a', 6, 4));
    ops.crossEntropy(ops.add(ops.rows(x, 1, 3), ops.rows(x, 2, 3)), ops.input('targets', 3), 1);
    expect(() => differentiate(ops.program(new Map()))).toThrow('overlap in part');
  });

  test('refuses a view of a weight, and operations without a derivative', () => {
    const loss = (write: (ops: Builder) => Value) => () => {
      const ops = new Builder();
      const logits = write(ops);
      ops.crossEntropy(logits, ops.input('targets', logits.rows), 1);
      return differentiate(ops.program(new Map()));
    };
    expect(loss((ops) => ops.rows(ops.parameter('a', 6, 4), 0, 2))).toThrow(
      'cannot differentiate a view of parameter a',
    );
    expect(loss((ops) => ops.clip(ops.parameter('a', 2, 2), 1))).toThrow('cannot differentiate clip: not supported');
    expect(loss((ops) => ops.matmul(ops.parameter('a', 2, 3), ops.parameter('b', 2, 3), { transposeA: true }))).toThrow(
      'transposed left operand',
    );
  });

  test('computes the gradient of a masked weight with one matrix product over all time steps', () => {
    const ops = new Builder();
    const W = ops.multiply(ops.parameter('W', 4, 4), ops.dropoutMask(4, 4, { rate: 0.5, site: 1, stepRows: 0 }));
    const steps = [ops.gather(ops.parameter('table', 2, 4), ops.input('ids', 3))];
    for (let t = 0; t < 3; t++) steps.push(ops.tanh(ops.linear(steps[t], W)));
    ops.crossEntropy(steps[3], ops.input('targets', 3), 1);
    const { values, gradients } = differentiate(ops.program(new Map()));
    expect(values.filter((value) => value.kind === 'matmul' && value.transposeA)).toMatchObject([
      { rows: 4, columns: 4, inputs: [{ rows: 9 }, { rows: 9 }] },
    ]);
    expect(gradients.get('W')).toMatchObject({ kind: 'elementwise', apply: 'multiply' });
  });

  test('stops at carried states and at values that do not depend on a weight', () => {
    const ops = new Builder();
    const h = ops.loadState('h', 2, 3);
    const next = ops.tanh(ops.linear(h, ops.parameter('W', 3, 3)));
    ops.storeState('h', next);
    ops.crossEntropy(next, ops.input('targets', 2), 1);
    const program = differentiate(ops.program(new Map()));
    expect([...program.gradients.keys()]).toEqual(['W']);
    expect(program.values.filter((value) => value.kind === 'matmul')).toHaveLength(2); // h·W and hᵀ·dz, but not the gradient of h
  });
});

describe('a watched gradient', () => {
  /**
   * The loss 0.3·CE(tanh(a)·W). Requests the gradients with respect to a, which is not a weight,
   * and to tanh(a).
   */
  function program(seeded: boolean): { plain: Program; watching: Program } {
    const ops = new Builder();
    const a = ops.loadState('a', 3, 2);
    const y = ops.tanh(a);
    ops.crossEntropy(ops.linear(y, ops.parameter('W', 2, 4)), ops.input('targets', 3), 0.3);
    ops.storeState('a', y);
    const plain = ops.program(new Map());
    const unread = ops.sigmoid(a);
    const seeds: ReadonlyMap<Value, Value> = seeded ? new Map([[y, ops.loadState('seed', 3, 2)]]) : new Map();
    return {
      plain,
      watching: differentiate(ops.program(new Map([['unread', unread]])), {
        seeds,
        watched: new Map([
          ['da', a],
          ['dy', y],
          ['none', unread],
        ]),
      }),
    };
  }

  test.each([false, true])(
    'is the gradient of the loss (plus Σ seed∘value if seeded) with respect to values that are not weights (seeded: %s)',
    (seeded) => {
      const random = new Random(3);
      const normal = (count: number): Matrix => Float64Array.from({ length: count }, () => random.normal());
      const [parameters, inputs, a, seed] = [
        new Map([['W', normal(8)]]),
        new Map([['targets', Float64Array.of(0, 3, -1)]]),
        normal(6),
        normal(6),
      ];
      const { plain, watching } = program(seeded);
      const loss = (): number => {
        const state = new Map([['a', a.slice()]]);
        const { lossNats } = evaluateProgram(plain, { parameters, inputs, state });
        return lossNats * 0.3 + (seeded ? state.get('a')!.reduce((sum, y, i) => sum + y * seed[i], 0) : 0);
      };
      const { values } = evaluateProgram(watching, {
        parameters,
        inputs,
        state: new Map([
          ['a', a.slice()],
          ['seed', seed],
        ]),
      });
      const output = (name: string): Matrix => values.get(watching.outputs.get(name)!)!;
      for (const i of a.keys()) {
        const before = a[i];
        a[i] = before + STEP;
        const above = loss();
        a[i] = before - STEP;
        const difference = (above - loss()) / (2 * STEP);
        a[i] = before;
        expect(Math.abs(output('da')[i] - difference)).toBeLessThan(TOLERANCE);
        expect(output('dy')[i] * (1 - Math.tanh(before) ** 2)).toBeCloseTo(output('da')[i], 12);
      }
      expect([...output('none')]).toEqual(Array(6).fill(0));
      expect(watching.gradients.size).toBe(0);
    },
  );
});
