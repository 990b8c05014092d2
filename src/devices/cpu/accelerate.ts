// Products by Accelerate, the library that every Mac has, called through koffi. It uses units of the
// processor that no code outside Apple's libraries may use.
import type { Value } from '../../program/value.ts';
import { addressOf, koffi } from './foreign.ts';
import { type Products, depthOf, multipliesByWeight } from './products.ts';

const PATH = '/System/Library/Frameworks/Accelerate.framework/Accelerate';
/**
 * Rows of a product up to which weights that are read transposed are better copied first; products
 * with more are fast as they are.
 */
const FEW_ROWS = 122;
/** Of CBLAS. */
const ROW_MAJOR = 101;
const AS_STORED = 111;

/**
 * C (M, N) = A·B, + C with `accumulate`: addresses in bytes, op() transposes what is stored the
 * other way round.
 */
export type Sgemm = (
  ...operands: [
    transposeA: number,
    transposeB: number,
    M: number,
    N: number,
    K: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    accumulate: number,
    c: number,
    ldc: number,
  ]
) => void;

export const accelerateProducts: Products = {
  usesSgemm: true,
  machineCode: null,
  /** For few rows a transposed copy of what is read transposed, as one panel, which is faster. */
  panels: (product: Value<'matmul'>) =>
    multipliesByWeight(product) && product.transposeB && product.rows <= FEW_ROWS
      ? { columns: product.columns, last: 'narrow' }
      : null,
  scratch: () => 0,
  write({ value, a, b, c, accumulate, bias, packed }, call) {
    const { rows, columns, transposeA, transposeB } = value;
    // A leading dimension of 0: the same row every time.
    if (bias) call(accumulate ? 'addRows' : 'copyRows', rows, columns, bias, 0, ...c);
    const right = packed === null ? ([Number(transposeB), b] as const) : ([0, [packed.address, columns]] as const);
    const [isTransposed, [address, ldb]] = right;
    const adds = Number(accumulate || bias !== null);
    call('sgemm', Number(transposeA), isTransposed, rows, columns, depthOf(value), ...a, address, ldb, adds, ...c);
  },
};

/**
 * The product of the library, on one thread: threads are the device's.
 * @throws an Error where it cannot be loaded
 */
export function bindSgemm(): Sgemm {
  const library = koffi().load(PATH);
  try {
    // BLAS_THREADING_SINGLE_THREADED, from macOS 15 on
    library.func('int BLASSetThreading(int)')(1);
  } catch {
    // an earlier system
  }
  const sgemm = library.func(
    'void cblas_sgemm(int, int, int, int, int, int, float, int64, int, int64, int, float, int64, int)',
  );
  return (transposeA, transposeB, M, N, K, a, lda, b, ldb, accumulate, c, ldc) =>
    void sgemm(
      ROW_MAJOR,
      AS_STORED + transposeA,
      AS_STORED + transposeB,
      M,
      N,
      K,
      1,
      a,
      lda,
      b,
      ldb,
      accumulate,
      c,
      ldc,
    );
}

/** The function that programs import: addresses are those of a memory, and may come as signed integers. */
export function sgemmIn(memory: WebAssembly.Memory, sgemm: Sgemm): Sgemm {
  const base = addressOf(memory);
  const at = (address: number): number => base + (address >>> 0);
  return (transposeA, transposeB, M, N, K, a, lda, b, ldb, accumulate, c, ldc) =>
    sgemm(transposeA, transposeB, M, N, K, at(a), lda, at(b), ldb, accumulate, at(c), ldc);
}
