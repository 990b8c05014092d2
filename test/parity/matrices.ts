// Views, joins and zeros.
import type { Builder } from '../../src/program/builder.ts';
import type { Value } from '../../src/program/value.ts';
import type { ParityCheck } from '../../src/diagnosis/pair.ts';
import { uniformBetween, probe } from '../../src/diagnosis/probe.ts';

const views = [
  probe({
    name: 'views as operands',
    values(ops, matrix) {
      const x = matrix(13, 33);
      const y = ops.tanh(x);
      const both = (value: Value): Value => ops.part(value, { row: 3, column: 5 }, 7, 17);
      return {
        'rows · weight': ops.matmul(ops.rows(y, 3, 7), matrix(33, 5)),
        'columns · weight': ops.matmul(ops.columns(y, 5, 17), matrix(17, 5)),
        'part · weight': ops.matmul(both(y), matrix(17, 71)),
        'part of a weight · weight': ops.matmul(both(x), matrix(17, 3)),
        'matrix · part': ops.matmul(matrix(7, 7), both(y)),
        'matrix · part of a weight': ops.matmul(matrix(7, 7), both(x)),
        'matrix · partᵀ': ops.matmul(matrix(7, 17), both(y), { transposeB: true }),
        'partᵀ · part': ops.matmul(both(y), ops.part(y, { row: 1, column: 2 }, 7, 11), { transposeA: true }),
        'product with parts for bias and sum': ops.matmul(matrix(7, 2), matrix(2, 17), {
          bias: ops.part(y, { row: 12, column: 16 }, 1, 17),
          plus: both(y),
        }),
        'sum of columns': ops.add(ops.columns(y, 0, 11), ops.columns(y, 22, 11)),
        'part by a row of another': ops.multiply(both(y), ops.part(x, { row: 9, column: 1 }, 1, 17)),
        'part and one element': ops.add(both(y), ops.part(y, { row: 9, column: 1 }, 1, 1)),
        'column sums of a part': ops.columnSums(both(y)),
        'view of a view': ops.tanh(ops.columns(ops.rows(both(y), 2, 3), 4, 9)),
        'scattered part': ops.scatter(ops.columns(y, 3, 7), ops.input('ids', 13), 7),
      };
    },
    steps: 13,
    symbols: 7,
  }),
  probe({
    name: 'views as results',
    values: (ops, matrix) => {
      const [x, w] = [ops.tanh(matrix(13, 33)), matrix(13, 33)];
      return {
        whole: ops.scale(x, 2),
        columns: ops.columns(x, 5, 17),
        rows: ops.rows(x, 3, 7),
        part: ops.part(x, { row: 3, column: 5 }, 7, 17),
        'part of a weight': ops.part(w, { row: 3, column: 5 }, 7, 17),
      };
    },
  }),
];

/** Matrices side by side. */
function sideBySide(ops: Builder, ...values: readonly Value[]): Value {
  let end = 0;
  const columns = values.map((value) => (end += value.columns) - value.columns);
  return ops.join(values.map((value, i) => ({ value, row: 0, column: columns[i] })));
}

const joins = [
  probe({
    name: 'joins by rows, by columns and in blocks',
    values(ops, matrix) {
      const x = matrix(7, 13);
      const made = (rows: number, columns: number): Value => ops.tanh(matrix(rows, columns));
      const shared = made(7, 13);
      const [row, column] = [made(1, 13), made(7, 1)];
      return {
        'side by side': sideBySide(ops, made(7, 3), made(7, 1), made(7, 33)),
        'on top of each other': ops.concatenate([made(3, 13), made(1, 13), made(67, 13)]),
        blocks: ops.join([
          { value: made(3, 5), row: 0, column: 0 },
          { value: made(3, 8), row: 0, column: 5 },
          { value: made(4, 2), row: 3, column: 0 },
          { value: made(4, 11), row: 3, column: 2 },
        ]),
        'a weight next to a result': sideBySide(ops, x, shared),
        'one piece twice': ops.concatenate([shared, shared]),
        'in two joins': sideBySide(ops, shared, made(7, 7)),
        'with zeros': sideBySide(ops, ops.zeros(7, 5), made(7, 2)),
        'the parts of a join': ops.scale(shared, 2),
        'a join and one of its rows': ops.multiply(ops.concatenate([row, made(6, 13)]), row),
        'a join and one of its columns': ops.multiply(sideBySide(ops, column, made(7, 12)), column),
      };
    },
  }),
  probe({
    name: 'joins of views and of joins',
    values(ops, matrix) {
      const x = ops.tanh(matrix(13, 33));
      const steps = [0, 1, 2].map((step) => ops.sigmoid(matrix(5, 7, uniformBetween(step, step + 1))));
      const sequence = ops.concatenate(steps);
      const inner = sideBySide(ops, ops.columns(x, 20, 13), ops.tanh(matrix(13, 2)));
      return {
        views: sideBySide(ops, ops.columns(x, 20, 13), ops.columns(x, 0, 5)),
        'views in blocks': ops.concatenate([
          ops.part(x, { row: 1, column: 1 }, 6, 7),
          ops.part(x, { row: 3, column: 20 }, 7, 7),
        ]),
        nested: sideBySide(ops, inner, ops.columns(x, 1, 1)),
        'a stack and its steps': ops.matmul(sequence, matrix(7, 11)),
        'a step before and after': ops.add(ops.rows(sequence, 0, 5), ops.rows(sequence, 10, 5)),
        'stacks of shifted steps': ops.add(
          ops.concatenate([ops.zeros(5, 7), steps[0], steps[1]]),
          ops.concatenate([steps[0], steps[1], steps[2]]),
        ),
        'columns of a join, joined': sideBySide(ops, ops.columns(inner, 9, 6), ops.columns(inner, 0, 9)),
      };
    },
  }),
  probe({
    name: 'zeros',
    values: (ops, matrix) => ({
      zeros: ops.zeros(7, 13),
      'added to': ops.add(ops.zeros(7, 13), matrix(7, 13)),
      'product with zeros': ops.matmul(ops.zeros(7, 5), matrix(5, 33), { bias: matrix(1, 33) }),
      'of another height': ops.zeros(33, 2),
      'one element': ops.sigmoid(ops.zeros(1, 1)),
    }),
  }),
];

export const matrixChecks: readonly ParityCheck[] = [...views, ...joins];
