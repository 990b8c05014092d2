import { expect, it, vi } from 'vitest';
import { openDevice } from '../../src/devices/open.ts';
import { bench } from '../../src/diagnosis/bench.ts';
import { planForGpu } from '../../src/diagnosis/gpu-plan.ts';

vi.mock('webgpu', () => {
  throw new Error('a plan does not open a GPU');
});

const setup = { cell: 'lstm', layers: 2, hidden: 8, batchSize: 4, sequenceLength: 5, milliseconds: null };

it('a plan for a GPU has the costs of the device, and opens none', async () => {
  const plan = planForGpu(setup);
  const device = await openDevice('gpu:cpu');
  const { cost, memoryBytes, parameters, operations, multiplyAdds } = await bench(device, setup);
  await device.close();
  expect(plan).toMatchObject({ cost, memoryBytes, parameters, operations, multiplyAdds, training: null });
  expect(cost!.dispatches).toBeGreaterThan(2 * 5);
  expect(plan.estimates).toHaveLength(3);
});

it('a plan counts the bytes of a training step that go up and back', () => {
  const [N, T, V] = [4, 5, 65];
  const { bytesUp, bytesBack } = planForGpu(setup).cost!;
  // Ids and targets at least. At most positions sorted by id, the first position of each id, and 4 KB.
  expect(bytesUp).toBeGreaterThanOrEqual(8 * N * T);
  expect(bytesUp).toBeLessThanOrEqual(12 * N * T + 4 * V + 4096);
  expect(bytesBack).toBeGreaterThan(0);
  expect(bytesBack).toBeLessThanOrEqual(4096);
});

it('a model whose steps are too many to plan is refused', () => {
  expect(() => planForGpu({ ...setup, sequenceLength: 2000 })).toThrow('too long to plan');
});
