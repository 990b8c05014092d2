// Which operations a parallel device computes in one step, and when: small programs, whose steps are
// compared in words.
import { describe, expect, test } from 'vitest';
import { normalise } from '../../src/model/normalise.ts';
import { Builder } from '../../src/program/builder.ts';
import { type Layout, layOutSteps } from '../../src/program/layout.ts';
import { type ParallelStep, scheduleInParallel } from '../../src/program/parallel.ts';
import type { Program, Value } from '../../src/program/value.ts';
import { runUninterrupted } from '../../src/sliced-work.ts';

type Write = (ops: Builder, matrix: (rows: number, columns: number) => Value) => readonly Value[];

function programOf(write: Write): Program {
  const ops = new Builder();
  let count = 0;
  const results = write(ops, (rows, columns) => ops.parameter(`w${count++}`, rows, columns));
  return ops.program(new Map(results.map((value, index) => [`result ${index}`, value])));
}

const layOut = (program: Program): Layout<ParallelStep> =>
  runUninterrupted(layOutSteps(program, (placement) => scheduleInParallel(program, placement)));

/** Each step as `time.turn: operations`. */
function stepsOf(write: Write): string[] {
  return layOut(programOf(write)).steps.map((step) => {
    if (step.kind !== 'fusion') return `${step.time}: ${step.kind}`;
    const names = step.values.map((value) => (value.kind === 'elementwise' ? value.apply : value.kind));
    return `${step.time}.${step.turn}: ${names.join(' ')}`;
  });
}

describe('one step computes', () => {
  test('a matrix product and the operations on it', () => {
    expect(stepsOf((ops, matrix) => [ops.tanh(ops.scale(ops.matmul(matrix(4, 3), matrix(3, 6)), 2))])).toEqual([
      '1.0: matmul scale tanh',
    ]);
  });

  test('a mean, its difference from each element, and the square root of the mean square', () => {
    expect(stepsOf((ops, matrix) => [normalise(ops, matrix(4, 6), matrix(1, 6))])).toEqual([
      '1.0: subtract',
      '1.1: divide multiply',
    ]);
  });
});

describe('the threads of a row compute in turn', () => {
  test('rows, operations that need their sums, and operations on columns of these', () => {
    expect(
      stepsOf((ops, matrix) => {
        const x = ops.tanh(matrix(4, 6));
        const y = ops.subtract(x, ops.rowSums(x));
        return [ops.sigmoid(ops.columns(y, 2, 3)), ops.multiply(y, ops.rowSums(y))];
      }),
    ).toEqual(['1.0: tanh', '1.1: subtract', '1.2: sigmoid', '1.2: multiply']);
  });

  test('sums of rows that are read as a matrix', () => {
    expect(
      stepsOf((ops, matrix) => {
        const x = ops.tanh(matrix(4, 6));
        return [ops.scale(ops.rowSums(x), 2)];
      }),
    ).toEqual(['1.0: tanh', '1.1: rowSums scale']);
  });

  test('independent rows apart, until an operation reads both', () => {
    const write =
      (isTogether: boolean): Write =>
      (ops, matrix) => {
        const [x, y] = [matrix(4, 6), matrix(4, 6)].map((each) => normalise(ops, each, matrix(1, 6)));
        return isTogether ? [ops.add(x, y)] : [x, y];
      };
    const groups = (isTogether: boolean): number => {
      const { steps } = layOut(programOf(write(isTogether)));
      return new Set(steps.map((step) => step.kind === 'fusion' && step.together)).size;
    };
    expect([groups(false), groups(true)]).toEqual([2, 1]);
    expect(stepsOf(write(true))).toEqual(['1.0: subtract subtract', '1.1: divide multiply divide multiply add']);
  });
});

describe('a later time have', () => {
  test('products of rows, and sums of the rows of a product', () => {
    expect(
      stepsOf((ops, matrix) => {
        const x = ops.matmul(matrix(4, 3), matrix(3, 6));
        const y = ops.subtract(x, ops.rowSums(x));
        return [ops.tanh(ops.matmul(y, matrix(6, 6)))];
      }),
    ).toEqual(['1.0: matmul', '2.0: subtract', '3.0: matmul tanh']);
  });

  test('sums of columns of a join whose other columns are made later', () => {
    expect(
      stepsOf((ops, matrix) => {
        const x = ops.tanh(matrix(4, 2));
        const product = ops.matmul(x, matrix(2, 3));
        const y = ops.subtract(product, ops.rowSums(product));
        const both = ops.join([
          { value: x, row: 0, column: 0 },
          { value: y, row: 0, column: 2 },
        ]);
        const left = ops.columns(both, 0, 2);
        return [ops.relu(both), ops.subtract(left, ops.rowSums(left))];
      }),
    ).toEqual(['1.0: tanh', '2.0: matmul', '2.0: subtract', '3.0: subtract', '3.1: relu']);
  });

  test.each<[string, (ops: Builder, x: Value) => Value]>([
    ['a repeated row of other rows', (ops, x) => ops.multiply(x, ops.rows(x, 1, 1))],
    ['a repeated row of another step', (ops, x) => ops.multiply(x, ops.tanh(ops.parameter('row', 1, 6)))],
    ['a repeated sum of other rows', (ops, x) => ops.multiply(x, ops.columnSums(x))],
    ['rows in another order', (ops, x) => ops.multiply(x, ops.concatenate([ops.rows(x, 2, 2), ops.rows(x, 0, 2)]))],
  ])('operations that read %s', (_, write) => {
    const steps = stepsOf((ops, matrix) => {
      const x = ops.tanh(matrix(4, 6));
      return [write(ops, ops.subtract(x, ops.rowSums(x)))];
    });
    expect(steps).toEqual(expect.arrayContaining(['1.0: tanh', '1.1: subtract']));
    expect(steps.at(-1)).toMatch(/^[23]\.0: multiply$/);
  });
});

test.each<[string, (ops: Builder, x: Value) => Value]>([
  ['rows that its step sums', (ops, x) => ops.rowSums(x)],
  ['a table whose rows its step reads', (ops, x) => ops.gather(x, ops.input('ids', 4))],
])('a result does not overwrite %s', (_, write) => {
  const program = programOf((ops, matrix) => {
    const x = ops.tanh(matrix(4, 6));
    return [ops.subtract(x, write(ops, x))];
  });
  const layout = layOut(program);
  const [result] = program.outputs.values();
  expect(layout.locationOf(result).buffer).not.toBe(layout.locationOf(result.inputs[0]).buffer);
});
