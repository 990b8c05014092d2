import { describe, expect, test } from 'vitest';
import { Builder } from '../../src/program/builder.ts';

describe('a wrong shape is an error at the line with the mistake', () => {
  const ops = new Builder();
  const a = ops.parameter('a', 2, 3);
  const b = ops.parameter('b', 4, 5);
  const row = ops.parameter('row', 1, 5);
  const ids = ops.input('ids', 2);

  test.each<[mistake: string, build: () => unknown, message: string]>([
    [
      'a product of unequal inner dimensions',
      () => ops.matmul(a, b),
      'matmul: shapes do not fit: parameter 2×3, parameter 4×5',
    ],
    ['a transposed product', () => ops.matmul(a, b, { transposeA: true, transposeB: true }), 'matmul'],
    ['a bias of another width', () => ops.matmul(b, ops.parameter('c', 5, 3), { bias: row }), 'matmul bias'],
    ['a running sum of another shape', () => ops.matmul(a, ops.parameter('d', 3, 4), { plus: b }), 'matmul plus'],
    ['a sum of unequal matrices', () => ops.add(a, b), 'add'],
    ['matrices of unequal heights', () => ops.add(a, ops.parameter('tall', 3, 3)), 'add'],
    ['a column of another height', () => ops.multiply(a, ops.input('column', 3, 1)), 'multiply'],
    ['a row of another width', () => ops.add(a, row), 'add'],
    ['rows past the end', () => ops.rows(a, 1, 2), 'rows 1+2'],
    ['columns before the start', () => ops.columns(a, -1, 2), 'columns -1+2'],
    [
      'pieces that leave a hole',
      () =>
        ops.join([
          { value: a, row: 0, column: 0 },
          { value: a, row: 3, column: 0 },
        ]),
      'join of pieces that do not tile',
    ],
    [
      'one piece that leaves a hole before it',
      () => ops.join([{ value: a, row: 0, column: 2 }]),
      'join of pieces that do not tile',
    ],
    [
      'rows that overlap and leave out the same number of rows',
      () =>
        ops.join([
          { value: a, row: 3, column: 0 },
          { value: a, row: 0, column: 0 },
          { value: ops.rows(a, 0, 1), row: 1, column: 0 },
        ]),
      'join of pieces that do not tile',
    ],
    [
      'columns that overlap and leave out the same number of columns',
      () =>
        ops.join([
          { value: a, row: 0, column: 4 },
          { value: a, row: 0, column: 0 },
          { value: ops.columns(a, 0, 1), row: 0, column: 2 },
        ]),
      'join of pieces that do not tile',
    ],
    [
      'blocks that overlap and leave out the same area',
      () =>
        ops.join(
          [
            [0, 0],
            [0, 2],
            [1, 1],
            [2, 2],
          ].map(([row, column]) => ({ value: ops.parameter('block', 2, 2), row, column })),
        ),
      'join of pieces that do not tile',
    ],
    [
      'a piece that starts above the matrix',
      () =>
        ops.join([
          { value: a, row: -1, column: 0 },
          { value: ops.rows(a, 0, 1), row: 2, column: 0 },
        ]),
      'join of pieces that do not tile',
    ],
    ['rows scattered by other ids', () => ops.scatter(b, ids, 9), 'scatter'],
    ['targets of other rows', () => ops.crossEntropy(b, ids, 1), 'crossEntropy'],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});

describe('a builder', () => {
  test('broadcasts a row, a column and a single element to the shape of the other operand', () => {
    const ops = new Builder();
    const a = ops.parameter('a', 2, 3);
    expect(ops.add(ops.parameter('row', 1, 3), a)).toMatchObject({ rows: 2, columns: 3 });
    expect(ops.add(a, ops.rowSums(a))).toMatchObject({ rows: 2, columns: 3 });
    expect(ops.add(ops.parameter('row', 1, 3), ops.rowSums(a))).toMatchObject({ rows: 2, columns: 3 });
    expect(ops.multiply(a, ops.input('k', 1))).toMatchObject({ rows: 2, columns: 3 });
  });

  test('returns the known value for the same operation, and a new value if a constant or a place differs', () => {
    const ops = new Builder();
    const a = ops.parameter('a', 4, 4);
    expect(ops.rows(a, 1, 2)).toBe(ops.rows(a, 1, 2));
    expect(ops.scale(a, 2)).toBe(ops.scale(a, 2));
    expect(ops.scale(a, 2)).not.toBe(ops.scale(a, 3));
    expect(ops.concatenate([ops.rows(a, 0, 1), ops.rows(a, 1, 1)])).not.toBe(
      ops.concatenate([ops.rows(a, 1, 1), ops.rows(a, 0, 1)]),
    );
  });

  test('does not append a view of a whole value, a join of one piece, or a sum of one row or column', () => {
    const ops = new Builder();
    const a = ops.parameter('a', 1, 4);
    const ids = ops.input('ids', 4);
    expect([ops.rows(a, 0, 1), ops.columns(a, 0, 4), ops.concatenate([a]), ops.columnSums(a)]).toEqual([a, a, a, a]);
    expect(ops.rowSums(ids)).toBe(ids);
  });

  test('joins pieces in any order, even if they are cut in both directions', () => {
    const ops = new Builder();
    const [a, b, wide] = [ops.parameter('a', 2, 3), ops.parameter('b', 2, 2), ops.parameter('wide', 1, 5)];
    expect(
      ops.join([
        { value: wide, row: 2, column: 0 },
        { value: b, row: 0, column: 3 },
        { value: a, row: 0, column: 0 },
      ]),
    ).toMatchObject({ rows: 3, columns: 5 });
    expect(
      ops.join([
        { value: b, row: 0, column: 3 },
        { value: a, row: 0, column: 0 },
      ]),
    ).toMatchObject({ rows: 2, columns: 5 });
    expect(
      ops.join([
        { value: b, row: 2, column: 0 },
        { value: b, row: 4, column: 0 },
        { value: b, row: 0, column: 0 },
      ]),
    ).toMatchObject({ rows: 6, columns: 2 });
  });

  test('removes values from a program that no output, gradient, loss or next call needs', () => {
    const ops = new Builder();
    const a = ops.parameter('a', 2, 2);
    const out = ops.tanh(a);
    const kept = ops.sigmoid(a);
    ops.storeState('h', kept);
    ops.relu(a);
    const loss = ops.crossEntropy(a, ops.input('targets', 2), 1);
    const gradient = ops.scale(loss, 3);
    const program = ops.program(new Map([['out', out]]), new Map([['a', gradient]]));
    expect(program.values.map(({ kind, ...rest }) => ('apply' in rest ? rest.apply : kind))).toEqual([
      'parameter',
      'tanh',
      'sigmoid',
      'storeState',
      'input',
      'crossEntropy',
      'scale',
    ]);
  });
});
