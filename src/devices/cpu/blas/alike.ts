// Products of several rows that must be, bit for bit, what they are of one row: by a BLAS where it
// rounds like the embedded kernels.
import type { Value } from '../../../program/value.ts';
import { type Products, depthOf, embeddedProducts, multipliesByWeight } from '../products.ts';
import type { BlasLibrary } from './library.ts';
import { BLOCK_COLUMNS, blasProducts, fewRows } from './products.ts';
import type { Shape } from './trial.ts';

/**
 * The depth of the embedded kernels' sums (assembly/gemm.ts). OpenBLAS's kernels for small matrices
 * add up one element's terms in order, too, so blocks of as many rows give the same bits; it was
 * 1.8 times as fast for 4 rows of 512 units.
 */
const BLOCK_ROWS = 256;

/** @param isAlike whether the library gives the same bits for a block of weights */
export function alikeProducts(library: Pick<BlasLibrary, 'takesSmall'>, isAlike: (shape: Shape) => boolean): Products {
  const blas = blasProducts(library, BLOCK_ROWS);
  const productsFor = (product: Value<'matmul'>): Products => {
    const serves =
      library.takesSmall &&
      product.rows > 1 &&
      product.rows <= fewRows(BLOCK_ROWS) &&
      multipliesByWeight(product) &&
      blocksOf(product).every(isAlike);
    return serves ? blas : embeddedProducts;
  };
  return {
    usesBlas: true,
    machineCode: null,
    panels: (product) => productsFor(product).panels(product),
    scratch: (product) => productsFor(product).scratch(product),
    write: (placed, call, machine) => productsFor(placed.value).write(placed, call, machine),
  };
}

/** The shapes of the blocks that a product is made of. */
function blocksOf(product: Value<'matmul'>): readonly Shape[] {
  const { rows, columns } = product;
  const K = depthOf(product);
  const blocks = Math.ceil(K / BLOCK_ROWS);
  const depths = [Math.floor(K / blocks), Math.ceil(K / blocks)];
  const widths = [Math.min(columns, BLOCK_COLUMNS), columns % BLOCK_COLUMNS || BLOCK_COLUMNS];
  return widths.flatMap((N) => depths.map((depth) => ({ M: rows, N, K: depth })));
}
