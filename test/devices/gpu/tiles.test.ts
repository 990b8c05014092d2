// Matrix products in tiles: how they are chosen, which properties of gpu.js they rely on, and that
// they compute matrix products.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { Pair } from '../../../src/diagnosis/pair.ts';
import type { Device, Workload } from '../../../src/devices/device.ts';
import { choiceFrom } from '../../../src/devices/environment.ts';
import { openWebGpu, releaseDevice } from '../../../src/devices/gpu/adapter.ts';
import { GpuExecutable } from '../../../src/devices/gpu/executable.ts';
import { compilePasses } from '../../../src/devices/gpu/passes.ts';
import { GPU } from '../../../src/devices/gpu/gpu-js.ts';
import { Kernels, Plan } from '../../../src/devices/gpu/plan.ts';
import { splice } from '../../../src/devices/gpu/splice.ts';
import { type ProductStyle, productStyles, sizeFor, tiledPartOf } from '../../../src/devices/gpu/tiles.ts';
import { Builder } from '../../../src/program/builder.ts';
import { type ParameterShape, type Program, type Value, countParameters } from '../../../src/program/value.ts';
import { Random } from '../../../src/random.ts';
import { isEverything } from '../../everything.ts';
import { root } from './helpers.ts';

type Kernel = Parameters<typeof splice>[0];

const software = await openWebGpu('software').then(
  () => '',
  (error: Error) => ` (skipped: ${error.message})`,
);

/** A program whose operands are weights. */
class Sketch {
  readonly ops = new Builder();
  readonly shapes: ParameterShape[] = [];

  matrix(rows: number, columns: number): Value {
    const name = `in${this.shapes.length}`;
    this.shapes.push({ name, rows, columns });
    return this.ops.parameter(name, rows, columns);
  }

  passes(outputs: Readonly<Record<string, Value>>, products: ProductStyle) {
    return compilePasses(this.program(outputs), { parameters: this.shapes, update: null, mostInputs: 7, products });
  }

  program(outputs: Readonly<Record<string, Value>>): Program {
    return this.ops.program(new Map(Object.entries(outputs)));
  }
}

function sourceOf(products: ProductStyle, m: number, k: number, n: number): string {
  const sketch = new Sketch();
  return sketch.passes({ y: sketch.ops.matmul(sketch.matrix(m, k), sketch.matrix(k, n)) }, products).passes[0].source;
}

describe('tiles', () => {
  it.each([
    [2048, 2048, 1, 64],
    [1024, 2048, 1, 64],
    [100, 2048, 3, 64],
    [100, 2048, 1, 32],
    [256, 512, 1, 32],
    [50, 512, 1, 16],
    [50, 128, 2, 16],
    [1, 1, 1, 16],
  ])(
    'of a product of %i×%i elements, %i in a pass, are as large as leaves enough of them',
    (rows, columns, planes, size) => {
      expect(sizeFor({ rows, columns }, planes)).toBe(size);
    },
  );

  it('are not used for a small product, or if they are switched off', () => {
    expect(tiledPartOf(sourceOf('auto', 50, 128, 512))?.size).toBe(16);
    expect(tiledPartOf(sourceOf('plain', 50, 128, 512))).toBeNull();
    for (const [m, k, n] of [
      [1, 128, 2048],
      [2000, 1, 2000],
      [10, 300, 10],
    ]) {
      expect(tiledPartOf(sourceOf('auto', m, k, n))).toBeNull();
      expect(tiledPartOf(sourceOf('tiled', m, k, n))).not.toBeNull();
    }
  });

  it('do not change the kernel that other modes run', () => {
    const tiled = sourceOf('tiled', 50, 128, 512);
    expect(tiled.replace(/\/\*[^]*\*\/\n/, '')).toBe(sourceOf('plain', 50, 128, 512));
  });
});

describe('RNN_GPU_PRODUCTS', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('chooses how products are computed', () => {
    const asked = (): ProductStyle | undefined => choiceFrom('RNN_GPU_PRODUCTS', productStyles);
    vi.stubEnv('RNN_GPU_PRODUCTS', undefined);
    expect(asked()).toBeUndefined();
    vi.stubEnv('RNN_GPU_PRODUCTS', 'tiled');
    expect(asked()).toBe('tiled');
    vi.stubEnv('RNN_GPU_PRODUCTS', 'fast');
    expect(asked).toThrow('RNN_GPU_PRODUCTS is fast: expected one of plain, tiled, auto');
  });
});

describe('the properties of gpu.js that tiles rely on', () => {
  const require = createRequire(join(root, 'package.json'));
  const { WebGPUKernel, Input } = require('gpu.js');
  const source = sourceOf('tiled', 9, 5, 11);

  /** As gpu.js builds it. Only the last step would use a GPU. */
  function assembled(of: string): Kernel & { compiledSource: string } {
    const kernel = new WebGPUKernel(of, { output: [11, 9] });
    kernel.build(new Input(new Float32Array(100), [100])).catch(() => {});
    return kernel;
  }

  it('are tested with the version in package.json', () => {
    const version = (path: string): { version: string; devDependencies: Record<string, string> } =>
      JSON.parse(readFileSync(path, 'utf8'));
    expect(version(join(root, 'package.json')).devDependencies['gpu.js']).toBe('2.24.1');
    expect(version(require.resolve('gpu.js/package.json')).version).toBe('2.24.1');
  });

  it('include the source of a small kernel', () => {
    const plain = assembled(sourceOf('plain', 9, 5, 11));
    const [kept, entry, ...rest] = plain.compiledSource.split('@compute');
    expect(rest).toEqual([]);
    expect(entry).toMatch(/^ @workgroup_size\(8, 8, 1\)\nfn main\(@builtin\(global_invocation_id\)/);
    expect(kept).toContain(
      'struct Params {\n  outputX : u32,\n  outputY : u32,\n  outputZ : u32,\n  dispatchWidth : u32,\n  user_p0_dims : vec4<u32>,\n}',
    );
    expect(kept).toContain('@group(0) @binding(0) var<uniform> params : Params;');
    expect(kept).toContain('@group(0) @binding(1) var<storage, read> user_p0 : array<f32>;');
    expect(kept).toContain('@group(0) @binding(2) var<storage, read_write> result : array<f32>;');
    expect(kept).toContain('fn get_user_p0(z : i32, y : i32, x : i32) -> f32 {');
    expect(plain).toMatchObject({ output: [11, 9], componentCount: 1, workgroupSize: [8, 8, 1] });
  });

  it('include the entry point at the end, which tiles replace', () => {
    const plain = assembled(sourceOf('plain', 9, 5, 11)).compiledSource;
    const kernel: Kernel = { source, workgroupSize: [8, 8, 1] };
    expect(splice({ ...kernel, source: sourceOf('plain', 9, 5, 11) }, plain)).toBe(plain);
    expect(splice(kernel, plain)).toBe(`${plain.slice(0, plain.indexOf('@compute'))}${tiledPartOf(source)!.wgsl}\n`);
    expect(kernel.workgroupSize).toEqual([16, 16, 1]);
  });

  it('include as many workgroups as cover the output', () => {
    const kernel = {
      workgroupSize: [32, 16, 1],
      output: [1, 1, 1],
      _device: { limits: { maxComputeWorkgroupsPerDimension: 65_535 } },
    };
    expect(WebGPUKernel.prototype['_computeDispatch'].call(kernel, [65, 33, 2]).groups).toEqual([3, 3, 2]);
  });

  it('include the names of functions and numbers that tiles use', () => {
    const seeded = 'function(b0, s1) { return fn_first(b0[this.thread.x] | 0) + s1; }';
    const kernel = new WebGPUKernel(seeded.replace('fn_first', 'first'), {
      output: [11, 9],
      functions: [
        {
          name: 'first',
          source: 'function first(x) { return x ^ 1; }',
          settings: { argumentTypes: { x: 'Integer' }, returnType: 'Integer' },
        },
      ],
    });
    kernel.build(new Input(new Float32Array(100), [100]), 3).catch(() => {});
    expect(kernel.compiledSource).toContain('fn fn_first(');
    expect(kernel.compiledSource).toContain('user_s1 : f32,');
  });
});

describe.skipIf(software !== '')(`products in tiles${software}`, () => {
  const gpu = software === '' ? new GPU({ mode: 'webgpu' }) : null;
  afterAll(async () => {
    await gpu?.destroy();
    await releaseDevice();
  });

  const device: Device = {
    name: 'tiles',
    description: 'all products in tiles',
    estimate: async () => 0,
    compile(workload) {
      const kernels = new Kernels('webgpu', 'tiled', gpu!);
      const jobs = workload.jobs.map((job) => ({
        job,
        list: compilePasses(job.build(job.batch), {
          parameters: workload.parameters,
          update: workload.update,
          mostInputs: 7,
          products: kernels.products,
        }),
      }));
      return Promise.resolve(
        new GpuExecutable(workload, jobs, {
          description: '',
          memoryBytes: 0,
          kernels,
          health: { takeErrors: () => [], isLost: () => false, count: () => 1 },
        }),
      );
    },
    close: () => Promise.resolve(),
  };

  /**
   * Sums of products of operands in both orientations, some of which share a pass, with all
   * operations that precede the storing of a result.
   */
  function workloadOf(m: number, k: number, n: number): Workload {
    const sketch = new Sketch();
    const { ops } = sketch;
    const matrix = (rows: number, columns: number): Value => sketch.matrix(rows, columns);
    const made = (rows: number, columns: number): Value => ops.scale(matrix(rows, columns), 1.5);
    const product = (
      transposeA: boolean,
      transposeB: boolean,
      options: { bias?: Value; plus?: Value } = {},
      inner = k,
    ): Value =>
      ops.matmul(transposeA ? matrix(inner, m) : made(m, inner), transposeB ? made(n, inner) : matrix(inner, n), {
        transposeA,
        transposeB,
        ...options,
      });
    const gates = product(false, false, { bias: matrix(1, n), plus: product(true, false, {}, 1 + k) });
    const half = Math.ceil(n / 2);
    const program = sketch.program({
      'a·b': product(false, false),
      'aᵀ·bᵀ + c·d': product(true, true, { plus: product(false, false, {}, 17) }),
      'a·bᵀ + x': product(false, true, { plus: made(m, n) }),
      'relu(aᵀ·b)': ops.elementwise('relu', [product(true, false)]),
      'part · part of a weight': ops.matmul(
        ops.part(made(m + 2, k + 3), { row: 2, column: 1 }, m, k),
        ops.part(matrix(k + 1, n + 4), { row: 1, column: 3 }, k, n),
      ),
      'left gate': ops.sigmoid(ops.columns(gates, 0, half)),
      ...(n > half
        ? {
            'right gate': ops.multiply(
              ops.tanh(ops.columns(gates, half, n - half)),
              ops.columns(made(m, n), half, n - half),
            ),
          }
        : {}),
    });
    return {
      parameters: sketch.shapes,
      jobs: [{ name: 'probe', steps: m, batch: 1, build: () => program }],
      update: null,
    };
  }

  // Only a few, because a software GPU takes a second to compile each tiled kernel. The same lines
  // write the larger tiles.
  it.for([
    [65, 130, 33, 16],
    [700, 33, 190, 32],
    [4100, 17, 65, 64],
  ])(
    'of %i×%i by %i are those of the reference (tiles of %i; those above 16 only with RNN_TEST=all)',
    async ([m, k, n, size], { skip }) => {
      skip(size > 16 && !isEverything);
      const workload = workloadOf(m, k, n);
      const [{ build, batch }] = workload.jobs;
      const { passes } = compilePasses(build(batch), {
        parameters: workload.parameters,
        update: null,
        mostInputs: 7,
        products: 'tiled',
      });
      const sizes = passes.flatMap(({ source }) => tiledPartOf(source)?.size ?? []);
      expect(sizes).toContain(size);
      expect(
        passes.some(({ source, shape }) => tiledPartOf(source) !== null && shape.kind === 'planes' && shape.planes > 1),
      ).toBe(true);
      const random = new Random(3);
      const values = Float32Array.from(
        { length: countParameters(workload.parameters) },
        () => 2 * random.uniform() - 1,
      );
      const { worst, tolerance, where } = await Pair.compare(device, workload, async (pair) => {
        await pair.write({ kind: 'parameters' }, values);
        await pair.run('probe', [{ ids: new Int32Array(m) }]);
      });
      expect(worst, where).toBeLessThanOrEqual(tolerance);
    },
  );

  it('run within a plan that is one submission, with the results of plain products', async () => {
    const sketch = new Sketch();
    const first = sketch.ops.tanh(sketch.ops.matmul(sketch.matrix(20, 30), sketch.matrix(30, 40)));
    const outputs = { y: sketch.ops.matmul(first, sketch.matrix(40, 50)) };
    const weights = Float32Array.from({ length: countParameters(sketch.shapes) }, (_, i) => Math.sin(i));
    const [plain, tiled] = await Promise.all(
      (['plain', 'tiled'] as const).map(async (products) => {
        const list = sketch.passes(outputs, products);
        // It refuses kernels that the fused encoder does not run.
        const plan = new Plan(list, new Kernels('webgpu', products, gpu!), 1);
        const results = await plan.run(new Map([['weights', weights]]), [new Map()]);
        await plan.close();
        return results.calls[0].outputs.get(list.outputs.get('y')!.pass)!;
      }),
    );
    expect(tiled).toHaveLength(1000);
    const largest = Math.max(...plain.map(Math.abs));
    expect(Math.max(...tiled.map((x, i) => Math.abs(x - plain[i])))).toBeLessThan(2e-6 * largest);
    // The sums are in another order, because the kernels differ.
    expect(tiled).not.toEqual(plain);
  });
});
