// Matrix products by Accelerate, the library that every Mac has, called through koffi. It uses
// processor units that only Apple's libraries may use.
import type { Value } from '../../program/value.ts';
import { addressOf, loadKoffi } from './foreign.ts';
import { type ProductKernels, innerDimensionOf, multipliesByWeight } from './products.ts';

const PATH = '/System/Library/Frameworks/Accelerate.framework/Accelerate';
/**
 * Up to this many rows of a product, it is faster to copy weights that are read transposed first.
 * Products with more rows are fast without a copy.
 */
const FEW_ROWS = 122;
/** Constants of CBLAS. */
const ROW_MAJOR = 101;
const AS_STORED = 111;

/**
 * C (M, N) = op(A)·op(B), or C + op(A)·op(B) with `accumulate`. Addresses are in bytes. op()
 * transposes a matrix that is stored transposed.
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

export const accelerateProducts: ProductKernels = {
  usesSgemm: true,
  machineCode: null,
  /** For few rows, a weight that is read transposed is copied into one panel, which is faster. */
  panels: (product: Value<'matmul'>) =>
    multipliesByWeight(product) && product.transposeB && product.rows <= FEW_ROWS
      ? { columns: product.columns, lastPanel: 'narrow' }
      : null,
  scratch: () => 0,
  write({ value, a, b, c, accumulate, bias, packed }, call) {
    const { rows, columns, transposeA, transposeB } = value;
    // With a leading dimension of 0, every row is the same.
    if (bias) call(accumulate ? 'addRows' : 'copyRows', rows, columns, bias, 0, ...c);
    const right = packed === null ? ([Number(transposeB), b] as const) : ([0, [packed.address, columns]] as const);
    const [isTransposed, [address, ldb]] = right;
    const adds = Number(accumulate || bias !== null);
    call(
      'sgemm',
      Number(transposeA),
      isTransposed,
      rows,
      columns,
      innerDimensionOf(value),
      ...a,
      address,
      ldb,
      adds,
      ...c,
    );
  },
};

/**
 * The matrix product of the library, on one thread, because the device has its own threads.
 * @throws an Error if the library cannot be loaded
 */
export function bindSgemm(): Sgemm {
  const library = loadKoffi().load(PATH);
  try {
    // BLAS_THREADING_SINGLE_THREADED, from macOS 15 on
    library.func('int BLASSetThreading(int)')(1);
  } catch {
    // Earlier systems do not have this function.
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

/**
 * The function that programs import. Its addresses are relative to a memory, and may be negative
 * integers (above 2 GiB).
 */
export function sgemmIn(memory: WebAssembly.Memory, sgemm: Sgemm): Sgemm {
  const base = addressOf(memory);
  const at = (address: number): number => base + (address >>> 0);
  return (transposeA, transposeB, M, N, K, a, lda, b, ldb, accumulate, c, ldc) =>
    sgemm(transposeA, transposeB, M, N, K, at(a), lda, at(b), ldb, accumulate, at(c), ldc);
}
