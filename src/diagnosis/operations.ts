// Checks of single operations.
import type { ElementwiseFunction, Value } from '../program/value.ts';
import { matrixChecks } from './matrices.ts';
import type { ParityCheck } from './pair.ts';
import { type Fill, between, listed, probe } from './probe.ts';

const binary: readonly ElementwiseFunction[] = ['add', 'subtract', 'multiply', 'divide', 'sigmoidGradient', 'tanhGradient', 'reluGradient'];
const unary: readonly (readonly [ElementwiseFunction, number])[] = [
  ['scale', -1.75],
  ['offset', 0.375],
  ['sigmoid', 0],
  ['tanh', 0],
  ['relu', 0],
  ['clip', 0.5],
  ['flush', 0.5],
];
/** Away from 0, for quotients. */
const large: Fill = (_, random) => (0.5 + random.uniform()) * (random.uniform() < 0.5 ? -1 : 1);

const elementwise = (
  [
    [1, 1],
    [7, 13],
    [33, 1],
    [3, 67],
  ] as const
).map(([rows, columns]) =>
  probe({
    name: `elementwise functions ${rows}×${columns}`,
    steps: rows,
    values(ops, matrix) {
      const operands = {
        matrix: matrix(rows, columns, large),
        other: matrix(rows, columns, large),
        row: matrix(1, columns, large),
        element: matrix(1, 1, large),
      };
      const results: Record<string, Value> = {};
      for (const apply of binary) {
        for (const [x, y] of [
          ['matrix', 'other'],
          ['matrix', 'row'],
          ['row', 'matrix'],
          ['matrix', 'element'],
          ['element', 'matrix'],
          ['row', 'element'],
          ['matrix', 'matrix'],
        ] as const) {
          results[`${apply} ${x} ${y}`] = ops.elementwise(apply, [operands[x], operands[y]]);
        }
      }
      // Exactly at the edge of `clip`, `flush` and `relu` too.
      const edges = matrix(rows, columns, (index, random) => [0.5, -0.5, 0, 0.25, -3][index] ?? 4 * random.uniform() - 2);
      for (const [apply, constant] of unary) results[apply] = ops.elementwise(apply, [edges], constant);
      results['sqrt'] = ops.sqrt(
        matrix(rows, columns, (index, random) => [0, 1, 1e-12, 1e12][index + (columns > 13 ? 0 : 4)] ?? 9 * random.uniform()),
      );
      return results;
    },
  }),
);

const chains = [
  probe({
    name: 'chains whose middle is read later',
    values(ops, matrix) {
      const gates = ops.add(ops.matmul(matrix(7, 5), matrix(5, 52)), ops.matmul(matrix(7, 3), matrix(3, 52), { bias: matrix(1, 52) }));
      const [i, f, g, o] = [0, 1, 2, 3].map((gate) =>
        ops.elementwise(gate === 2 ? 'tanh' : 'sigmoid', [ops.columns(gates, 13 * gate, 13)]),
      );
      const cell = ops.add(ops.multiply(f, matrix(7, 13)), ops.multiply(i, g));
      const h = ops.multiply(o, ops.tanh(cell));
      return {
        h,
        cell,
        forget: ops.matmul(f, matrix(13, 3)),
        'of another shape': ops.add(h, ops.columnSums(cell)),
        squares: ops.multiply(ops.subtract(h, i), ops.subtract(h, i)),
      };
    },
  }),
  probe({
    name: 'large arguments of sigmoid and tanh',
    values(ops, matrix) {
      const values = [
        matrix(3, 67, between(-100, 100)),
        matrix(3, 20, listed(-1e30, 1e30, -1e4, 1e4, -100, 100, -89, 89, -88, 88, -50, 50, -20, 20, -9, 9, -0.001, 0.001, 0, -0)),
      ];
      const results = values.flatMap(
        (x, i) =>
          [
            [`sigmoid ${i}`, ops.sigmoid(x)],
            [`tanh ${i}`, ops.tanh(x)],
          ] as const,
      );
      return Object.fromEntries(results);
    },
  }),
];

const tables = (
  [
    [1, 1, 1],
    [33, 7, 5],
    [13, 1, 67],
    [13, 67, 13],
    [5, 13, 1],
  ] as const
).map(([rows, columns, symbols]) =>
  probe({
    name: `gather and scatter ${rows} rows of ${symbols}×${columns}`,
    steps: rows,
    symbols,
    values(ops, matrix) {
      const ids = ops.input('ids', rows);
      const [table, bias] = [matrix(symbols, columns), matrix(1, columns)];
      return {
        gather: ops.gather(table, ids),
        'gather + bias': ops.gather(table, ids, bias),
        scatter: ops.scatter(matrix(rows, columns), ids, symbols),
        'scatter what is gathered': ops.scatter(ops.tanh(ops.gather(table, ids)), ids, symbols),
        'gather from what is made': ops.gather(ops.tanh(table), ids),
      };
    },
  }),
);

const columnSums = probe({
  name: 'column sums of up to 1031 rows',
  tolerance: 5e-6,
  values: (ops, matrix) =>
    Object.fromEntries(
      (
        [
          [2, 1],
          [13, 7],
          [257, 67],
          [1031, 3],
          [33, 71],
        ] as const
      ).flatMap(([rows, columns]) => {
        const x = matrix(rows, columns, between(-0.5, 1));
        return [
          [`of ${rows}×${columns}`, ops.columnSums(x)],
          [`of ${rows}×${columns}, made`, ops.columnSums(ops.multiply(x, x))],
        ];
      }),
    ),
});

const losses = (
  [
    [1, 1, 1],
    [1, 2, 1],
    [13, 67, 1],
    [33, 7, 100],
    [7, 71, 100],
    [3, 300, 3],
  ] as const
).flatMap(([rows, columns, spread]) =>
  [undefined, -1].map((target) =>
    probe({
      name: `crossEntropy of ${rows} rows of ${columns} logits within ±${spread}${target === undefined ? '' : ', no target'}`,
      symbols: columns,
      target,
      values(ops, matrix) {
        const logits = matrix(rows, columns, between(-spread, spread));
        const gradient = ops.crossEntropy(ops.scale(logits, 1), ops.input('targets', rows), 0.25);
        return { gradient, 'read again': ops.matmul(gradient, matrix(columns, 3)) };
      },
    }),
  ),
);

export const operationChecks: readonly ParityCheck[] = [...matrixChecks, ...elementwise, ...chains, ...tables, columnSums, ...losses];
