// The kernels that move and multiply matrices, in both builds, compared with plain float64 loops at
// awkward sizes, with guards around every output.
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  gemmPanelsScratch,
  gemmTransposedAScratch,
  instantiateKernels,
  loadKernels,
  packedPanelsSize,
} from '../../../src/devices/cpu/kernels.ts';
import { EPSILON, GUARD, dot, dotTolerance, open, worst } from './kernel-memory.ts';

describe.each(['portable', 'relaxed'] as const)('%s kernels', (variant) => {
  const shapes: [number, number, number][] = [
    [1, 1, 1],
    [1, 8, 3],
    [1, 65, 128],
    [1, 131, 257],
    [1, 48, 513],
    [2, 7, 5],
    [3, 65, 300],
    [4, 9, 17],
    [5, 16, 31],
    [6, 8, 256],
    [7, 13, 11],
    [11, 24, 257],
    [13, 65, 128],
    [25, 40, 64],
    [29, 37, 41],
    [97, 17, 259],
    [289, 9, 7],
    [601, 11, 13],
  ];

  for (const [M, N, K] of shapes) {
    for (const accumulate of [0, 1]) {
      test(`gemmPanels (${M}, ${N}, ${K}) ${accumulate ? 'adds to C' : 'replaces C'}, with and without bias, B plain and transposed`, async () => {
        const { kernels, matrix } = await open(variant);
        for (const transposed of [0, 1]) {
          for (const withBias of [0, 1]) {
            const a = matrix(M, K, K + 3);
            const b = transposed ? matrix(N, K, K + 1) : matrix(K, N, N + 5);
            const bias = matrix(1, N);
            const c = matrix(M, N, N + 2, accumulate ? undefined : () => Number.NaN);
            const before = c.values();
            const panels = matrix(1, packedPanelsSize(K, N));
            const scratch = matrix(1, gemmPanelsScratch(M, K));
            const count = Math.ceil(N / 8);
            const middle = count >> 1;
            kernels.packPanels(b.address, b.ld, K, N, transposed, panels.address, middle, count);
            kernels.packPanels(b.address, b.ld, K, N, transposed, panels.address, 0, middle);
            kernels.gemmPanels(
              M,
              N,
              K,
              a.address,
              a.ld,
              panels.address,
              c.address,
              c.ld,
              accumulate,
              withBias ? bias.address : 0,
              scratch.address,
            );
            const expected = Array.from({ length: M }, (_, r) =>
              Array.from({ length: N }, (_, j) => {
                const start = [...(accumulate ? [before[r]![j]!] : []), ...(withBias ? [bias.at(0, j)] : [])];
                return dot(
                  K,
                  (k) => a.at(r, k),
                  (k) => (transposed ? b.at(j, k) : b.at(k, j)),
                  start,
                );
              }),
            );
            const error = worst(
              c.values(),
              (r, j) => expected[r]![j]!.sum,
              (r, j) => EPSILON * expected[r]![j]!.magnitude,
            );
            expect(error).toBeLessThanOrEqual(dotTolerance(K));
            for (const m of [a, b, bias, c, panels, scratch]) expect(m.guardsHold()).toBe(true);
          }
        }
      });
    }
  }

  test('packPanels pads with zeros and packs only the requested panels', async () => {
    const { kernels, matrix } = await open(variant);
    for (const transposed of [0, 1]) {
      const K = 7;
      const N = 45;
      const b = transposed ? matrix(N, K, K + 2) : matrix(K, N, N + 2);
      const out = matrix(1, packedPanelsSize(K, N), undefined, () => GUARD);
      kernels.packPanels(b.address, b.ld, K, N, transposed, out.address, 1, 6);
      for (let j = 0; j < 48; j++) {
        for (let k = 0; k < K; k++) {
          const inside = transposed ? () => b.at(j, k) : () => b.at(k, j);
          const expected = j < 8 ? GUARD : j < N ? inside() : 0;
          expect(out.at(0, (j >> 3) * 8 * K + 8 * k + (j & 7))).toBe(expected);
        }
      }
      expect(out.guardsHold()).toBe(true);
    }
  });

  test('gemmPanels gives a row the same bits alone, in any batch, and again', async () => {
    const { kernels, matrix } = await open(variant);
    const [M, N, K] = [31, 67, 300];
    const a = matrix(M, K);
    const b = matrix(K, N);
    const bias = matrix(1, N);
    const panels = matrix(1, packedPanelsSize(K, N));
    const scratch = matrix(1, gemmPanelsScratch(M, K));
    kernels.packPanels(b.address, N, K, N, 0, panels.address, 0, Math.ceil(N / 8));
    const run = (from: number, rows: number) => {
      const c = matrix(rows, N);
      kernels.gemmPanels(
        rows,
        N,
        K,
        a.address + from * K * 4,
        K,
        panels.address,
        c.address,
        N,
        0,
        bias.address,
        scratch.address,
      );
      return c.bits();
    };
    const whole = run(0, M);
    expect(run(0, M)).toEqual(whole);
    for (const rows of [1, 2, 3, 4, 5, 6, 7, 12]) {
      for (const from of [0, 3, M - rows]) expect(run(from, rows)).toEqual(whole.slice(from * N, (from + rows) * N));
    }
  });

  const transposedShapes: [number, number, number][] = [
    [1, 1, 1],
    [3, 65, 2],
    [5, 7, 257],
    [8, 32, 64],
    [13, 31, 300],
    [17, 65, 127],
    [64, 40, 37],
    [291, 35, 19],
    [30, 33, 1250],
  ];
  for (const [M, N, K] of transposedShapes) {
    test(`gemmTransposedA (${M}, ${N}, ${K}), adding and replacing`, async () => {
      const { kernels, matrix } = await open(variant);
      for (const accumulate of [0, 1]) {
        const a = matrix(K, M, M + 3);
        const b = matrix(K, N, N + 1);
        const c = matrix(M, N, N + 2, accumulate ? undefined : () => Number.NaN);
        const before = c.values();
        const scratch = matrix(1, gemmTransposedAScratch(M, K));
        kernels.gemmTransposedA(
          M,
          N,
          K,
          a.address,
          a.ld,
          b.address,
          b.ld,
          c.address,
          c.ld,
          accumulate,
          scratch.address,
        );
        const expected = before.map((row, r) =>
          row.map((value, j) =>
            dot(
              K,
              (k) => a.at(k, r),
              (k) => b.at(k, j),
              accumulate ? [value] : [],
            ),
          ),
        );
        const error = worst(
          c.values(),
          (r, j) => expected[r]![j]!.sum,
          (r, j) => EPSILON * expected[r]![j]!.magnitude,
        );
        expect(error).toBeLessThanOrEqual(dotTolerance(K));
        for (const m of [a, b, c, scratch]) expect(m.guardsHold()).toBe(true);
      }
    });
  }

  test('products with a NaN are NaN', async () => {
    const { kernels, matrix } = await open(variant);
    const a = matrix(3, 4);
    const b = matrix(4, 5);
    const scratch = matrix(1, 1000);
    const panels = matrix(1, packedPanelsSize(4, 5));
    kernels.packPanels(b.address, 5, 4, 5, 0, panels.address, 0, 1);
    const c = matrix(3, 5);
    a.set(1, 2, Number.NaN);
    kernels.gemmPanels(3, 5, 4, a.address, 4, panels.address, c.address, 5, 0, 0, scratch.address);
    expect(c.values().map((row) => row.map(Number.isNaN))).toEqual(
      [false, true, false].map((nan) => Array.from({ length: 5 }, () => nan)),
    );
  });

  const rowShapes: [number, number][] = [
    [1, 1],
    [2, 3],
    [3, 8],
    [5, 17],
    [13, 65],
    [31, 128],
    [7, 31],
  ];
  for (const [rows, columns] of rowShapes) {
    test(`row kernels at (${rows}, ${columns})`, async () => {
      const { kernels, matrix, identifiers } = await open(variant);
      const table = matrix(5, columns, columns + 1);
      const ids = Array.from({ length: rows }, (_, r) => (r * 3 + 4) % 5);
      const idsAddress = identifiers(ids);
      const bias = matrix(1, columns);
      const out = matrix(rows, columns, columns + 3);
      kernels.gather(rows, columns, table.address, table.ld, idsAddress, out.address, out.ld, 0);
      expect(out.values()).toEqual(ids.map((id) => table.values()[id]));
      kernels.gather(rows, columns, table.address, table.ld, idsAddress, out.address, out.ld, bias.address);
      expect(out.values()).toEqual(ids.map((id) => table.values()[id]!.map((x, j) => Math.fround(x + bias.at(0, j)))));

      const x = matrix(rows, columns, columns + 2);
      const scattered = table.values();
      for (const [r, id] of ids.entries())
        for (let j = 0; j < columns; j++) scattered[id]![j] = Math.fround(scattered[id]![j]! + x.at(r, j));
      kernels.scatterAdd(rows, columns, x.address, x.ld, idsAddress, table.address, table.ld);
      expect(table.values()).toEqual(scattered);

      const to = matrix(rows, columns, columns + 4);
      const sum = to.values().map((row, r) => row.map((value, j) => Math.fround(value + x.at(r, j))));
      kernels.addRows(rows, columns, x.address, x.ld, to.address, to.ld);
      expect(to.values()).toEqual(sum);
      kernels.copyRows(rows, columns, x.address, x.ld, to.address, to.ld);
      expect(to.values()).toEqual(x.values());

      const across = matrix(columns, rows, rows + 3);
      kernels.transposeRows(rows, columns, x.address, x.ld, across.address, across.ld);
      expect(across.values()).toEqual(
        Array.from({ length: columns }, (_, j) => Array.from({ length: rows }, (__, r) => x.at(r, j))),
      );
      expect(across.guardsHold()).toBe(true);

      kernels.zero(to.address, columns * 4);
      expect(to.values()).toEqual(x.values().map((row, r) => (r === 0 ? row.map(() => 0) : row)));
      for (const m of [table, bias, out, x, to]) expect(m.guardsHold()).toBe(true);
    });
  }

  test('kernels work at addresses above 2 GB', async () => {
    // 2 GB + 64 KiB. Untouched pages do not use memory.
    const memory = new WebAssembly.Memory({ initial: 32769, maximum: 32769, shared: true });
    const kernels = instantiateKernels((await loadKernels(variant)).module, memory);
    const base = 2 ** 31 + 1024;
    const floats = new Float32Array(memory.buffer, base, 1024);
    floats.set([1, 2, 3, 4, 5, 6]); // A (2, 3)
    floats.set([1, 0, 0, 1, 1, 1], 16); // B (3, 2)
    kernels.packPanels(base + 64, 2, 3, 2, 0, base + 256, 0, 1);
    kernels.gemmPanels(2, 2, 3, base, 3, base + 256, base + 512, 2, 0, 0, base + 1024);
    expect(Array.from(floats.subarray(128, 132))).toEqual([4, 5, 10, 11]);
  });

  test('the module runs in a worker thread on the same memory', async () => {
    const { module } = await loadKernels(variant);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    new Float32Array(memory.buffer).set([3, 4], 16);
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const { exports } = new WebAssembly.Instance(workerData.module, { env: { memory: workerData.memory } });
       parentPort.postMessage(exports.sumOfSquares(64, 2));`,
      { eval: true, workerData: { module, memory } },
    );
    const answer = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    expect(answer).toBe(25);
    await worker.terminate();
  });
});

test('each build is compiled once', async () => {
  expect((await loadKernels('portable')).variant).toBe('portable');
  expect(await loadKernels()).toBe(await loadKernels());
});
