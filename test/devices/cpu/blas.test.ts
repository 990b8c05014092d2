import { afterEach, describe, expect, test, vi } from 'vitest';
import { alikeProducts } from '../../../src/devices/cpu/blas/alike.ts';
import { type Attempt, attempt, chooseBlas, firstThatServes } from '../../../src/devices/cpu/blas/choose.ts';
import { type BlasLibrary, inspectLibrary } from '../../../src/devices/cpu/blas/library.ts';
import { blasFunctions, blasProducts, functionsOf } from '../../../src/devices/cpu/blas/products.ts';
import { type Shape, compareBits, worstOfSgemm } from '../../../src/devices/cpu/blas/trial.ts';
import { compileForCpu } from '../../../src/devices/cpu/executable.ts';
import { koffi, koffiProblem } from '../../../src/devices/cpu/foreign.ts';
import { type Plan, planWorkload as planInPieces } from '../../../src/devices/cpu/plan.ts';
import type { Device, Workload } from '../../../src/devices/device.ts';
import { openDevice } from '../../../src/devices/open.ts';
import { RnnError } from '../../../src/errors.ts';
import { networkProgram, trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { runAtOnce } from '../../../src/pieces.ts';
import { parityChecks } from '../../parity/compare.ts';
import { Random } from '../../../src/random.ts';
import { isEverything } from '../../everything.ts';
import { gemmPanelsScratch, instantiateKernels, packedPanelsSize } from '../../../src/devices/cpu/kernels.ts';
import { kernels, library as found, missingBlas } from './helpers.ts';

const planWorkload = (...given: Parameters<typeof planInPieces>): Plan => runAtOnce(planInPieces(...given));

const fake = (path: string): BlasLibrary => ({
  path,
  name: path === 'unknown' ? path : `Fast 1.0 ${path}`,
  suffix: '',
  wide: false,
  takesSmall: false,
  oneCaller: path.includes('one'),
});
const looking =
  (worst: Readonly<Record<string, number>>) =>
  (path: string): Attempt =>
    attempt(
      path,
      kernels,
      () => (path in worst ? fake(path) : 'cannot be opened'),
      () => worst[path],
    );

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

afterEach(() => vi.unstubAllEnvs());

describe('the choice of a BLAS', () => {
  test('passes over what is missing, wrong or unknown, with the reason, and takes the first that serves', () => {
    const { library: chosen, trials } = firstThatServes(
      ['missing', 'wrong', 'nan', 'unknown', 'one', 'good', 'better'],
      looking({ wrong: 0.1, nan: NaN, unknown: 0, one: 0, good: 1e-6, better: 0 }),
    );
    expect(chosen?.path).toBe('good');
    expect(trials.map(({ path, used, reason }) => `${path} ${used}: ${reason}`)).toEqual([
      'missing false: cannot be opened',
      'wrong false: its products are wrong by 1.0e-1',
      'nan false: its products are wrong by NaN',
      'unknown false: it may be a slow one; --blas unknown uses it all the same',
      'one false: built without threads, so calls from several may not be safe',
      'good true: computes what the embedded kernels do',
    ]);
  });

  test('is none where none serves', () => {
    expect(firstThatServes(['unknown', 'missing'], looking({ unknown: 0 }))).toMatchObject({
      library: null,
    });
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
    await expect(openDevice('cpu', { blas: 'no-such-library' })).rejects.toThrow(
      /the BLAS no-such-library cannot be used: /,
    );
    await expect(openDevice('cpu', { blas: 'no-such-library' })).rejects.toBeInstanceOf(RnnError);
  });

  test('is not made for one text, which uses none, nor for little work', async () => {
    const device = await openDevice('cpu', { blas: 'no-such-library', work: { kind: 'sampling', multiplyAdds: 0 } });
    expect(device.description).toMatch(/^cpu: WebAssembly/);
    await device.close();
    await expect(
      openDevice('cpu', { blas: 'no-such-library', work: { kind: 'sampling', multiplyAdds: 1e10 } }),
    ).rejects.toThrow('cannot be used');
  });
});

describe('the trial of a library', () => {
  /** Products by plain loops, of which `spoil` changes the first element. */
  const worstWith = (spoil: (value: number) => number): number => {
    let floats: Float32Array = new Float32Array(0);
    return worstOfSgemm(
      (transposeA, transposeB, M, N, K, a, lda, b, ldb, accumulate, c, ldc) => {
        for (let i = 0; i < M; i++) {
          for (let j = 0; j < N; j++) {
            let sum = accumulate * floats[c / 4 + i * ldc + j];
            for (let k = 0; k < K; k++)
              sum +=
                floats[a / 4 + (transposeA ? k * lda + i : i * lda + k)] *
                floats[b / 4 + (transposeB ? j * ldb + k : k * ldb + j)];
            floats[c / 4 + i * ldc + j] = sum;
          }
        }
        floats[c / 4] = spoil(floats[c / 4]);
      },
      kernels,
      (memory) => {
        floats = new Float32Array(memory.buffer);
        return 0;
      },
    );
  };

  test('finds right products right, whichever side is transposed', () => {
    expect(worstWith((x) => x)).toBeLessThan(1e-5);
  });

  test('sees a single number that is wrong, or none at all', () => {
    expect(worstWith((x) => x + 0.01)).toBeGreaterThan(0.009);
    expect(worstWith(() => NaN)).toBeNaN();
  });
});

describe('products that must not depend on how many rows there are', () => {
  const workload: Workload = {
    parameters: parameterShapes(model),
    jobs: [
      {
        name: 'sample',
        steps: 1,
        batch: 4,
        build: (rows) => networkProgram(model, { steps: 1, rows }, { outputs: 'logits' }),
      },
    ],
    update: null,
  };
  const panels = (takesSmall: boolean, isAlike: (shape: Shape) => boolean): string[] =>
    planWorkload(workload, 1, alikeProducts({ takesSmall }, isAlike))
      .panels.map(({ parameter, columns }) => `${parameter} by ${columns}`)
      .toSorted();

  test("are a library's where it gives the same bits for every block, else of the embedded kernels", () => {
    expect(panels(true, () => true)).toEqual(['head.W by 64', 'layer0.Wh by 64', 'layer1.Wh by 64', 'layer1.Wx by 64']);
    // 160 columns are two blocks of 64 and one of 32; the output has 7.
    expect(panels(true, ({ N }) => N !== 32)).toEqual([
      'head.W by 64',
      'layer0.Wh by 8',
      'layer1.Wh by 8',
      'layer1.Wx by 8',
    ]);
    expect(panels(false, () => true)).toEqual(['head.W by 8', 'layer0.Wh by 8', 'layer1.Wh by 8', 'layer1.Wx by 8']);
  });

  test('are compared bit by bit', () => {
    const shape: Shape = { M: 4, N: 40, K: 200 };
    expect([comparisonWith((x) => x)(shape), comparisonWith((x) => x * (1 + 2 ** -23))(shape)]).toEqual([true, false]);
  });

  /** With the embedded kernels themselves, of which `spoil` changes the last element. */
  function comparisonWith(spoil: (value: number) => number): (shape: Shape) => boolean {
    let memory: WebAssembly.Memory;
    return compareBits(
      (_ta, _tb, M, N, K, a, lda, b, ldb, accumulate, c, ldc) => {
        const { packPanels, gemmPanels } = instantiateKernels(kernels.module, memory);
        const free = memory.buffer.byteLength - 4 * (packedPanelsSize(K, N) + gemmPanelsScratch(M, K));
        packPanels(b, ldb, K, N, 0, free, 0, Math.ceil(N / 8));
        gemmPanels(M, N, K, a, lda, free, c, ldc, accumulate, 0, free + 4 * packedPanelsSize(K, N));
        const floats = new Float32Array(memory.buffer);
        floats[c / 4 + M * ldc - 1] = spoil(floats[c / 4 + M * ldc - 1]);
      },
      kernels,
      (its) => {
        memory = its;
        return 0;
      },
    );
  }
});

test.skipIf(koffiProblem() !== null || process.platform !== 'linux')(
  'a library that is no BLAS is told by what it lacks',
  () => {
    expect(inspectLibrary('libc.so.6')).toBe('has no cblas_sgemm');
  },
);

test('addresses from 2 GiB on, which come as negative numbers, are counted from the start of the memory', () => {
  const places: number[][] = [];
  const { blasProduct, blasPanels } = functionsOf((...[, , , , , a, , b, , , c]) => void places.push([a, b, c]), 1e12);
  blasProduct(0, 0, 1, 1, 1, -(2 ** 31), 1, -4, 1, 0, 4, 1);
  expect(places.pop()).toEqual([1e12 + 2 ** 31, 1e12 + 2 ** 32 - 4, 1e12 + 4]);
  blasPanels(1, 1, 1, -(2 ** 31), 1, -4, 64, 128, 0, 4, 1);
  expect(places.pop()).toEqual([1e12 + 2 ** 31, 1e12 + 2 ** 32 - 4, 1e12 + 4]);
});

test('a thread that cannot load the library ends the start with its error, and is not waited for', async () => {
  const job = {
    name: 'train',
    steps: 2,
    batch: 8,
    build: (rows: number) => trainingProgram(model, { steps: 2, rows }, 1),
  };
  const given: Workload = { parameters: parameterShapes(model), jobs: [job], update: null };
  await expect(
    compileForCpu(
      given,
      planWorkload(given, 2, blasProducts(fake('no-such-library'))),
      kernels,
      fake('no-such-library'),
    ),
  ).rejects.toThrow(/cannot open|koffi|load/);
});

test('panels of a weight are for products of few rows; one of many reads the weight itself', () => {
  const workload: Workload = {
    parameters: parameterShapes(model),
    jobs: [{ name: 'train', steps: 40, batch: 4, build: (rows) => trainingProgram(model, { steps: 40, rows }, 1) }],
    update: null,
  };
  const panels = (takesSmall: boolean): string[] =>
    planWorkload(workload, 1, blasProducts({ takesSmall }))
      .panels.map(({ parameter, transposed, columns }) => `${parameter}${transposed ? 'ᵀ' : ''} by ${columns}`)
      .toSorted();
  expect(panels(true)).toEqual(['layer0.Wh by 64', 'layer0.Whᵀ by 64', 'layer1.Wh by 64', 'layer1.Whᵀ by 64']);
  // Whole, and transposed.
  expect(panels(false)).toEqual(['layer0.Whᵀ by 40', 'layer1.Whᵀ by 40']);
});

describe.skipIf(missingBlas !== '')(`the system's BLAS${missingBlas}`, () => {
  test.each([true, false])('multiplies by panels as by the whole (small ones: %s)', (takesSmall) => {
    const memory = new WebAssembly.Memory({ initial: 32, maximum: 32, shared: true });
    const floats = new Float32Array(memory.buffer);
    const { blasPanels, blasProduct } = blasFunctions({ ...found!, takesSmall }, memory);
    const random = new Random(1);
    for (const { M, N, K } of [
      { M: 3, N: 1, K: 1 },
      { M: 5, N: 130, K: 300 },
      { M: 25, N: 64, K: 128 },
      { M: 1, N: 65, K: 129 },
    ]) {
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
        blasPanels(M, N, K, a, K, panels, width, takesSmall ? 128 : K, adds, left, N);
        blasProduct(0, 0, M, N, K, a, K, b, N, adds, right, N);
        const difference = Math.max(
          ...Array.from({ length: M * N }, (_, i) => Math.abs(floats[left / 4 + i] - floats[right / 4 + i])),
        );
        expect(difference).toBeLessThan(1e-5);
      }
    }
  });

  test.skipIf(!found?.name.startsWith('OpenBLAS'))('is told to use one thread: the workers are the threads', () => {
    blasFunctions(found!, new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
    expect(koffi().load(found!.path).func(`int openblas_get_num_threads${found!.suffix}()`)()).toBe(1);
  });

  describe.each([true, false])(
    'computes what programs mean, whether it is given blocks of weights or not (%s)',
    (takesSmall) => {
      const device: Device = {
        name: 'cpu',
        description: 'cpu',
        estimate: async () => 0,
        compile: (workload) =>
          compileForCpu(workload, planWorkload(workload, 2, blasProducts({ takesSmall })), kernels, {
            ...found!,
            takesSmall,
          }),
        close: () => Promise.resolve(),
      };
      test.each(
        parityChecks
          .filter(
            ({ name }) =>
              (isEverything ? name.includes('lstm') : name.startsWith('lstm: ')) || name.startsWith('products'),
          )
          .map((check) => [check.name, check] as const),
      )('%s', async (_, check) => {
        const { worst, tolerance, where } = await check.run(device);
        expect(worst, where).toBeLessThanOrEqual(tolerance);
      });
    },
  );
});
