// The functions that the program of a shard may call, with their types. They are imports of the
// module `kernels`: the kernels of assembly/, the matrix product of a library, and machine code.
import type { Signature, ValueType } from './wasm.ts';

const i32s = (count: number): readonly ValueType[] => new Array<ValueType>(count).fill('i32');

export const kernelCalls = {
  packPanels: { parameters: i32s(8), results: [] },
  gemmPanels: { parameters: i32s(11), results: [] },
  gemmTransposedA: { parameters: i32s(11), results: [] },
  gather: { parameters: i32s(8), results: [] },
  scatterAdd: { parameters: i32s(7), results: [] },
  transposeRows: { parameters: i32s(6), results: [] },
  copyRows: { parameters: i32s(6), results: [] },
  addRows: { parameters: i32s(6), results: [] },
  rowSums: { parameters: i32s(6), results: [] },
  zero: { parameters: i32s(2), results: [] },
  dropoutMask: { parameters: [...i32s(6), 'f32', ...i32s(2)], results: [] },
  softmaxCrossEntropy: { parameters: [...i32s(7), 'f32', 'f32'], results: ['f64'] },
} satisfies Readonly<Record<string, Signature>>;

/**
 * The matrix product of a library: (transposeA, transposeB, M, N, K, a, lda, b, ldb, accumulate, c,
 * ldc).
 */
export const sgemm = { parameters: i32s(12), results: [] } satisfies Signature;

/** Runs a machine code function: (its number, the byte address of the worker's region). */
export const machine = { parameters: i32s(2), results: [] } satisfies Signature;

/** Counts the time since its last call. Only in programs that are profiled. */
export const lap = { parameters: ['i32'], results: [] } satisfies Signature;

export type CallName = keyof typeof kernelCalls | 'sgemm' | 'lap';
