// Every WebAssembly kernel, in both builds, against plain float64 loops at awkward sizes, with guards around every output.
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  gemmPanelsScratch,
  gemmTransposedAScratch,
  instantiateKernels,
  loadKernels,
  packedPanelsSize,
} from '../../../src/devices/cpu/kernels.ts';
import type { KernelVariant } from '../../../src/devices/cpu/kernels.ts';
import { sweep, ulp } from './floats.ts';

/** One rounding of float32, relative. */
const EPSILON = 2 ** -24;
/** Fills the space between and around outputs; no kernel computes it, and no arithmetic on the data gives it. */
const GUARD = 123456.75;

/** A page-sized bump allocator over a fresh memory, and matrices whose padding and surroundings are guarded. */
async function open(variant: KernelVariant, pages = 256) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernels = instantiateKernels((await loadKernels(variant)).module, memory);
  const floats = new Float32Array(memory.buffer);
  const integers = new Int32Array(memory.buffer);
  let top = 64;
  let state = 12345;

  /** Uniform in [-1, 1); fixed seed. */
  function random(): number {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  }
  /** A (rows, columns) matrix with a leading dimension of `ld`, guards in the padding and for 16 elements on both sides. */
  function matrix(rows: number, columns: number, ld = columns, value: (index: number) => number = random) {
    const size = Math.max(0, rows - 1) * ld + columns;
    const base = (top >>> 2) + 16;
    top += (size + 32) * 4;
    top += (4 - (top & 3)) & 3; // only 4-byte alignment: kernels must not rely on more
    floats.fill(GUARD, base - 16, base + size + 16);
    for (let r = 0; r < rows; r++) for (let j = 0; j < columns; j++) floats[base + r * ld + j] = value(r * columns + j);
    return {
      address: base * 4,
      ld,
      at: (r: number, j: number) => floats[base + r * ld + j]!,
      set: (r: number, j: number, x: number) => {
        floats[base + r * ld + j] = x;
      },
      values: () => Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, j) => floats[base + r * ld + j]!)),
      bits: () => Array.from({ length: rows * columns }, (_, i) => integers[base + Math.floor(i / columns) * ld + (i % columns)]!),
      guardsHold: () => {
        for (let i = -16; i < size + 16; i++) {
          const inside = i >= 0 && i < size && i % ld < columns;
          if (!inside && floats[base + i] !== GUARD) return false;
        }
        return true;
      },
    };
  }
  function identifiers(values: number[]): number {
    const address = matrix(1, values.length).address;
    integers.set(values, address >>> 2);
    return address;
  }
  return { kernels, matrix, identifiers, random };
}

/** The largest error of `actual` against `expected`, each in units of `scale(r, j)`. */
function worst(actual: number[][], expected: (r: number, j: number) => number, scale: (r: number, j: number) => number = () => 1): number {
  let largest = 0;
  for (const [r, row] of actual.entries()) {
    for (const [j, value] of row.entries()) {
      const error = Math.abs(value - expected(r, j)) / scale(r, j);
      if (!(error <= largest)) largest = error; // also takes a NaN
    }
  }
  return largest;
}

/** Σ_k left(k)·right(k) and the same of absolute values, which bounds the rounding errors of any order of summation. */
function dot(K: number, left: (k: number) => number, right: (k: number) => number, start: number[] = []) {
  let sum = 0;
  let magnitude = 0;
  for (let k = 0; k < K; k++) {
    sum += left(k) * right(k);
    magnitude += Math.abs(left(k) * right(k));
  }
  for (const value of start) {
    sum += value;
    magnitude += Math.abs(value);
  }
  return { sum, magnitude };
}

/**
 * Errors of a float32 sum of K products, in units of EPSILON·Σ|terms|: at most K + 2 by the classical bound, and about the root
 * of K for random signs. A wrong or missing term is of the order of 1/(K·EPSILON), thousands and more.
 */
const dotTolerance = (K: number) => 4 + 2 * Math.sqrt(K);

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

  test('packPanels pads with zeros and packs only the panels asked for', async () => {
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
      kernels.gemmPanels(rows, N, K, a.address + from * K * 4, K, panels.address, c.address, N, 0, bias.address, scratch.address);
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
        kernels.gemmTransposedA(M, N, K, a.address, a.ld, b.address, b.ld, c.address, c.ld, accumulate, scratch.address);
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

  test('products with NaN are NaN', async () => {
    const { kernels, matrix } = await open(variant);
    const a = matrix(3, 4);
    const b = matrix(4, 5);
    const scratch = matrix(1, 1000);
    const panels = matrix(1, packedPanelsSize(4, 5));
    kernels.packPanels(b.address, 5, 4, 5, 0, panels.address, 0, 1);
    const c = matrix(3, 5);
    a.set(1, 2, Number.NaN);
    kernels.gemmPanels(3, 5, 4, a.address, 4, panels.address, c.address, 5, 0, 0, scratch.address);
    expect(c.values().map((row) => row.map(Number.isNaN))).toEqual([false, true, false].map((nan) => Array.from({ length: 5 }, () => nan)));
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
      expect(across.values()).toEqual(Array.from({ length: columns }, (_, j) => Array.from({ length: rows }, (__, r) => x.at(r, j))));
      expect(across.guardsHold()).toBe(true);

      const sums = matrix(1, columns);
      kernels.columnSums(rows, columns, x.address, x.ld, sums.address);
      const expected = Array.from({ length: columns }, (_, j) =>
        dot(
          rows,
          (r) => x.at(r, j),
          () => 1,
        ),
      );
      const error = worst(
        sums.values(),
        (_, j) => expected[j]!.sum,
        (_, j) => EPSILON * expected[j]!.magnitude,
      );
      expect(error).toBeLessThanOrEqual(dotTolerance(rows));
      kernels.zero(to.address, columns * 4);
      expect(to.values()).toEqual(x.values().map((row, r) => (r === 0 ? row.map(() => 0) : row)));
      for (const m of [table, bias, out, x, to, sums]) expect(m.guardsHold()).toBe(true);
    });
  }

  for (const count of [1, 7, 8, 9, 100, 1003]) {
    test(`reductions of ${count} elements`, async () => {
      const { kernels, matrix } = await open(variant);
      const x = matrix(1, count);
      const squares = x.values()[0]!.reduce((sum, value) => sum + value * value, 0);
      // Products of float32 are exact in float64, so only the order of at most 1003 additions differs.
      expect(Math.abs(kernels.sumOfSquares(x.address, count) / squares - 1)).toBeLessThan(1e-13);

      for (const shards of [1, 2, 5]) {
        const stride = count + 3;
        const from = matrix(shards, count, stride);
        const to = matrix(1, count);
        const expected = Array.from({ length: count }, (_, i) => {
          let sum = from.at(0, i);
          for (let s = 1; s < shards; s++) sum = Math.fround(sum + from.at(s, i));
          return sum;
        });
        kernels.reduceShards(from.address, stride, shards, count, to.address);
        expect(to.values()[0]).toEqual(expected);
        kernels.reduceShards(from.address, stride, shards, count, from.address);
        expect(from.values()[0]).toEqual(expected);
        expect(to.guardsHold() && from.guardsHold()).toBe(true);
      }
    });
  }

  test('sumOfSquares neither overflows nor hides a NaN or an infinity', async () => {
    const { kernels, matrix } = await open(variant);
    for (const position of [0, 5, 8, 10]) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const x = matrix(1, 11);
        x.set(0, position, value);
        expect(kernels.sumOfSquares(x.address, 11)).toBe(Math.abs(value));
      }
    }
    const huge = matrix(1, 9, 9, () => 2 ** 100);
    expect(kernels.sumOfSquares(huge.address, 9)).toBe(9 * 2 ** 200);
  });

  /** Each exponential is within 1 ulp, and so is the float64 sum of them: log of it within 2 roundings, relative to its size plus 1. */
  const LOSS_TOLERANCE = 4 * EPSILON;
  /** Exponential (1 ulp = 2 roundings), scale, product and two differences: 7 roundings of a number no larger than scale. */
  const GRADIENT_TOLERANCE = 8 * EPSILON;

  for (const [rows, columns] of [
    [1, 1],
    [3, 2],
    [4, 5],
    [7, 65],
    [2, 131],
  ] as const) {
    test(`softmaxCrossEntropy of (${rows}, ${columns})`, async () => {
      const { kernels, matrix, identifiers, random } = await open(variant);
      const scale = 0.037;
      for (const [inPlace, smoothing] of [
        [false, 0],
        [true, 0],
        [false, 0.3],
        [true, 0.1],
      ] as const) {
        for (const spread of [1, 30, 3000]) {
          const logits = matrix(rows, columns, columns + 3, () => spread * random());
          const plain = logits.values();
          const targets = plain.map((_, r) => (r % 3 === 2 ? -1 : (r * 7 + 1) % columns));
          let loss = 0;
          const magnitudes = plain.map((row, r) => {
            const maximum = Math.max(...row);
            const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x - maximum), 0)) + maximum;
            if (targets[r]! >= 0) loss += logSum - row[targets[r]!]!;
            return { logSum };
          });
          const targetsAddress = identifiers(targets);
          expect(
            Math.abs(kernels.softmaxCrossEntropy(rows, columns, logits.address, logits.ld, targetsAddress, 0, 0, 1, 0) - loss),
          ).toBeLessThanOrEqual(LOSS_TOLERANCE * (rows + loss));
          expect(logits.values()).toEqual(plain);
          const gradient = inPlace ? logits : matrix(rows, columns, columns + 1);
          const again = kernels.softmaxCrossEntropy(
            rows,
            columns,
            logits.address,
            logits.ld,
            targetsAddress,
            gradient.address,
            gradient.ld,
            scale,
            smoothing,
          );
          expect(Math.abs(again - loss)).toBeLessThanOrEqual(LOSS_TOLERANCE * (rows + loss));
          const error = worst(gradient.values(), (r, j) => {
            const target = targets[r]!;
            if (target < 0) return 0;
            return (Math.exp(plain[r]![j]! - magnitudes[r]!.logSum) - (j === target ? 1 - smoothing : 0) - smoothing / columns) * scale;
          });
          expect(error).toBeLessThanOrEqual(GRADIENT_TOLERANCE * scale);
          expect(logits.guardsHold() && gradient.guardsHold()).toBe(true);
        }
      }
    });
  }

  test('softmaxCrossEntropy is finite for hopeless targets, writes no denormals, and shows NaN and infinity', async () => {
    const { kernels, matrix, identifiers } = await open(variant);
    const logits = matrix(1, 6, 6, (i) => [0, -1e30, -90, -63, Number.NEGATIVE_INFINITY, 0][i]!);
    const gradient = matrix(1, 6);
    const run = (target: number) => kernels.softmaxCrossEntropy(1, 6, logits.address, 6, identifiers([target]), gradient.address, 6, 1, 0);
    expect(run(1)).toBeCloseTo(1e30, -24);
    expect(run(2)).toBeCloseTo(90 + Math.log(2), 5);
    expect(gradient.at(0, 1)).toBe(0);
    expect(gradient.at(0, 4)).toBe(0);
    expect((gradient.at(0, 3) * 2) / Math.exp(-63)).toBeCloseTo(1, 5);
    expect(gradient.at(0, 2)).toBe(-1);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (let position = 0; position < 6; position++) {
        const row = matrix(1, 6);
        row.set(0, position, bad);
        for (const target of [0, position]) {
          const loss = kernels.softmaxCrossEntropy(1, 6, row.address, 6, identifiers([target]), gradient.address, 6, 1, 0);
          expect(loss).toBeNaN();
          expect(gradient.values()[0]!.some(Number.isNaN)).toBe(true);
        }
      }
    }
    const ignored = matrix(2, 6, 6, () => Number.NaN);
    expect(kernels.softmaxCrossEntropy(2, 6, ignored.address, 6, identifiers([-1, -100]), ignored.address, 6, 1, 0)).toBe(0);
    expect(ignored.values().flat()).toEqual(Array.from({ length: 12 }, () => 0));
  });

  test('the exponentials of softmaxCrossEntropy are within 2 ulp, and 0 below e^-64', async () => {
    const { kernels, matrix, identifiers } = await open(variant);
    const [logits, gradient, target] = [matrix(1, 2), matrix(1, 2), identifiers([0])];
    const gradientOf = (x: number): number => {
      logits.set(0, 0, 0);
      logits.set(0, 1, x);
      kernels.softmaxCrossEntropy(1, 2, logits.address, 2, target, gradient.address, 2, 1, 0);
      return gradient.at(0, 1);
    };
    const softmax = (x: number): number => Math.exp(x) / (1 + Math.exp(x));
    const { largest, wrong } = sweep(
      (x) => (x <= 0 && x >= -64 ? Math.abs(gradientOf(x) - softmax(x)) / ulp(softmax(x)) : 0),
      (x) => !(x < -64) || gradientOf(x) === 0,
    );
    expect(wrong).toEqual([]);
    expect(largest).toBeGreaterThan(0.5);
    expect(largest).toBeLessThanOrEqual(2);
  });

  test('kernels work at addresses above 2 GB', async () => {
    // 2 GB + 64 KiB; untouched pages of it cost no memory.
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

test('RNN_WASM chooses the build, and a typing error in it is told', async () => {
  const before = process.env['RNN_WASM'];
  try {
    process.env['RNN_WASM'] = 'portable';
    expect((await loadKernels()).variant).toBe('portable');
    process.env['RNN_WASM'] = 'relxed';
    expect(() => loadKernels()).toThrow(/RNN_WASM is "relxed"; expected "portable" or "relaxed"/);
    process.env['RNN_WASM'] = '';
    expect(await loadKernels()).toBe(await loadKernels());
  } finally {
    if (before === undefined) delete process.env['RNN_WASM'];
    else process.env['RNN_WASM'] = before;
  }
});
