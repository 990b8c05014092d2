import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Attempt, attempt, chooseBlas, firstThatServes } from '../../../src/devices/cpu/blas/choose.ts';
import { type BlasLibrary, inspectLibrary } from '../../../src/devices/cpu/blas/library.ts';
import { blasFunctions, blasProducts } from '../../../src/devices/cpu/blas/products.ts';
import type { Finding } from '../../../src/devices/cpu/blas/trial.ts';
import { planWorkload } from '../../../src/devices/cpu/plan.ts';
import type { Workload } from '../../../src/devices/device.ts';
import { openDevice } from '../../../src/devices/open.ts';
import { RnnError } from '../../../src/errors.ts';
import { trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { Random } from '../../../src/random.ts';
import { kernels, library, missingBlas } from './helpers.ts';

const fake = (path: string): BlasLibrary => ({ path, name: path, symbol: 'cblas_sgemm', wide: false, takesSmall: false });
const looking = (findings: Readonly<Record<string, Finding>>) => (path: string): Attempt =>
  attempt(path, kernels, () => (findings[path] ? fake(path) : 'cannot be opened'), () => findings[path]);

afterEach(() => vi.unstubAllEnvs());

describe('the choice of a BLAS', () => {
  test('passes over what is missing, wrong or slow, with the reason, and takes the first that serves', () => {
    const { library: chosen, trials } = firstThatServes(['missing', 'wrong', 'nan', 'slow', 'good', 'better'], looking({
      wrong: { worst: 0.1, speed: 9 },
      nan: { worst: NaN, speed: 9 },
      slow: { worst: 0, speed: 0.025 },
      good: { worst: 1e-6, speed: 2 },
      better: { worst: 0, speed: 9 },
    }));
    expect(chosen?.path).toBe('good');
    expect(trials.map(({ path, used, reason }) => `${path} ${used}: ${reason}`)).toEqual([
      'missing false: cannot be opened',
      'wrong false: its products are wrong by 1.0e-1',
      'nan false: its products are wrong by NaN',
      'slow false: 0.025 times as fast as the embedded kernels',
      'good true: 2.0 times as fast as the embedded kernels',
    ]);
  });

  test('is none where none serves', () => {
    expect(firstThatServes(['slow', 'missing'], looking({ slow: { worst: 0, speed: 1 } })).library).toBeNull();
  });

  test('is none where the user says so, or wants what is alike on every machine', () => {
    expect(chooseBlas(kernels, 'off')).toMatchObject({ library: null, off: '--blas off' });
    vi.stubEnv('RNN_BLAS', 'off');
    expect(chooseBlas(kernels)).toMatchObject({ library: null, off: 'RNN_BLAS=off' });
    vi.stubEnv('RNN_BLAS', '');
    vi.stubEnv('RNN_WASM', 'portable');
    expect(chooseBlas(kernels)).toMatchObject({ library: null, off: 'RNN_WASM=portable' });
  });

  test('of a library that is named and no BLAS is an error', async () => {
    await expect(openDevice('cpu', { blas: 'no-such-library' })).rejects.toThrow(/the BLAS no-such-library cannot be used: /);
    await expect(openDevice('cpu', { blas: 'no-such-library' })).rejects.toBeInstanceOf(RnnError);
  });

  test('is not made for sampling, which uses none', async () => {
    const device = await openDevice('cpu', { blas: 'no-such-library', work: { kind: 'sampling' } });
    expect(device.description).toMatch(/^cpu: WebAssembly/);
    await device.close();
  });
});

test('a library that is no BLAS is told by what it lacks', () => {
  expect(inspectLibrary(process.platform === 'darwin' ? '/usr/lib/libz.dylib' : 'libc.so.6')).toBe('has no cblas_sgemm');
});

test('panels of a weight are for products of few rows; one of many reads the weight itself', () => {
  const model = { cell: 'lstm', layers: 2, hidden: 40, embedding: 0, vocabulary: 7, forgetBias: 1, initialisation: 'uniform', dropout: 0, conventions: {} } as const;
  const workload: Workload = { parameters: parameterShapes(model), jobs: [{ name: 'train', steps: 40, batch: 4, build: (rows) => trainingProgram(model, { steps: 40, rows }, 1) }], update: null };
  const panels = (takesSmall: boolean): string[] => planWorkload(workload, 1, blasProducts({ takesSmall })).panels.map(({ parameter, transposed, columns }) => `${parameter}${transposed ? 'ᵀ' : ''} by ${columns}`).toSorted();
  expect(panels(true)).toEqual(['layer0.Wh by 64', 'layer0.Whᵀ by 64', 'layer1.Wh by 64', 'layer1.Whᵀ by 64']);
  // Whole, and transposed.
  expect(panels(false)).toEqual(['layer0.Whᵀ by 40', 'layer1.Whᵀ by 40']);
});

describe.skipIf(missingBlas !== '')(`the system's BLAS${missingBlas}`, () => {
  test.each([true, false])('multiplies by panels as by the whole (small ones: %s)', (takesSmall) => {
    const memory = new WebAssembly.Memory({ initial: 32, maximum: 32, shared: true });
    const floats = new Float32Array(memory.buffer);
    const { blasPanels, blasProduct } = blasFunctions({ ...library!, takesSmall }, memory);
    const random = new Random(1);
    for (const { M, N, K } of [{ M: 3, N: 1, K: 1 }, { M: 5, N: 130, K: 300 }, { M: 25, N: 64, K: 128 }, { M: 1, N: 65, K: 129 }]) {
      const width = takesSmall ? 64 : N;
      const [a, b, panels, left, right] = [0, 1, 2, 3, 4].map((i) => 65536 * 4 * i);
      for (let i = 0; i < 65536; i++) floats[a / 4 + i] = floats[b / 4 + i] = random.uniform() - 0.5;
      for (let k = 0; k < K; k++) {
        for (let j = 0; j < N; j++) {
          const first = j - (j % width);
          floats[panels / 4 + K * first + k * Math.min(width, N - first) + (j - first)] = floats[b / 4 + k * N + j];
        }
      }
      floats.fill(0.25, left / 4, left / 4 + M * N);
      floats.fill(0.25, right / 4, right / 4 + M * N);
      for (const adds of [1, 0]) {
        blasPanels(M, N, K, a, K, panels, width, adds, left, N);
        blasProduct(0, 0, M, N, K, a, K, b, N, adds, right, N);
        const difference = Math.max(...Array.from({ length: M * N }, (_, i) => Math.abs(floats[left / 4 + i] - floats[right / 4 + i])));
        expect(difference).toBeLessThan(1e-5);
      }
    }
  });
});
