// How many dispatches a call has, which operations share one, and how many
// bytes a call uploads. No test compiles kernels.
import { describe, expect, it } from 'vitest';
import type { Job, Workload } from '../../../src/devices/device.ts';
import type { Body } from '../../../src/devices/gpu/body.ts';
import type { CompiledJob } from '../../../src/devices/gpu/compile.ts';
import { compileWorkload } from '../../../src/devices/gpu/compile.ts';
import { allCells } from '../../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { Builder } from '../../../src/program/builder.ts';
import type { ParameterShape, Value } from '../../../src/program/value.ts';
import { createOptimizer } from '../../../src/training/optimizers.ts';
import { isEverything } from '../../everything.ts';

const V = 65;

function modelOf(name: string, hidden: number, layers: number, dropout = 0): ModelConfiguration {
  const [cell, ...options] = name.split(' ');
  return {
    cell,
    layerNorm: options.length > 0,
    layers,
    hidden,
    embedding: 0,
    vocabulary: V,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout,
    conventions: {},
  };
}

/** A training step with Adam and clipping, of T time steps of a batch of N rows. */
function trainingStep(model: ModelConfiguration, N: number, T: number): CompiledJob {
  const { rule } = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0.9 });
  const workload: Workload = {
    parameters: parameterShapes(model),
    jobs: [
      { name: 'train', steps: T, batch: N, build: (rows) => trainingProgram(model, { steps: T, rows }, 1 / (N * T)) },
    ],
    update: rule,
  };
  return compileWorkload(workload).jobs[0];
}

describe('a training step', () => {
  it.each([
    ['lstm', 128, 2, 50, 50, 150],
    ['lstm with layer normalisation', 128, 2, 50, 50, 300],
    ['gru', 128, 2, 50, 50, 195],
    ['lstm', 512, 3, 64, 64, 230],
    ['gru', 512, 3, 64, 64, 299],
    ...(isEverything
      ? ([
          ['lstm', 512, 3, 256, 128, 460],
          ['gru', 512, 3, 256, 128, 598],
        ] as const)
      : []),
  ] as const)(
    'of %s of %i units and %i layers, %i × %i tokens, has at most %i dispatches',
    (cell, H, L, N, T, most) => {
      const { dispatches, call, cost } = trainingStep(modelOf(cell, H, L), N, T);
      expect(dispatches.length).toBeLessThanOrEqual(most);
      expect(cost.dispatches).toBe(dispatches.length);
      expect(4 * call.inputs).toBeLessThanOrEqual(12 * N * T + 4 * V + 4096);
    },
  );

  /** More than two a time step: products that wait for gated results of others. */
  const perTimeStep: Readonly<Record<string, number>> = {
    'lstm with layer normalisation': 4,
    mlstm: 6,
    'gru-cho': 7,
    mut1: 4,
    mut2: 4,
    mut3: 4,
  };

  describe.each([...allCells.map(({ name }) => name), 'lstm with layer normalisation'])(
    'of two layers of %s',
    (cell) => {
      const [N, H] = [50, 128];

      it.each([0, 0.2])('has few dispatches a time step, and the same kernels for all, with dropout %f', (dropout) => {
        const [short, long] = [6, 9].map((T) => trainingStep(modelOf(cell, H, 2, dropout), N, T).cost);
        expect((long.dispatches - short.dispatches) / 3).toBeLessThanOrEqual(perTimeStep[cell] ?? 2);
        expect(long.kernels).toBe(short.kernels);
      });

      it('does the multiply-adds of its equations, and no more', () => {
        const T = 6;
        const [one, two] = [1, 2].map((layers) => trainingStep(modelOf(cell, H, layers), N, T).cost.multiplyAdds);
        const weights = parameterShapes(modelOf(cell, H, 2))
          .filter(({ name, rows }) => name.startsWith('layer1') && rows > 1)
          .reduce((sum, { rows, columns }) => sum + rows * columns, 0);
        // Forward, back to the input, and the gradient of the weight. A cell may omit a product in the
        // first step.
        expect((two - one) / (3 * weights * N * T)).toBeCloseTo(1, 1);
      });
    },
  );
});

/**
 * The dispatches of a program in words: planes × rows × columns, and the terms of sums and the stores of all
 * planes.
 */
function dispatchesOf(write: (ops: Builder, matrix: (rows: number, columns: number) => Value) => readonly Value[]) {
  const ops = new Builder();
  const parameters: ParameterShape[] = [];
  const results = write(ops, (rows, columns) => {
    const name = `w${parameters.length}`;
    parameters.push({ name, rows, columns });
    return ops.parameter(name, rows, columns);
  });
  const program = ops.program(new Map(results.map((value, index) => [`result ${index}`, value])));
  const job: Job = { name: 'probe', steps: 4, batch: 1, build: () => program };
  const [{ dispatches }] = compileWorkload({ parameters, jobs: [job], update: null }).jobs;
  return dispatches.map(({ planes }) => {
    const [{ rows, columns }] = planes;
    const count = (of: (body: Body) => readonly unknown[]): number => planes.flatMap(of).length;
    return `${planes.length}×${rows}×${columns}, ${count(({ sums }) => sums.flat())} terms, ${count(({ stores }) => stores)} stores`;
  });
}

describe('one dispatch computes', () => {
  it('gates: products of blocks of columns with their biases, a running sum, and the cell that reads them', () => {
    expect(
      dispatchesOf((ops, matrix) => {
        const [x, h] = [matrix(4, 3), matrix(4, 5)];
        const inputs = ops.matmul(x, matrix(3, 10), { bias: matrix(1, 10) });
        const gates = ops.matmul(h, matrix(5, 10), { plus: inputs });
        return [ops.multiply(ops.sigmoid(ops.columns(gates, 0, 5)), ops.tanh(ops.columns(gates, 5, 5)))];
      }),
    ).toEqual(['1×4×5, 4 terms, 1 stores']);
  });

  it('a product that other operations read, and operations on it', () => {
    expect(
      dispatchesOf((ops, matrix) => {
        const product = ops.matmul(matrix(4, 3), matrix(3, 6));
        return [product, ops.tanh(product), ops.scale(product, 2)];
      }),
    ).toEqual(['1×4×6, 1 terms, 3 stores']);
  });

  it('independent products of one shape, as planes', () => {
    expect(
      dispatchesOf((ops, matrix) => [
        ops.matmul(matrix(4, 3), matrix(3, 6)),
        ops.matmul(matrix(4, 7), matrix(6, 7), { transposeB: true }),
      ]),
    ).toEqual(['2×4×6, 2 terms, 2 stores']);
  });

  it('parts of a sum over many rows, as planes, which are added up', () => {
    const [parts, total, ...rest] = dispatchesOf((ops, matrix) => [
      ops.matmul(matrix(2048, 3), matrix(2048, 6), { transposeA: true }),
    ]);
    expect(parts).toMatch(/^[2-9]×3×6, [2-9] terms, [2-9] stores$/);
    expect([total, ...rest]).toEqual(['1×3×6, 0 terms, 1 stores']);
  });

  it('an operation on rows of a table and on a mask, which are not stored', () => {
    expect(
      dispatchesOf((ops, matrix) => [
        ops.multiply(
          ops.gather(matrix(5, 3), ops.input('ids', 4), matrix(1, 3)),
          ops.dropoutMask(4, 3, { rate: 0.5, site: 0, stepRows: 1 }),
        ),
      ]),
    ).toEqual(['1×4×3, 0 terms, 1 stores']);
  });

  it('pieces of a join, each in its place', () => {
    expect(
      dispatchesOf((ops, matrix) => {
        const x = matrix(4, 3);
        const joined = ops.join([
          { value: ops.tanh(ops.columns(x, 0, 1)), row: 0, column: 0 },
          { value: ops.sigmoid(ops.columns(x, 1, 2)), row: 0, column: 1 },
        ]);
        return [ops.matmul(joined, matrix(3, 6))];
      }),
    ).toEqual(['1×4×1, 0 terms, 1 stores', '1×4×2, 0 terms, 1 stores', '1×4×6, 1 terms, 1 stores']);
  });

  it('only results that are read', () => {
    expect(
      dispatchesOf((ops, matrix) => {
        const x = matrix(4, 3);
        ops.tanh(ops.matmul(x, matrix(3, 3)));
        return [ops.sigmoid(x)];
      }),
    ).toEqual(['1×4×3, 0 terms, 1 stores']);
  });
});
