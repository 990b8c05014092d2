// Checks of single operations, by small programs at awkward sizes. Values go out in two ways: those of as many rows as the job
// has steps are outputs, others the gradients of weights that nothing reads. The batch is one row, which no device splits.
import { Builder } from '../program/builder.ts';
import { type ElementwiseFunction, type ParameterShape, type Value, countParameters } from '../program/value.ts';
import { Random } from '../random.ts';
import type { Call, Workload } from '../devices/device.ts';
import { Pair, type ParityCheck } from './pair.ts';

type Fill = (index: number, random: Random) => number;

const between = (low: number, high: number): Fill => (_, random) => low + (high - low) * random.uniform();
const listed = (...values: readonly number[]): Fill => (index) => values[index % values.length];

/** What a probe writes its program with: operations, and weights as the matrices that go in. */
class Sketch {
  readonly ops = new Builder();
  readonly shapes: ParameterShape[] = [];
  readonly fills: Fill[] = [];

  matrix(rows: number, columns: number, fill: Fill = between(-1, 1)): Value {
    const name = `in${this.shapes.length}`;
    this.shapes.push({ name, rows, columns });
    this.fills.push(fill);
    return this.ops.parameter(name, rows, columns);
  }
}

interface Probe {
  readonly name: string;
  readonly quick?: boolean;
  readonly tolerance?: number;
  /** T; as many rows as the first value has, unless given. */
  readonly steps?: number;
  /** How many ids there are, and symbols for targets. */
  readonly symbols?: number;
  /** Targets, instead of random ones. */
  readonly target?: number;
  values(ops: Builder, matrix: Sketch['matrix']): Readonly<Record<string, Value>>;
}

function probe({ name, quick = false, tolerance = 2e-6, steps: givenSteps, symbols = 1, target, values }: Probe): ParityCheck {
  return {
    name,
    quick,
    run(device) {
      const sketch = new Sketch();
      const results = Object.entries(values(sketch.ops, (...shape) => sketch.matrix(...shape)));
      const steps = givenSteps ?? results[0][1].rows;
      const outputs = results.filter(([, value]) => value.rows === steps);
      const gradients = results.filter(([, value]) => value.rows !== steps);
      const program = sketch.ops.program(new Map(outputs), new Map(gradients));
      const parameters = [...sketch.shapes, ...gradients.map(([result, { rows, columns }]) => ({ name: result, rows, columns }))];
      const workload: Workload = { parameters, jobs: [{ name: 'probe', steps, batch: 1, build: () => program }], update: null };

      const random = new Random(7);
      const vector = new Float32Array(countParameters(parameters));
      let offset = 0;
      for (const [i, { rows, columns }] of sketch.shapes.entries()) {
        for (let k = 0; k < rows * columns; k++) vector[offset++] = sketch.fills[i](k, random);
      }
      const below = (limit: number): number => random.uint32() % limit;
      const calls: Call[] = [0, 1].map(() => ({
        ids: Int32Array.from({ length: steps }, () => below(symbols)),
        targets: Int32Array.from({ length: steps }, (_, row) => target ?? (row % 5 === 2 ? -1 : below(symbols))),
      }));
      return Pair.compare(device, workload, async (pair) => {
        await pair.write({ kind: 'parameters' }, vector);
        for (const call of calls) {
          await pair.run('probe', [call], { loss: 1e-5, norm: 1e-5, outputs: tolerance });
          if (gradients.length > 0) await pair.tensors('value', 'gradients', tolerance);
        }
      });
    },
  };
}

const products = ([[1, 1, 1], [1, 7, 13], [7, 13, 33], [33, 1, 7], [13, 67, 1], [67, 33, 71], [5, 300, 9]] as const).map(([m, k, n]) => probe({
  name: `products ${m}×${k} by ${k}×${n}`,
  quick: m === 7,
  values(ops, matrix) {
    const [a, aT, b, bT] = [matrix(m, k), matrix(k, m), matrix(k, n), matrix(n, k)];
    const [bias, plus] = [matrix(1, n), matrix(m, n)];
    const [madeA, madeAT, madeB, madeBT, sum] = [a, aT, b, bT, plus].map((value) => ops.scale(value, 1.5));
    return {
      'a·b': ops.matmul(a, b),
      'a·b + bias': ops.matmul(a, b, { bias }),
      'a·b + plus': ops.matmul(a, b, { plus }),
      'a·b + bias + plus': ops.matmul(madeA, b, { bias, plus: sum }),
      'a·bᵀ': ops.matmul(a, bT, { transposeB: true }),
      'a·bᵀ + plus': ops.matmul(madeA, bT, { transposeB: true, plus: sum }),
      'aᵀ·b': ops.matmul(aT, b, { transposeA: true }),
      'aᵀ·b + plus': ops.matmul(madeAT, madeB, { transposeA: true, plus }),
      'a·b, both made': ops.matmul(madeA, madeB),
      'a·bᵀ + bias, both made': ops.matmul(madeA, madeBT, { transposeB: true, bias }),
      'the running sum after its use': ops.scale(sum, 2),
    };
  },
}));

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
        'product with parts for bias and sum': ops.matmul(matrix(7, 2), matrix(2, 17), { bias: ops.part(y, { row: 12, column: 16 }, 1, 17), plus: both(y) }),
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
      return { whole: ops.scale(x, 2), columns: ops.columns(x, 5, 17), rows: ops.rows(x, 3, 7), part: ops.part(x, { row: 3, column: 5 }, 7, 17), 'part of a weight': ops.part(w, { row: 3, column: 5 }, 7, 17) };
    },
  }),
];

const joins = [
  probe({
    name: 'joins by rows, by columns and in blocks',
    values(ops, matrix) {
      const x = matrix(7, 13);
      const made = (rows: number, columns: number): Value => ops.tanh(matrix(rows, columns));
      const shared = made(7, 13);
      return {
        'side by side': ops.join([{ value: made(7, 3), row: 0, column: 0 }, { value: made(7, 1), row: 0, column: 3 }, { value: made(7, 33), row: 0, column: 4 }]),
        'on top of each other': ops.stack([made(3, 13), made(1, 13), made(67, 13)]),
        blocks: ops.join([{ value: made(3, 5), row: 0, column: 0 }, { value: made(3, 8), row: 0, column: 5 }, { value: made(4, 2), row: 3, column: 0 }, { value: made(4, 11), row: 3, column: 2 }]),
        'a weight beside what is made': ops.join([{ value: x, row: 0, column: 0 }, { value: shared, row: 0, column: 13 }]),
        'one piece twice': ops.stack([shared, shared]),
        'in two joins': ops.join([{ value: shared, row: 0, column: 0 }, { value: made(7, 7), row: 0, column: 13 }]),
        'with zeros': ops.join([{ value: ops.zeros(7, 5), row: 0, column: 0 }, { value: made(7, 2), row: 0, column: 5 }]),
        'what a join is made of': ops.scale(shared, 2),
      };
    },
  }),
  probe({
    name: 'joins of views and of joins',
    values(ops, matrix) {
      const x = ops.tanh(matrix(13, 33));
      const steps = [0, 1, 2].map((step) => ops.sigmoid(matrix(5, 7, between(step, step + 1))));
      const sequence = ops.stack(steps);
      const inner = ops.join([{ value: ops.columns(x, 20, 13), row: 0, column: 0 }, { value: ops.tanh(matrix(13, 2)), row: 0, column: 13 }]);
      return {
        views: ops.join([{ value: ops.columns(x, 20, 13), row: 0, column: 0 }, { value: ops.columns(x, 0, 5), row: 0, column: 13 }]),
        'views in blocks': ops.stack([ops.part(x, { row: 1, column: 1 }, 6, 7), ops.part(x, { row: 3, column: 20 }, 7, 7)]),
        nested: ops.join([{ value: inner, row: 0, column: 0 }, { value: ops.columns(x, 1, 1), row: 0, column: 15 }]),
        'a stack and its steps': ops.matmul(sequence, matrix(7, 11)),
        'a step before and after': ops.add(ops.rows(sequence, 0, 5), ops.rows(sequence, 10, 5)),
        'stacks of shifted steps': ops.add(ops.stack([ops.zeros(5, 7), steps[0], steps[1]]), ops.stack([steps[0], steps[1], steps[2]])),
        'columns of a join, joined': ops.join([{ value: ops.columns(inner, 9, 6), row: 0, column: 0 }, { value: ops.columns(inner, 0, 9), row: 0, column: 6 }]),
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

const binary: readonly ElementwiseFunction[] = ['add', 'subtract', 'multiply', 'divide', 'sigmoidGradient', 'tanhGradient', 'reluGradient'];
const unary: readonly (readonly [ElementwiseFunction, number])[] = [['scale', -1.75], ['offset', 0.375], ['sigmoid', 0], ['tanh', 0], ['relu', 0], ['clip', 0.5], ['flush', 0.5]];
/** Away from 0, for quotients. */
const large: Fill = (_, random) => (0.5 + random.uniform()) * (random.uniform() < 0.5 ? -1 : 1);

const elementwise = ([[1, 1], [7, 13], [33, 1], [3, 67]] as const).map(([rows, columns]) => probe({
  name: `elementwise functions ${rows}×${columns}`,
  steps: rows,
  values(ops, matrix) {
    const operands = { matrix: matrix(rows, columns, large), other: matrix(rows, columns, large), row: matrix(1, columns, large), element: matrix(1, 1, large) };
    const results: Record<string, Value> = {};
    for (const apply of binary) {
      for (const [x, y] of [['matrix', 'other'], ['matrix', 'row'], ['row', 'matrix'], ['matrix', 'element'], ['element', 'matrix'], ['row', 'element'], ['matrix', 'matrix']] as const) {
        results[`${apply} ${x} ${y}`] = ops.elementwise(apply, [operands[x], operands[y]]);
      }
    }
    // Exactly at the edge of `clip`, `flush` and `relu` too.
    const edges = matrix(rows, columns, (index, random) => [0.5, -0.5, 0, 0.25, -3][index] ?? 4 * random.uniform() - 2);
    for (const [apply, constant] of unary) results[apply] = ops.elementwise(apply, [edges], constant);
    results['sqrt'] = ops.sqrt(matrix(rows, columns, (index, random) => [0, 1, 1e-12, 1e12][index + (columns > 13 ? 0 : 4)] ?? 9 * random.uniform()));
    return results;
  },
}));

const chains = [
  probe({
    name: 'chains whose middle is read later',
    values(ops, matrix) {
      const gates = ops.add(ops.matmul(matrix(7, 5), matrix(5, 52)), ops.matmul(matrix(7, 3), matrix(3, 52), { bias: matrix(1, 52) }));
      const [i, f, g, o] = [0, 1, 2, 3].map((gate) => ops.elementwise(gate === 2 ? 'tanh' : 'sigmoid', [ops.columns(gates, 13 * gate, 13)]));
      const cell = ops.add(ops.multiply(f, matrix(7, 13)), ops.multiply(i, g));
      const h = ops.multiply(o, ops.tanh(cell));
      return { h, cell, forget: ops.matmul(f, matrix(13, 3)), 'of another shape': ops.add(h, ops.columnSums(cell)), squares: ops.multiply(ops.subtract(h, i), ops.subtract(h, i)) };
    },
  }),
  probe({
    name: 'large arguments of sigmoid and tanh',
    values(ops, matrix) {
      const values = [matrix(3, 67, between(-100, 100)), matrix(3, 16, listed(-100, 100, -89, 89, -88, 88, -50, 50, -20, 20, -9, 9, -0.001, 0.001, 0, -0))];
      const results = values.flatMap((x, i) => [[`sigmoid ${i}`, ops.sigmoid(x)], [`tanh ${i}`, ops.tanh(x)]] as const);
      return Object.fromEntries(results);
    },
  }),
];

const tables = ([[1, 1, 1], [33, 7, 5], [13, 1, 67], [13, 67, 13], [5, 13, 1]] as const).map(([rows, columns, symbols]) => probe({
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
}));

const columnSums = probe({
  name: 'column sums of up to 1031 rows',
  tolerance: 5e-6,
  values: (ops, matrix) => Object.fromEntries(([[2, 1], [13, 7], [257, 67], [1031, 3], [33, 71]] as const).flatMap(([rows, columns]) => {
    const x = matrix(rows, columns, between(-0.5, 1));
    return [[`of ${rows}×${columns}`, ops.columnSums(x)], [`of ${rows}×${columns}, made`, ops.columnSums(ops.multiply(x, x))]];
  })),
});

const losses = ([[1, 1, 1], [1, 2, 1], [13, 67, 1], [33, 7, 100], [7, 71, 100], [3, 300, 3]] as const).flatMap(([rows, columns, spread]) => [undefined, -1].map((target) => probe({
  name: `crossEntropy of ${rows} rows of ${columns} logits within ±${spread}${target === undefined ? '' : ', no target'}`,
  symbols: columns,
  target,
  values(ops, matrix) {
    const logits = matrix(rows, columns, between(-spread, spread));
    const gradient = ops.crossEntropy(ops.scale(logits, 1), ops.input('targets', rows), 0.25);
    return { gradient, 'read again': ops.matmul(gradient, matrix(columns, 3)) };
  },
})));

export const operationChecks: readonly ParityCheck[] = [...products, ...views, ...joins, ...elementwise, ...chains, ...tables, columnSums, ...losses];
