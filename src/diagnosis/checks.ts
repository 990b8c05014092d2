// Comparisons of a device with the reference: single operations, and small networks that are
// trained. `rnn doctor` runs the checks listed at the end of this file. test/parity/ has many more
// checks of the same kinds.
import type { Call } from '../devices/device.ts';
import type { ElementwiseFunction, Value } from '../program/value.ts';
import { type OptimizerOptions, createOptimizer } from '../training/optimizers.ts';
import { type ParityCheck, usualTolerances } from './pair.ts';
import { type Fill, uniformBetween, probe } from './probe.ts';
import { type NetworkSize, networkCheck, smallSize, tolerances } from './network-test.ts';

export function productCheck(m: number, k: number, n: number): ParityCheck {
  return probe({
    name: `products ${m}×${k} by ${k}×${n}`,
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
        'a·b, both computed': ops.matmul(madeA, madeB),
        'a·bᵀ + bias, both computed': ops.matmul(madeA, madeBT, { transposeB: true, bias }),
        'the running sum after its use': ops.scale(sum, 2),
      };
    },
  });
}

const binary: readonly ElementwiseFunction[] = [
  'add',
  'subtract',
  'multiply',
  'divide',
  'sigmoidGradient',
  'tanhGradient',
  'reluGradient',
];
const unary: readonly (readonly [ElementwiseFunction, number])[] = [
  ['scale', -1.75],
  ['offset', 0.375],
  ['sigmoid', 0],
  ['tanh', 0],
  ['relu', 0],
  ['clip', 0.5],
  ['flush', 0.5],
];
/** Numbers that are not near 0, for quotients. */
const large: Fill = (_, random) => (0.5 + random.uniform()) * (random.uniform() < 0.5 ? -1 : 1);

export function elementwiseCheck(rows: number, columns: number): ParityCheck {
  return probe({
    name: `elementwise functions ${rows}×${columns}`,
    steps: rows,
    values(ops, matrix) {
      const whole = matrix(rows, columns, large);
      const others = {
        other: matrix(rows, columns, large),
        row: matrix(1, columns, large),
        column: matrix(rows, 1, large),
        element: matrix(1, 1, large),
        matrix: whole,
      };
      const { row, column, element } = others;
      const results: Record<string, Value> = {};
      for (const apply of binary) {
        for (const [name, other] of Object.entries(others))
          results[`${apply} matrix ${name}`] = ops.elementwise(apply, [whole, other]);
        results[`${apply} row matrix`] = ops.elementwise(apply, [row, whole]);
        results[`${apply} column matrix`] = ops.elementwise(apply, [column, whole]);
        results[`${apply} column row`] = ops.elementwise(apply, [column, row]);
        results[`${apply} element matrix`] = ops.elementwise(apply, [element, whole]);
        results[`${apply} row element`] = ops.elementwise(apply, [row, element]);
      }
      // Some elements are exactly at the limits of `clip`, `flush` and `relu`.
      const edges = matrix(
        rows,
        columns,
        (index, random) => [0.5, -0.5, 0, 0.25, -3][index] ?? 4 * random.uniform() - 2,
      );
      for (const [apply, constant] of unary) results[apply] = ops.elementwise(apply, [edges], constant);
      results['sqrt'] = ops.sqrt(
        matrix(
          rows,
          columns,
          (index, random) => [0, 1, 1e-12, 1e12][index + (columns > 13 ? 0 : 4)] ?? 9 * random.uniform(),
        ),
      );
      return results;
    },
  });
}

export function tableCheck(rows: number, columns: number, symbols: number): ParityCheck {
  return probe({
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
        'scatter of a gather': ops.scatter(ops.tanh(ops.gather(table, ids)), ids, symbols),
        'gather from a computed table': ops.gather(ops.tanh(table), ids),
      };
    },
  });
}

/**
 * @param spread the logits are between −spread and spread
 * @param target the target of all rows, −1 for no target. Default: random targets, and no target in
 * every fifth row
 */
export function lossCheck(rows: number, columns: number, spread: number, target?: number): ParityCheck {
  return probe({
    name: `crossEntropy of ${rows} rows of ${columns} logits within ±${spread}${target === -1 ? ', no target' : ''}`,
    symbols: columns,
    target,
    values(ops, matrix) {
      const logits = matrix(rows, columns, uniformBetween(-spread, spread));
      const gradient = ops.crossEntropy(ops.scale(logits, 1), ops.input('targets', rows), 0.25);
      return { gradient, 'read again': ops.matmul(gradient, matrix(columns, 3)) };
    },
  });
}

const describeOptions = (options: object): string =>
  Object.entries(options)
    .map(([name, value]) => `, ${name} ${value}`)
    .join('');

/** A check of training, evaluation and sampling with a cell. */
export function cellCheck(cell: string, size: NetworkSize): ParityCheck {
  const { layers, T, N, H, V, embedding, dropout, architecture = {}, regularisation = {} } = size;
  const others = {
    ...(embedding ? { embedding } : {}),
    ...(dropout ? { dropout } : {}),
    ...architecture,
    ...regularisation,
  };
  const name = `${cell}: ${layers} × ${H}, batch ${N}, ${T} steps, ${V} symbols${describeOptions(others)}`;
  return networkCheck(name, { cell, size }, async (pair, trial) => {
    await trial.fillStates(pair);
    for (let window = 0; window < 3; window++) {
      await pair.run('train', [{ ...trial.window(), reset: window === 0 }]);
      await pair.tensors('gradient of', 'gradients', tolerances.gradients * (architecture.layerNorm ? 20 : 1));
      await trial.compareStates(pair, 'train');
    }
    for (let window = 0; window < 2; window++)
      await pair.run('evaluate', [{ ...trial.evaluation(), reset: window === 0 }]);
    for (let step = 0; step < 3; step++) await pair.run('sample', [{ ids: trial.symbols(N), reset: step === 0 }]);
    await trial.compareStates(pair, 'sample');
  });
}

/**
 * A check of ten update steps, passed as 1, 3 and 6 calls, with gradient clipping, dropout, and one
 * reset.
 */
export function optimizerCheck(options: Omit<OptimizerOptions, 'clipNorm' | 'momentum'>): ParityCheck {
  const { optimizer: kind, ...rest } = options;
  const optimizer = createOptimizer({ ...options, clipNorm: 0.1, momentum: 0.9 });
  const name = `${kind}${describeOptions(rest)}: ten steps with clipping, in runs of 1, 3 and 6`;
  return networkCheck(name, { size: { ...smallSize, dropout: 0.2 }, optimizer }, async (pair, trial) => {
    const calls = Array.from({ length: 10 }, (_, i): Call => ({
      ...trial.window(),
      reset: i === 6,
      update: optimizer.scalars(i + 1, 0.01 / (1 + i / 5)),
    }));
    for (const run of [calls.slice(0, 1), calls.slice(1, 4), calls.slice(4)]) {
      const results = await pair.run('train', run, { ...usualTolerances, loss: 1e-4, norm: 1e-3 });
      if (results.some(({ gradientNorm }) => gradientNorm < 0.1))
        throw new Error('cannot check clipping: the gradient norm is below the limit');
    }
    for (const slot of optimizer.rule.slots)
      await pair.vector(`slot ${slot}`, { kind: 'slot', name: slot }, tolerances.slots);
    await pair.tensors('weights', 'parameters', tolerances.weights);
  });
}

/**
 * A check with NaN in a carried state: the device must refuse the update, leave the weights and
 * optimizer slots unchanged, and skip the later calls of the run.
 */
export function refusalCheck(cell: string): ParityCheck {
  const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0 });
  return networkCheck(
    `${cell}: an update refused for a state that is not a number`,
    { cell, optimizer },
    async (pair, trial) => {
      const step = (at: number): Call => ({ ...trial.window(), update: optimizer.scalars(at, 0.01) });
      await pair.run('train', [step(1), step(2)]);
      const held = [
        { kind: 'parameters' },
        ...optimizer.rule.slots.map((name) => ({ kind: 'slot', name }) as const),
      ] as const;
      const before = await Promise.all(held.map((resident) => pair.read(resident)));
      const name = trial.stateNames().at(-1)!;
      await pair.write({ kind: 'state', job: 'train', name }, new Float32Array(smallSize.N * smallSize.H).fill(NaN));
      await pair.run('train', [step(3), { ...step(4), reset: true }, step(5)]);
      for (const [i, resident] of held.entries()) {
        pair.comparison.vectors(`${resident.kind} after a refused update`, await pair.read(resident), before[i], 0);
      }
      await pair.run('train', [{ ...step(3), reset: true }, step(4)], { ...usualTolerances, loss: 1e-4, norm: 1e-3 });
      await pair.tensors('weights', 'parameters', tolerances.weights);
    },
  );
}

const size: NetworkSize = { layers: 1, T: 3, N: 9, H: 7, V: 5 };

/** A few checks that are fast enough to run while the user waits. */
export const quickChecks: readonly ParityCheck[] = [
  productCheck(7, 13, 33),
  cellCheck('lstm', size),
  cellCheck('gru', size),
  optimizerCheck({ optimizer: 'adam' }),
  refusalCheck('lstm'),
];

/** The quick checks and the checks that take longer, because each kernel has to be compiled. */
export const allChecks: readonly ParityCheck[] = [
  ...quickChecks,
  elementwiseCheck(7, 13),
  tableCheck(13, 67, 13),
  lossCheck(13, 67, 1),
  cellCheck('mlstm', { layers: 2, T: 7, N: 13, H: 19, V: 65 }),
];
