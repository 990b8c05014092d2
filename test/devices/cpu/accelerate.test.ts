// Accelerate's matrix products on any machine. A product in JavaScript replaces the library, and
// addresses of the memory, moved far away, replace addresses in the process.
import { describe, expect, test, vi } from 'vitest';
import { type Sgemm, accelerateProducts, sgemmIn } from '../../../src/devices/cpu/accelerate.ts';
import { compileForCpu } from '../../../src/devices/cpu/executable.ts';
import { openCpu } from '../../../src/devices/cpu/cpu.ts';
import { planWorkload } from '../../../src/devices/cpu/plan.ts';
import type { Device, Workload } from '../../../src/devices/device.ts';
import { networkProgram, trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { runUninterrupted } from '../../../src/sliced-work.ts';
import { isEverything } from '../../everything.ts';
import { parityChecks } from '../../parity/compare.ts';
import { kernels } from './helpers.ts';

const BASE = 2 ** 44;
let floats: Float32Array = new Float32Array();
let calls = 0;

const double: Sgemm = (transposeA, transposeB, M, N, K, a, lda, b, ldb, accumulate, c, ldc) => {
  calls++;
  const [left, right, out] = [a, b, c].map((address) => (address - BASE) / 4);
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = accumulate === 0 ? 0 : floats[out + i * ldc + j];
      for (let k = 0; k < K; k++)
        sum +=
          floats[left + (transposeA ? k * lda + i : i * lda + k)] *
          floats[right + (transposeB ? j * ldb + k : k * ldb + j)];
      floats[out + i * ldc + j] = sum;
    }
  }
};

vi.mock('../../../src/devices/cpu/foreign.ts', async (original) => ({
  ...(await original<typeof import('../../../src/devices/cpu/foreign.ts')>()),
  addressOf: (memory: WebAssembly.Memory) => {
    floats = new Float32Array(memory.buffer);
    return BASE;
  },
}));
vi.mock('../../../src/devices/cpu/accelerate.ts', async (original) => ({
  ...(await original<typeof import('../../../src/devices/cpu/accelerate.ts')>()),
  bindSgemm: () => double,
}));

/** Computes on the calling thread, because other threads do not have the mock. */
const device: Device = {
  name: 'cpu',
  description: 'cpu',
  estimate: async () => 0,
  compile(given) {
    const workload: Workload = { ...given, interactive: true };
    const plan = runUninterrupted(planWorkload(workload, 1, accelerateProducts));
    return compileForCpu(workload, plan, { name: 'accelerate', module: kernels, products: accelerateProducts });
  },
  close: () => Promise.resolve(),
};

const model = {
  cell: 'lstm',
  layers: 2,
  hidden: 40,
  embedding: 0,
  vocabulary: 7,
  forgetBias: 1,
  initialisation: 'uniform',
  dropout: 0,
  conventions: {},
} as const;

describe("products of Accelerate's sgemm", () => {
  test.each(
    parityChecks
      // Calls on the calling thread alone never have an update that is refused.
      .filter(({ name }) => !name.includes('refused'))
      .filter(
        ({ name }) => (isEverything ? name.includes('lstm') : name.startsWith('lstm: ')) || name.startsWith('products'),
      )
      .map((check) => [check.name, check] as const),
  )('compute correct results: %s', async (_, check) => {
    calls = 0;
    const { worst, tolerance, where } = await check.run(device);
    expect(worst, where).toBeLessThanOrEqual(tolerance);
    expect(calls).toBeGreaterThan(0);
  });

  test('read a transposed copy of a weight for few rows, and the weight itself for many', () => {
    const workload: Workload = {
      parameters: parameterShapes(model),
      jobs: [{ name: 'train', steps: 40, batch: 4, build: (rows) => trainingProgram(model, { steps: 40, rows }, 1) }],
      update: null,
    };
    const { panels } = runUninterrupted(planWorkload(workload, 1, accelerateProducts));
    expect(
      panels
        .map(({ parameter, transposed, columns }) => `${parameter}${transposed ? 'ᵀ' : ''} by ${columns}`)
        .toSorted(),
    ).toEqual(['layer0.Whᵀ by 40', 'layer1.Whᵀ by 40']);
  });

  test('are not used in sampling, where a text must not depend on other texts of the batch', async () => {
    const chosen = { name: 'accelerate', module: kernels, products: accelerateProducts } as const;
    const { chooseKernels } = await import('../../../src/devices/cpu/choose.ts');
    vi.mocked(chooseKernels).mockResolvedValue(chosen);
    const cpu = await openCpu({ threads: 1 });
    expect(cpu.description).toBe('cpu: Accelerate and WebAssembly, 1 thread');
    const steps = { steps: 1, batch: 4 };
    const workload: Workload = {
      parameters: parameterShapes(model),
      jobs: [
        {
          name: 'sample',
          ...steps,
          build: (rows) => networkProgram(model, { steps: 1, rows }, { outputs: 'logits' }),
        },
      ],
      update: null,
      interactive: true,
    };
    calls = 0;
    const executable = await cpu.compile(workload);
    await executable.run('sample', [{ ids: new Int32Array(4) }]);
    await executable.close();
    expect(calls).toBe(0);
  });
});

vi.mock('../../../src/devices/cpu/choose.ts', async (original) => {
  const real = await original<typeof import('../../../src/devices/cpu/choose.ts')>();
  return { ...real, chooseKernels: vi.fn<typeof real.chooseKernels>(real.chooseKernels) };
});

test('addresses from 2 GiB on, which are negative numbers, count from the start of the memory', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const places: number[][] = [];
  const sgemm = sgemmIn(memory, (...[, , , , , a, , b, , , c]) => void places.push([a, b, c]));
  sgemm(0, 0, 1, 1, 1, -(2 ** 31), 1, -4, 1, 0, 4, 1);
  expect(places).toEqual([[BASE + 2 ** 31, BASE + 2 ** 32 - 4, BASE + 4]]);
});
