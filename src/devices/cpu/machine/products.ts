// Matrix products by machine code, as programs request them. Rare kinds of products are left to the
// WebAssembly kernels, whose results are the same.
import { type ProductKernels, innerDimensionOf, embeddedProducts, multipliesByWeight } from '../products.ts';
import type { InstructionSet } from './operands.ts';
import { productScratch } from './product.ts';
import { panelColumns } from './tile.ts';

export const machineProducts = (width: InstructionSet): ProductKernels => ({
  ...embeddedProducts,
  machineCode: width,
  panels: (product) => (multipliesByWeight(product) ? { columns: panelColumns(width), lastPanel: 'padded' } : null),
  scratch(product) {
    const { rows, columns, transposeA } = product;
    const isRare = !transposeA && !multipliesByWeight(product);
    return isRare
      ? embeddedProducts.scratch(product)
      : productScratch({ M: rows, N: columns, K: innerDimensionOf(product), transposedA: transposeA }, width);
  },
  write(placed, call, machine) {
    const { value, a, b, c, accumulate, bias, packed, scratch } = placed;
    const { rows: M, columns: N, transposeA } = value;
    if (packed === null && !transposeA) {
      embeddedProducts.write(placed, call, machine);
      return;
    }
    if (accumulate && bias !== null) call('addRows', M, N, bias, 0, ...c);
    machine!.product(
      {
        M,
        N,
        K: innerDimensionOf(value),
        transposedA: transposeA,
        lda: a[1],
        ldb: transposeA ? b[1] : 0,
        ldc: c[1],
        addend: accumulate ? 'c' : bias === null ? 'nothing' : 'bias',
      },
      { a: a[0], b: packed?.address ?? b[0], c: c[0], bias, scratch },
    );
  },
});
