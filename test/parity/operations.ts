// Single operations at awkward sizes.
import { elementwiseCheck, lossCheck, productCheck, tableCheck } from '../../src/diagnosis/checks.ts';
import type { ParityCheck } from '../../src/diagnosis/pair.ts';
import { uniformBetween, cyclingThrough, probe } from '../../src/diagnosis/probe.ts';
import { matrixChecks } from './matrices.ts';

const chains = [
  probe({
    name: 'chains whose middle is read later',
    values(ops, matrix) {
      const gates = ops.add(
        ops.matmul(matrix(7, 5), matrix(5, 52)),
        ops.matmul(matrix(7, 3), matrix(3, 52), { bias: matrix(1, 52) }),
      );
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
        matrix(3, 67, uniformBetween(-100, 100)),
        matrix(
          3,
          20,
          cyclingThrough(
            -1e30,
            1e30,
            -1e4,
            1e4,
            -100,
            100,
            -89,
            89,
            -88,
            88,
            -50,
            50,
            -20,
            20,
            -9,
            9,
            -0.001,
            0.001,
            0,
            -0,
          ),
        ),
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
        const x = matrix(rows, columns, uniformBetween(-0.5, 1));
        return [
          [`of ${rows}×${columns}`, ops.columnSums(x)],
          [`of ${rows}×${columns}, made`, ops.columnSums(ops.multiply(x, x))],
        ];
      }),
    ),
});

const rowSums = probe({
  name: 'row sums of up to 1031 columns',
  tolerance: 5e-6,
  values: (ops, matrix) =>
    Object.fromEntries(
      (
        [
          [1, 2],
          [7, 13],
          [67, 257],
          [3, 1031],
          [71, 33],
        ] as const
      ).flatMap(([rows, columns]) => {
        const x = matrix(rows, columns, uniformBetween(-0.5, 1));
        const product = ops.multiply(x, x);
        const mean = ops.scale(ops.rowSums(product), 1 / columns);
        return [
          [`of ${rows}×${columns}`, ops.rowSums(x)],
          [`of ${rows}×${columns}, made and read again`, ops.subtract(product, mean)],
          [`of ${rows}×${columns}, with products`, ops.add(ops.matmul(x, matrix(columns, 5)), mean)],
          [`of a part of ${rows}×${columns}`, ops.rowSums(ops.columns(product, 1, columns - 1))],
        ];
      }),
    ),
});

export const operationChecks: readonly ParityCheck[] = [
  productCheck(1, 1, 1),
  productCheck(1, 7, 13),
  productCheck(7, 13, 33),
  productCheck(33, 1, 7),
  productCheck(13, 67, 1),
  productCheck(67, 33, 71),
  productCheck(5, 300, 9),
  ...matrixChecks,
  elementwiseCheck(1, 1),
  elementwiseCheck(7, 13),
  elementwiseCheck(33, 1),
  elementwiseCheck(3, 67),
  ...chains,
  tableCheck(1, 1, 1),
  tableCheck(33, 7, 5),
  tableCheck(13, 1, 67),
  tableCheck(13, 67, 13),
  tableCheck(5, 13, 1),
  columnSums,
  rowSums,
  ...[undefined, -1].flatMap((target) => [
    lossCheck(1, 1, 1, target),
    lossCheck(1, 2, 1, target),
    lossCheck(13, 67, 1, target),
    lossCheck(33, 7, 100, target),
    lossCheck(7, 71, 100, target),
    lossCheck(3, 300, 3, target),
  ]),
];
