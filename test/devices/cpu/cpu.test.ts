import { describe, expect, test } from 'vitest';
import type { Call, CallResult, Device, Executable, Workload } from '../../../src/devices/device.ts';
import { openCpu } from '../../../src/devices/cpu/cpu.ts';
import { openReference } from '../../../src/devices/reference/reference.ts';
import { cells } from '../../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { evaluationProgram, samplingProgram, trainingProgram } from '../../../src/model/network.ts';
import { initialParameters, parameterShapes } from '../../../src/model/parameters.ts';
import { Random } from '../../../src/random.ts';
import { createOptimizer } from '../../../src/training/optimizers.ts';
import type { OptimizerName } from '../../../src/training/options.ts';

/** Of the largest gradient in the tensor: float32 sums over T·N terms in another order. PyTorch in float32 differs by 1e-6 too. */
const GRADIENT_TOLERANCE = 2e-6;
const LOSS_TOLERANCE = 1e-6;

const largestOf = (values: Float32Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

interface Size {
  readonly layers: number;
  readonly T: number;
  readonly N: number;
  readonly H: number;
  readonly V: number;
  readonly threads: number;
  readonly embedding?: number;
  readonly dropout?: number;
}

function workloadOf(cell: string, { layers, T, N, H, V, embedding = 0, dropout = 0 }: Size, optimizer: OptimizerName = 'adam', clipNorm = 5): { workload: Workload; model: ModelConfiguration } {
  const model: ModelConfiguration = { cell, layers, hidden: H, embedding, vocabulary: V, forgetBias: 1, initialisation: 'uniform', dropout, conventions: {} };
  const workload: Workload = {
    parameters: parameterShapes(model),
    jobs: [
      { name: 'train', steps: T, batch: N, build: (rows) => trainingProgram(model, { steps: T, rows }, 1 / (N * T)) },
      { name: 'evaluate', steps: T, batch: N + 1, build: (rows) => evaluationProgram(model, { steps: T, rows }) },
      { name: 'sample', steps: 1, batch: N, build: (rows) => samplingProgram(model, rows) },
    ],
    update: createOptimizer({ optimizer, clipNorm, momentum: 0.9 }).rule,
  };
  return { workload, model };
}

async function compiled(device: Device, workload: Workload, parameters: Float32Array): Promise<Executable> {
  const executable = await device.compile(workload);
  await executable.write({ kind: 'parameters' }, parameters);
  return executable;
}

function integers(random: Random, count: number, below: number): Int32Array {
  return Int32Array.from({ length: count }, () => random.uint32() % below);
}

async function runOne(executable: Executable, job: string, call: Call): Promise<CallResult> {
  const [result] = await executable.run(job, [call]);
  return result;
}

/** @param least a scale for tensors of a single element, which may be small only because its terms cancel */
function expectClose(got: Float32Array, expected: Float32Array, tolerance: number, what: string, least = 0): void {
  const largest = Math.max(largestOf(expected), expected.length === 1 ? least : 0);
  const worst = got.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i])), 0);
  expect(got.length, what).toBe(expected.length);
  expect(worst / (largest || 1), what).toBeLessThan(tolerance);
}

const sizes: readonly Size[] = [
  { layers: 1, T: 1, N: 1, H: 1, V: 2, threads: 1 },
  { layers: 1, T: 3, N: 9, H: 7, V: 5, threads: 2 },
  { layers: 2, T: 12, N: 13, H: 19, V: 65, threads: 3 },
  { layers: 3, T: 5, N: 8, H: 16, V: 11, threads: 2, embedding: 6 },
  { layers: 2, T: 6, N: 13, H: 17, V: 9, threads: 3, dropout: 0.4 },
  { layers: 2, T: 50, N: 4, H: 33, V: 30, threads: 1 },
];

describe.each(cells.map((cell) => cell.name))('%s on the cpu device', (cell) => {
  test.each(sizes)('losses, gradients, states and logits are those of the reference ($layers layers, T $T, N $N, H $H, V $V, $threads threads, dropout $dropout)', async (size) => {
    const { T, N, V, threads } = size;
    const random = new Random(11);
    const { workload, model } = workloadOf(cell, size);
    const parameters = initialParameters(model, random);
    const cpu = await compiled(await openCpu({ threads }), workload, parameters);
    const reference = await compiled(openReference(), workload, parameters);
    for (let window = 0; window < 3; window++) {
      const call = { ids: integers(random, T * N, V), targets: integers(random, T * N, V), reset: window === 0, dropoutKey: 1234567891 * window };
      const [got, expected] = [await runOne(cpu, 'train', call), await runOne(reference, 'train', call)];
      expect(Math.abs(got.lossNats / expected.lossNats - 1)).toBeLessThan(LOSS_TOLERANCE);
      expect(Math.abs(got.gradientNorm / expected.gradientNorm - 1)).toBeLessThan(GRADIENT_TOLERANCE);
      const [gradients, expectedGradients] = [await cpu.read({ kind: 'gradients' }), await reference.read({ kind: 'gradients' })];
      let offset = 0;
      for (const { name, rows, columns } of workload.parameters) {
        const end = offset + rows * columns;
        expectClose(gradients.subarray(offset, end), expectedGradients.subarray(offset, end), GRADIENT_TOLERANCE, name, largestOf(expectedGradients));
        offset = end;
      }
      const state = { kind: 'state', job: 'train', name: 'layer0.h' } as const;
      expectClose(await cpu.read(state), await reference.read(state), 1e-6, 'carried state');
    }
    const targets = integers(random, T * (N + 1), V).map((target, i) => (i % 5 === 0 ? -1 : target));
    const evaluation = { ids: integers(random, T * (N + 1), V), targets, reset: true };
    expect(Math.abs((await runOne(cpu, 'evaluate', evaluation)).lossNats - (await runOne(reference, 'evaluate', evaluation)).lossNats)).toBeLessThan(1e-4);
    for (let step = 0; step < 3; step++) {
      const call = { ids: integers(random, N, V), reset: step === 0 };
      const [got, expected] = [await runOne(cpu, 'sample', call), await runOne(reference, 'sample', call)];
      expectClose(got.outputs['logits'], expected.outputs['logits'], 2e-6, 'logits');
    }
    await cpu.close();
  });
});

describe('training on the cpu device', () => {
  const size: Size = { layers: 2, T: 8, N: 9, H: 12, V: 9, threads: 2 };

  test.each(['adam', 'rmsprop', 'sgd'] as const)('ten steps of %s follow the reference, with the gradient clipped', async (name) => {
    const random = new Random(5);
    const { workload, model } = workloadOf('lstm', size, name, 0.3);
    const optimizer = createOptimizer({ optimizer: name, clipNorm: 0.3, momentum: 0.9 });
    const parameters = initialParameters(model, random);
    const cpu = await compiled(await openCpu({ threads: 2 }), workload, parameters);
    const reference = await compiled(openReference(), workload, parameters);
    for (let step = 1; step <= 10; step++) {
      const call = { ids: integers(random, 72, 9), targets: integers(random, 72, 9), update: optimizer.scalars(step, 0.01) };
      const [got, expected] = [await runOne(cpu, 'train', call), await runOne(reference, 'train', call)];
      expect(got.updated).toBe(true);
      expect(Math.abs(got.lossNats / expected.lossNats - 1)).toBeLessThan(1e-5);
    }
    for (const slot of workload.update!.slots) expectClose(await cpu.read({ kind: 'slot', name: slot }), await reference.read({ kind: 'slot', name: slot }), 1e-3, slot);
    await cpu.close();
  });

  test('the same run gives the same bits, and an update changes no weight when the loss is not finite', async () => {
    const { workload, model } = workloadOf('gru', size);
    const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0 });
    const run = async (): Promise<Float32Array> => {
      const random = new Random(5);
      const cpu = await compiled(await openCpu({ threads: 2 }), workload, initialParameters(model, random));
      for (let step = 1; step <= 5; step++) await runOne(cpu, 'train', { ids: integers(random, 72, 9), targets: integers(random, 72, 9), update: optimizer.scalars(step, 0.01) });
      const before = await cpu.read({ kind: 'parameters' });
      const state = { kind: 'state', job: 'train', name: 'layer1.h' } as const;
      await cpu.write(state, new Float32Array(9 * 12).fill(NaN));
      const poisoned = await runOne(cpu, 'train', { ids: integers(random, 72, 9), targets: integers(random, 72, 9), update: optimizer.scalars(6, 0.01) });
      expect(poisoned).toMatchObject({ updated: false, lossNats: NaN });
      expect(await cpu.read({ kind: 'parameters' })).toEqual(before);
      await cpu.close();
      return before;
    };
    expect(await run()).toEqual(await run());
  });
});
