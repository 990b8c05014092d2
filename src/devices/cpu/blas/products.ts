// Products by a BLAS: what of the weights it reads packed, the calls that products become, and the
// functions behind these calls.
import type { Value } from '../../../program/value.ts';
import { type Products, depthOf, multipliesByWeight } from '../products.ts';
import { addressOf } from '../foreign.ts';
import { type BlasLibrary, type Sgemm, bindSgemm } from './library.ts';

// A library packs what it multiplies, for each call anew, which costs a third of the time where a
// product has few rows: those of a shard at one time step. One that takes small matrices as they
// are gets the weights in blocks of 128 rows and 64 columns, each contiguous (32 KB, within the
// first-level cache): 117 to 197 GFLOP/s for (25, 512, 128) by OpenBLAS 0.3.21, 125 to 180 for (32,
// 1024, 256), 87 to 141 for (32, 2048, 512). Blocks of other sizes were no faster.
export const BLOCK_COLUMNS = 64;
const BLOCK_ROWS = 128;
/** M·N·K up to which OpenBLAS calls a matrix small. */
const SMALL = 1e6;

/** Rows of a product up to which its blocks are small; products with more are fast as they are. */
export function fewRows(blockRows: number): number {
  return Math.floor(SMALL / (BLOCK_COLUMNS * blockRows));
}

/** @param blockRows of the blocks in which a library that takes small matrices gets weights */
export function blasProducts({ takesSmall }: Pick<BlasLibrary, 'takesSmall'>, blockRows = BLOCK_ROWS): Products {
  return {
    usesBlas: true,
    machineCode: null,
    /**
     * For few rows: blocks where the library takes them, else a transposed copy of what is read
     * transposed, as one panel, which is faster.
     */
    panels(product: Value<'matmul'>) {
      if (!multipliesByWeight(product) || product.rows > fewRows(blockRows)) return null;
      if (takesSmall) return { columns: BLOCK_COLUMNS, last: 'narrow' };
      return product.transposeB ? { columns: product.columns, last: 'narrow' } : null;
    },
    scratch: () => 0,
    write({ value, a, b, c, accumulate, bias, packed }, call) {
      const { rows, columns, transposeA, transposeB } = value;
      const K = depthOf(value);
      // A leading dimension of 0: the same row every time.
      if (bias) call(accumulate ? 'addRows' : 'copyRows', rows, columns, bias, 0, ...c);
      const adds = Number(accumulate || bias !== null);
      if (packed === null)
        call('blasProduct', Number(transposeA), Number(transposeB), rows, columns, K, ...a, ...b, adds, ...c);
      else
        call(
          'blasPanels',
          rows,
          columns,
          K,
          ...a,
          packed.address,
          packed.columns,
          takesSmall ? blockRows : K,
          adds,
          ...c,
        );
    },
  };
}

/**
 * The functions that programs import; types in calls.ts. Addresses are those of the memory, and may
 * have come as signed integers.
 */
export function blasFunctions(
  library: BlasLibrary,
  memory: WebAssembly.Memory,
): Record<'blasProduct' | 'blasPanels', (...operands: number[]) => void> {
  return functionsOf(bindSgemm(library), addressOf(memory));
}

/** @param base where the memory begins in the process */
export function functionsOf(sgemm: Sgemm, base: number): ReturnType<typeof blasFunctions> {
  return {
    blasProduct(transposeA, transposeB, M, N, K, a, lda, b, ldb, accumulate, c, ldc) {
      sgemm(
        transposeA,
        transposeB,
        M,
        N,
        K,
        base + (a >>> 0),
        lda,
        base + (b >>> 0),
        ldb,
        accumulate,
        base + (c >>> 0),
        ldc,
      );
    },
    blasPanels(M, N, K, a, lda, panels, panelColumns, blockRows, accumulate, c, ldc) {
      const [fromA, fromPanels, toC] = [base + (a >>> 0), base + (panels >>> 0), base + (c >>> 0)];
      const blocks = Math.max(1, Math.ceil(K / blockRows));
      for (let j = 0; j < N; j += panelColumns) {
        const columns = Math.min(panelColumns, N - j);
        for (let block = 0; block < blocks; block++) {
          const from = Math.floor((block * K) / blocks);
          const rows = Math.floor(((block + 1) * K) / blocks) - from;
          sgemm(
            0,
            0,
            M,
            columns,
            rows,
            fromA + 4 * from,
            lda,
            fromPanels + 4 * (K * j + from * columns),
            columns,
            block > 0 ? 1 : accumulate,
            toC + 4 * j,
            ldc,
          );
        }
      }
    },
  };
}
