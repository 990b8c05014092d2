// What is the cpu device's own. That it computes what programs mean is test/devices/parity.test.ts.
import { expect, test } from 'vitest';
import type { Workload } from '../../../src/devices/device.ts';
import { openCpu } from '../../../src/devices/cpu/cpu.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { trainingProgram } from '../../../src/model/network.ts';
import { initialParameters, parameterShapes } from '../../../src/model/parameters.ts';
import { Random } from '../../../src/random.ts';
import { createOptimizer } from '../../../src/training/optimizers.ts';

test('the same run gives the same bits, whichever thread is faster', async () => {
  const [T, N, V] = [8, 9, 9];
  const model: ModelConfiguration = { cell: 'gru', layers: 2, hidden: 12, embedding: 0, vocabulary: V, forgetBias: 1, initialisation: 'uniform', dropout: 0, conventions: {} };
  const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0 });
  const workload: Workload = {
    parameters: parameterShapes(model),
    jobs: [{ name: 'train', steps: T, batch: N, build: (rows) => trainingProgram(model, { steps: T, rows }, 1 / (N * T)) }],
    update: optimizer.rule,
  };
  const run = async (): Promise<Float32Array> => {
    const random = new Random(5);
    const symbols = (): Int32Array => Int32Array.from({ length: T * N }, () => random.uint32() % V);
    const cpu = await (await openCpu({ threads: 2 })).compile(workload);
    await cpu.write({ kind: 'parameters' }, initialParameters(model, random));
    for (let step = 1; step <= 5; step++) await cpu.run('train', [{ ids: symbols(), targets: symbols(), update: optimizer.scalars(step, 0.01) }]);
    const weights = await cpu.read({ kind: 'parameters' });
    await cpu.close();
    return weights;
  };
  expect(await run()).toEqual(await run());
});
