// Matrix products in machine code, one function for each shape: sizes, strides and the division of
// C into tiles are constants of the code.
//
// Every element of C is summed in the same way as by the WebAssembly kernels (assembly/gemm.ts):
// over k in order, in blocks of at most 256. Each block starts from zero, uses fused
// multiplications and additions, and is then added to the sum so far. The bits are therefore the
// same.
import { writeLoop } from './loop.ts';
import {
  Label,
  R8,
  R9,
  R11,
  R14,
  R15,
  RAX,
  RBP,
  RBX,
  RCX,
  RDI,
  RDX,
  RSI,
  RSP,
  type InstructionSet,
} from './operands.ts';
import { CACHE_LINE_BYTES } from '../sizes.ts';
import { type IndexRange, evenRanges, panelGroupsOf, tileRowsOf } from './partition.ts';
import { MASKS, setMask } from './masks.ts';
import { COUNT_BYTES, type StepsInA, multiply } from './multiply.ts';
import { packPanels, packTiles, packedTileBytes } from './packing.ts';
import type { Routines } from './routines.ts';
import { type Addend, maxRows, panelColumns } from './tile.ts';

/** C (M, N) = addend + op(A)·B. Leading dimensions in elements. */
export interface ProductShape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /**
   * If true, A is stored (K, M), and B (K, N) row by row. Otherwise A is stored (M, K), and B is
   * packed into panels.
   */
  readonly transposedA: boolean;
  readonly lda: number;
  /** The leading dimension of B if it is not packed. */
  readonly ldb: number;
  readonly ldc: number;
  readonly addend: Addend;
}

/** The registers with the addresses of the operands. */
export const operandRegisters = { a: RDI, b: RSI, c: RDX, bias: RCX, scratch: R8 } as const;
type OperandName = keyof typeof operandRegisters;
const operandNames = Object.keys(operandRegisters) as OperandName[];

const MAX_DEPTH = 256;
/**
 * The maximum number of rows of A that are multiplied at a time, so that they stay in the L2 cache.
 */
const CHUNK_ROWS = 512;
/**
 * With at most this many rows of C, the code multiplies one group of panels over all of K before the
 * next group.
 */
const FEW_ROWS = 96;
/** Packing A is faster if B has at least this many columns. */
const WORTH_PACKING = 192;
/** The maximum number of panels in a group if B is packed. */
const MAX_PACKED_PANELS = 2;
/**
 * The number of columns of B that are packed at a time. They are multiplied while they are in the
 * caches.
 */
const BLOCK_COLUMNS = 64;

/**
 * On the stack, above the counts of `multiply`: the address from which B is packed next, the blocks
 * that are left, and the operands.
 */
const [NEXT_B, BLOCKS_LEFT] = [0, 8].map((bytes) => ({ base: RSP, displacement: COUNT_BYTES + bytes }));
const OPERANDS_AT = COUNT_BYTES + 16;
const FRAME_BYTES = OPERANDS_AT + 8 * operandNames.length;

/** The elements of scratch memory that a product needs. */
export function productScratch(
  { M, N, K, transposedA }: Pick<ProductShape, 'M' | 'N' | 'K' | 'transposedA'>,
  width: InstructionSet,
): number {
  if (!transposedA) return 0;
  const columns = panelColumns(width);
  // The last block has an additional narrow panel.
  const panels = Math.ceil(Math.min(N, BLOCK_COLUMNS) / columns) + 1;
  return packedElements(M, K) + panels * (Math.min(K, MAX_DEPTH) * columns + CACHE_LINE_BYTES / 4);
}

/** The maximum number of elements of a packed chunk of A: a multiple of a cache line. */
function packedElements(M: number, K: number): number {
  const rows = Math.min(M, CHUNK_ROWS);
  return Math.ceil((rows * packedTileBytes(1, Math.min(K, MAX_DEPTH))) / CACHE_LINE_BYTES) * (CACHE_LINE_BYTES / 4);
}

/** The function that computes a product. It may change all registers except RSP, R12 and R13. */
export function writeProduct(routines: Routines, shape: ProductShape): Label {
  return routines.routine(`product ${JSON.stringify(shape)}`, () => new ProductWriter(routines, shape).write());
}

class ProductWriter {
  readonly #routines: Routines;
  readonly #shape: ProductShape;
  /** The columns of a panel. */
  readonly #columns: number;

  constructor(routines: Routines, shape: ProductShape) {
    this.#routines = routines;
    this.#shape = shape;
    this.#columns = panelColumns(routines.code.width);
  }

  write(): void {
    const { code } = this.#routines;
    const { M, N, K, transposedA } = this.#shape;
    code.arithmeticImmediate('sub', RSP, FRAME_BYTES);
    for (const [slot, name] of operandNames.entries())
      code.storeGeneral({ base: RSP, displacement: OPERANDS_AT + 8 * slot }, operandRegisters[name]);
    const lanes = N % (code.vectorBytes / 4);
    if (lanes > 0 && code.width === 'avx512') setMask(this.#routines, lanes, MASKS.lastColumns);
    const depths = evenRanges(K, MAX_DEPTH);
    if (transposedA)
      for (const rows of evenRanges(M, CHUNK_ROWS)) for (const range of depths) this.#transpose(rows, range);
    else if (M <= FEW_ROWS) this.#plain({ from: 0, size: M }, depths);
    else for (const rows of evenRanges(M, CHUNK_ROWS)) for (const range of depths) this.#plain(rows, [range]);
    code.arithmeticImmediate('add', RSP, FRAME_BYTES);
    code.return();
  }

  /** Multiplies some rows of A·B over some ranges of k. */
  #plain(rows: IndexRange, ranges: readonly IndexRange[]): void {
    const { N, K, lda, ldc, addend } = this.#shape;
    this.#operand(RBX, 'a', rows.from * lda);
    this.#operand(RBP, 'b', 0);
    this.#operand(R14, 'c', rows.from * ldc);
    if (addend === 'bias') this.#operand(R15, 'bias', 0);
    const a = (height: number): StepsInA => ({ rowStep: 4 * lda, depthStep: 4, step: 4 * height * lda });
    multiply(this.#routines, {
      rows: rows.size,
      columns: N,
      ranges,
      panelBytes: 4 * this.#columns * K,
      a,
      ldc,
      addend,
      maxPanels: 4,
    });
  }

  /**
   * Multiplies some rows of Aᵀ·B over a range of k. A is packed for its tiles unless B has few
   * columns. B is packed a block of columns at a time.
   */
  #transpose(rows: IndexRange, range: IndexRange): void {
    const { code } = this.#routines;
    const { N, lda, ldb, ldc } = this.#shape;
    const { from, size } = range;
    if (this.#packsA) {
      this.#operand(R8, 'a', from * lda + rows.from);
      this.#operand(R9, 'scratch', 0);
      packTiles(this.#routines, tileRowsOf(rows.size, this.#packedHeight), { columns: rows.size, step: 4 * lda }, size);
    }
    this.#operand(R14, 'c', rows.from * ldc);
    this.#operand(RAX, 'b', from * ldb);
    code.storeGeneral(NEXT_B, RAX);
    const rest = N % BLOCK_COLUMNS;
    // Half a panel is not a block, but joins the block before it.
    const joins = N > BLOCK_COLUMNS && rest > 0 && rest <= this.#columns / 2;
    const blocks = Math.floor(N / BLOCK_COLUMNS) - Number(joins);
    if (blocks > 0) writeLoop(code, BLOCKS_LEFT, blocks, () => this.#block(rows, range, BLOCK_COLUMNS));
    if (rest > 0) this.#block(rows, range, N - blocks * BLOCK_COLUMNS);
  }

  /** Packs some columns of B and multiplies. R14: their columns of C, which advances. */
  #block(rows: IndexRange, range: IndexRange, columns: number): void {
    const { code } = this.#routines;
    const { M, K, lda, ldb, ldc, addend } = this.#shape;
    const { from, size } = range;
    // One cache line more than a panel takes. Otherwise all panels would use the same sets of the
    // cache.
    const panelBytes = 4 * this.#columns * size + CACHE_LINE_BYTES;
    code.loadGeneral(R8, NEXT_B);
    this.#operand(R9, 'scratch', packedElements(M, K));
    packPanels(this.#routines, { columns, step: 4 * ldb }, panelBytes, size);
    code.address(R8, { base: R8, displacement: 4 * columns });
    code.storeGeneral(NEXT_B, R8);
    if (this.#packsA) this.#operand(RBX, 'scratch', 0);
    else this.#operand(RBX, 'a', from * lda + rows.from);
    code.move(RBP, R9);
    multiply(this.#routines, {
      rows: rows.size,
      columns,
      ranges: [range],
      // A and the panels are addressed from the first k of the range.
      firstK: from,
      panelBytes,
      a: (height) => ({
        rowStep: 4,
        depthStep: 4 * (this.#packsA ? height : lda),
        step: this.#packsA ? packedTileBytes(height, size) : 4 * height,
      }),
      ldc,
      addend,
      maxPanels: MAX_PACKED_PANELS,
      height: this.#packedHeight,
    });
  }

  get #packsA(): boolean {
    return this.#shape.N >= WORTH_PACKING;
  }

  /** The maximum height of a tile of Aᵀ·B, so that every group of panels can use the packed tiles. */
  get #packedHeight(): number {
    const { width } = this.#routines.code;
    const { M, N } = this.#shape;
    return Math.min(
      ...panelGroupsOf(M, N, width, MAX_PACKED_PANELS).map(({ panels, lastColumns }) =>
        maxRows(panels, lastColumns, width),
      ),
    );
  }

  #operand(to: number, name: OperandName, elements: number): void {
    const { code } = this.#routines;
    code.loadGeneral(to, { base: RSP, displacement: OPERANDS_AT + 8 * operandNames.indexOf(name) });
    if (4 * elements >= 2 ** 31) {
      code.moveImmediate(R11, 4 * elements);
      code.arithmetic('add', to, R11);
    } else if (elements !== 0) code.address(to, { base: to, displacement: 4 * elements });
  }
}
