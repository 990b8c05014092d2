// Properties of the cpu device only. test/devices/parity.test.ts checks that it computes correct
// results.
import { describe, expect, test } from 'vitest';
import type { Executable, Workload } from '../../../src/devices/device.ts';
import { openCpu } from '../../../src/devices/cpu/cpu.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { trainingProgram } from '../../../src/model/network.ts';
import { initialParameters, parameterShapes } from '../../../src/model/parameters.ts';
import { Random } from '../../../src/random.ts';
import { createOptimizer } from '../../../src/training/optimizers.ts';
import { kernelNames, type KernelChoice } from '../../../src/options/choices.ts';
import { missing } from './helpers.ts';

const [T, N, V] = [8, 9, 9];
const model: ModelConfiguration = {
  cell: 'gru',
  layers: 2,
  hidden: 12,
  embedding: 0,
  vocabulary: V,
  forgetBias: 1,
  initialisation: 'uniform',
  dropout: 0,
  conventions: {},
};
const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0 });
const workload: Workload = {
  parameters: parameterShapes(model),
  jobs: [
    { name: 'train', steps: T, batch: N, build: (rows) => trainingProgram(model, { steps: T, rows }, 1 / (N * T)) },
  ],
  update: optimizer.rule,
};

async function trained(kernels: KernelChoice): Promise<Executable> {
  const random = new Random(5);
  const symbols = (): Int32Array => Int32Array.from({ length: T * N }, () => random.uint32() % V);
  const cpu = await (await openCpu({ threads: 2, kernels })).compile(workload);
  await cpu.write({ kind: 'parameters' }, initialParameters(model, random));
  for (let step = 1; step <= 5; step++)
    await cpu.run('train', [{ ids: symbols(), targets: symbols(), update: optimizer.scalars(step, 0.01) }]);
  return cpu;
}

describe('the same run gives the same bits, no matter which thread is faster', () => {
  for (const kernels of kernelNames)
    test.skipIf(missing(kernels) !== '')(`${kernels}${missing(kernels)}`, async () => {
      const weights = async (): Promise<Float32Array> => {
        const cpu = await trained(kernels);
        const vector = await cpu.read({ kind: 'parameters' });
        await cpu.close();
        return vector;
      };
      expect(await weights()).toEqual(await weights());
    });
});

test('a profile counts the operations of a step and the work of matrix products, and does not change weights or optimizer', async () => {
  const cpu = await trained('auto');
  const vectors = async (): Promise<Float32Array[]> => [
    await cpu.read({ kind: 'parameters' }),
    await cpu.read({ kind: 'slot', name: optimizer.rule.slots[0] }),
  ];
  const before = await vectors();
  const times = await cpu.profile!('train');
  expect(await vectors()).toEqual(before);
  await cpu.close();

  const rows = Math.ceil(N / 2);
  const recurrent = times.find(
    ({ kind, shape }) =>
      kind === `a·b over ${model.hidden}` && shape.rows === rows && shape.columns === 3 * model.hidden,
  )!;
  expect(recurrent).toMatchObject({ count: T * model.layers, multiplyAdds: rows * 3 * model.hidden * model.hidden });
  expect(times.find(({ kind }) => kind === 'crossEntropy')).toMatchObject({
    count: 1,
    shape: { rows: T * rows, columns: V },
  });
  expect(times.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['sum of gradients', 'update', 'packing of weights']),
  );
  expect(times.every(({ microseconds }) => microseconds > 0)).toBe(true);
});
