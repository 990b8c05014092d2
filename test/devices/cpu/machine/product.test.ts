import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gemmPanelsScratch, gemmTransposedAScratch, packedPanelsSize } from '../../../../src/devices/cpu/kernels.ts';
import type { InstructionSet } from '../../../../src/devices/cpu/machine/operands.ts';
import { type ProductShape, productScratch } from '../../../../src/devices/cpu/machine/product.ts';
import { panelColumns } from '../../../../src/devices/cpu/machine/tile.ts';
import { Random } from '../../../../src/random.ts';
import { isEverything } from '../../../everything.ts';
import { floats, isFused, kernels, runCode, widths } from './helpers.ts';

const random = new Random(11);
const below = (limit: number): number => Math.floor(random.uniform() * limit);
const addends = ['nothing', 'c', 'bias'] as const;

/** A shape with strides that may be larger than its rows. */
function shapeOf(M: number, N: number, K: number, transposedA: boolean): ProductShape {
  const addend = addends[below(transposedA ? 2 : 3)];
  return { M, N, K, transposedA, lda: (transposedA ? M : K) + below(4), ldb: N + below(4), ldc: N + below(4), addend };
}

/** The first element of each operand, 16 elements after the end of the previous one. */
function places(sizes: readonly number[]): number[] {
  let next = 16;
  return sizes.map((size) => {
    const at = next;
    next = Math.ceil((next + size + 16) / 16) * 16;
    return at;
  });
}

/** C by WebAssembly and by machine code, with the surrounding memory. */
function both(
  shape: ProductShape,
  width: InstructionSet,
  scale = 1,
): { readonly expected: Float32Array; readonly got: Float32Array } {
  const { M, N, K, transposedA, lda, ldb, ldc, addend } = shape;
  const columns = panelColumns(width);
  const panelElements = Math.ceil(N / columns) * columns * K;
  const scratch = transposedA ? gemmTransposedAScratch(M, K) : gemmPanelsScratch(M, K);
  const [a, b, c, bias, panels, work] = places([
    (transposedA ? K : M) * lda,
    K * ldb,
    M * ldc + 16,
    N,
    Math.max(panelElements, packedPanelsSize(K, N)),
    Math.max(scratch, productScratch(shape, width)),
  ]);
  for (let at = 0; at < panels; at++) floats[at] = scale * (2 * random.uniform() - 1);
  const before = floats.slice(c - 16, c + M * ldc + 16);
  const after = (): Float32Array => floats.slice(c - 16, c + M * ldc + 16);
  const accumulate = Number(addend === 'c');
  if (transposedA) kernels.gemmTransposedA(M, N, K, 4 * a, lda, 4 * b, ldb, 4 * c, ldc, accumulate, 4 * work);
  else {
    kernels.packPanels(4 * b, ldb, K, N, 0, 4 * panels, 0, Math.ceil(N / 8));
    const added = addend === 'bias' ? 4 * bias : 0;
    kernels.gemmPanels(M, N, K, 4 * a, lda, 4 * panels, 4 * c, ldc, accumulate, added, 4 * work);
  }
  const expected = after();
  floats.set(before, c - 16);
  floats.fill(0, panels, panels + panelElements);
  for (let k = 0; k < K; k++)
    for (let j = 0; j < N; j++)
      floats[panels + Math.floor(j / columns) * columns * K + k * columns + (j % columns)] = floats[b + k * ldb + j];
  const at = (element: number): { readonly fixed: number } => ({ fixed: 4 * element });
  runCode(width, (writer) =>
    writer.product(shape, { a: at(a), b: at(transposedA ? b : panels), c: at(c), bias: at(bias), scratch: at(work) }),
  );
  return { expected, got: after() };
}

/** Sizes that cover each way in which a product is divided. */
const chosen = [
  [1, 2048, 512],
  [3, 300, 300],
  [25, 512, 128],
  [96, 65, 257],
  [97, 100, 520],
  [400, 33, 300],
  [770, 64, 20],
  [5, 800, 256],
] as const;

describe.skipIf(widths.length === 0 || !isFused)(
  'products in machine code (skipped if machine code or fused WebAssembly is missing)',
  () => {
    const expectSameBits = (shape: ProductShape, width: InstructionSet, scale = 1): void => {
      const { expected, got } = both(shape, width, scale);
      const wrong = Array.from(expected.keys()).filter((at) => !Object.is(got[at], expected[at]));
      expect(wrong.slice(0, 5), `${width} ${JSON.stringify(shape)}`).toEqual([]);
    };

    it.each(widths)('have the same bits as products in WebAssembly, with vectors of %s', (width) => {
      for (let each = 0; each < (isEverything ? 2000 : 150); each++)
        expectSameBits(
          shapeOf(1 + below(60), 1 + below(140), 1 + below(each % 8 === 0 ? 600 : 60), each % 2 === 0),
          width,
        );
      for (const [M, N, K] of chosen)
        for (const transposed of [false, true]) expectSameBits(shapeOf(M, N, K, transposed), width);
      // Products that underflow to 0, some of them to −0.
      for (const transposed of [false, true])
        expectSameBits({ ...shapeOf(9, 40, 1, transposed), addend: 'nothing' }, width, 1e-24);
    });

    it.skipIf(!isEverything).each(widths)(
      'have the same bits for all rows and columns up to 40, with vectors of %s (only with RNN_TEST=all)',
      (width) => {
        for (let M = 1; M <= 40; M++)
          for (let N = 1; N <= 40; N++)
            for (const transposed of [false, true]) expectSameBits(shapeOf(M, N, 1 + below(40), transposed), width);
      },
      120_000,
    );

    // 10 million calls with RNN_TEST=all, else 200,000.
    it('do not touch memory beyond their operands, and can be called from two threads', () => {
      const script = resolve(import.meta.dirname, 'guarded.js');
      const { status, stdout, stderr } = spawnSync(process.execPath, [script, isEverything ? '10000000' : '200000'], {
        encoding: 'utf8',
      });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
    }, 60_000);

    it('refuse an operand that reaches beyond the memory', () => {
      const shape = { ...shapeOf(4, 4, 4, false), lda: 4, ldc: 4, addend: 'nothing' as const };
      const bytes = floats.byteLength;
      const operands = { a: { fixed: 0 }, b: { fixed: 1024 }, c: { fixed: 0 }, bias: null, scratch: { fixed: 0 } };
      const write = (c: number): void =>
        runCode(widths[0], (writer) => writer.product(shape, { ...operands, c: { fixed: c } }));
      expect(() => write(bytes - 60)).toThrow(`cannot use 64 bytes from byte ${bytes - 60}: `);
      expect(() => write(-4)).toThrow('from byte -4');
      write(bytes - 64);
      for (const wrong of [
        { M: 0 },
        { K: 0 },
        { addend: 'bias' as const },
        { transposedA: true, addend: 'bias' as const },
      ])
        expect(() => runCode(widths[0], (writer) => writer.product({ ...shape, ...wrong }, operands))).toThrow(
          'cannot write machine code for',
        );
    });
  },
);
