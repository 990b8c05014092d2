// How many dispatches a call has, which operations share one, and what comes with a call. Nothing
// is compiled for a GPU.
import { describe, expect, it } from 'vitest';
import type { Workload } from '../../../src/devices/device.ts';
import type { CompiledJob, Dispatch } from '../../../src/devices/gpu/compile.ts';
import { compileWorkload } from '../../../src/devices/gpu/gpu.ts';
import { allCells } from '../../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { Builder } from '../../../src/program/builder.ts';
import type { ParameterShape, Value } from '../../../src/program/value.ts';
import { createOptimizer } from '../../../src/training/optimizers.ts';
import { isEverything } from '../../everything.ts';

const V = 65;

function modelOf(cell: string, hidden: number, layers: number, dropout = 0): ModelConfiguration {
  return {
    cell,
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
    'of a %s of %i units and %i layers, %i × %i tokens, has at most %6$i dispatches',
    (cell, H, L, N, T, most) => {
      const { dispatches, call, cost } = trainingStep(modelOf(cell, H, L), N, T);
      expect(dispatches.length).toBeLessThanOrEqual(most);
      expect(cost.passes).toBe(dispatches.length);
      expect(4 * call.inputs).toBeLessThanOrEqual(12 * N * T + 4 * V + 4096);
    },
  );

  /** A second matrix product waits for the gated result of the first, forward and backward. */
  const inTwoStages: ReadonlySet<string> = new Set(['mlstm', 'gru', 'gru-cho', 'mut1', 'mut2', 'mut3']);

  describe.each(allCells.map(({ name }) => name))('of %s', (cell) => {
    const [N, H] = [50, 128];

    it.each([0, 0.2])('has dispatches and kernels that do not multiply with time steps, with dropout %f', (dropout) => {
      const [short, long] = [12, 18].map((T) => trainingStep(modelOf(cell, H, 2, dropout), N, T));
      const most = inTwoStages.has(cell) ? 4 : 2;
      expect(long.cost.passes - short.cost.passes).toBeLessThanOrEqual(6 * most);
      expect(Math.abs(long.cost.kernels - short.cost.kernels)).toBeLessThanOrEqual(4);
    });

    it('does the multiply-adds of its equations, and no more', () => {
      const T = 12;
      const [one, two] = [1, 2].map((layers) => trainingStep(modelOf(cell, H, layers), N, T).cost.multiplyAdds);
      const weights = parameterShapes(modelOf(cell, H, 2))
        .filter(({ name, rows }) => name.startsWith('layer1') && rows > 1)
        .reduce((sum, { rows, columns }) => sum + rows * columns, 0);
      // Forward, back to the input, and the gradient of the weight. A cell may omit a product in the
      // first step.
      expect((two - one) / (3 * weights * N * T)).toBeCloseTo(1, 1);
    });
  });
});

const parameters: readonly ParameterShape[] = [
  { name: 'w', rows: 3, columns: 6 },
  { name: 'u', rows: 3, columns: 6 },
  { name: 'bias', rows: 1, columns: 6 },
];

/** The dispatches of a program over a state x of 4×3 and weights w and u of 3×6, as planes × rows × columns. */
function shapesOf(write: (ops: Builder, x: Value, w: Value, u: Value) => Readonly<Record<string, Value>>): string[] {
  const ops = new Builder();
  const results = write(ops, ops.loadState('x', 4, 3), ops.parameter('w', 3, 6), ops.parameter('u', 3, 6));
  const program = ops.program(new Map(Object.entries(results)));
  const { jobs } = compileWorkload({
    parameters,
    jobs: [{ name: 'probe', steps: 4, batch: 1, build: () => program }],
    update: null,
  });
  return jobs[0].dispatches.map(({ planes }: Dispatch) => `${planes.length}×${planes[0].rows}×${planes[0].columns}`);
}
