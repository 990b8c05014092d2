// A memory for kernels with guards around every matrix, and bounds for the errors of sums.
import { instantiateKernels, loadKernels } from '../../../src/devices/cpu/kernels.ts';
import type { KernelVariant } from '../../../src/devices/cpu/kernels.ts';

/** The relative error of one rounding of float32. */
export const EPSILON = 2 ** -24;
/**
 * Fills the space between and around outputs. No kernel and no arithmetic on the data produces this
 * value.
 */
export const GUARD = 123456.75;

/**
 * A bump allocator over a new memory, whole pages at a time, and matrices with guarded padding and
 * surroundings.
 */
export async function open(variant: KernelVariant, pages = 256) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernels = instantiateKernels((await loadKernels(variant)).module, memory);
  const floats = new Float32Array(memory.buffer);
  const integers = new Int32Array(memory.buffer);
  let top = 64;
  let state = 12345;

  /** Uniform in [-1, 1), with a fixed seed. */
  function random(): number {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  }
  /**
   * A (rows, columns) matrix with a leading dimension of `ld`, and guards in the padding and in 16
   * elements on both sides.
   */
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
      values: () =>
        Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, j) => floats[base + r * ld + j]!)),
      bits: () =>
        Array.from(
          { length: rows * columns },
          (_, i) => integers[base + Math.floor(i / columns) * ld + (i % columns)]!,
        ),
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
export function worst(
  actual: number[][],
  expected: (r: number, j: number) => number,
  scale: (r: number, j: number) => number = () => 1,
): number {
  let largest = 0;
  for (const [r, row] of actual.entries()) {
    for (const [j, value] of row.entries()) {
      const error = Math.abs(value - expected(r, j)) / scale(r, j);
      if (!(error <= largest)) largest = error; // also true for a NaN
    }
  }
  return largest;
}

/**
 * Σ_k left(k)·right(k), and the same sum of absolute values, which bounds the rounding errors of
 * any order of summation.
 */
export function dot(K: number, left: (k: number) => number, right: (k: number) => number, start: number[] = []) {
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
 * Errors of a float32 sum of K products, in units of EPSILON·Σ|terms|: at most K + 2 by the
 * classical bound, and about the square root of K for random signs. The error of a wrong or missing
 * term is about 1/(K·EPSILON), which is thousands or more.
 */
export const dotTolerance = (K: number) => 4 + 2 * Math.sqrt(K);
