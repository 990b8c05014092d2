// Matrix products in machine code, one function a shape: sizes, strides and how C is cut into tiles
// are constants of the code.
//
// Every element of C is summed as the WebAssembly kernels sum it (assembly/gemm.ts): over k in
// order, in blocks of at most 256, each from zero by fused multiplications and additions, and added
// to what was there before it. So the bits are the same.
import {
  Label,
  type Memory,
  R8,
  R9,
  R10,
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
  type VectorWidth,
} from './operands.ts';
import { type Group, type Range, cut, groupsOf, heights } from './cutting.ts';
import { packPanels, packTile } from './packing.ts';
import type { Routines } from './routines.ts';
import {
  type Addend,
  type Ahead,
  LINE_BYTES,
  mostRows,
  STRETCH,
  type Tile,
  panelColumns,
  setMask,
  stretchesIn,
  tile,
} from './tile.ts';

/** C (M, N) = addend + op(A)·B. Leading dimensions in elements. */
export interface ProductShape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** A is stored (K, M), and B (K, N) row by row; otherwise A is stored (M, K), and B is packed into panels. */
  readonly transposedA: boolean;
  readonly lda: number;
  /** Of B where it is not packed. */
  readonly ldb: number;
  readonly ldc: number;
  readonly addend: Addend;
}

/** Where the function finds the addresses of its operands. */
export const operandRegisters = { a: RDI, b: RSI, c: RDX, bias: RCX, scratch: R8 } as const;
type OperandName = keyof typeof operandRegisters;
const operandNames = Object.keys(operandRegisters) as OperandName[];

const MAXIMUM_DEPTH = 256;
/** Rows of A that are multiplied at a time where they are many: they stay in the second-level cache. */
const CHUNK_ROWS = 384;
/** Up to so many rows, a panel is read from its first byte to its last before the next. */
const FEW_ROWS = 96;
/** B of so many bytes is not in the second-level cache when it is needed. */
const FAR_BYTES = 750_000;
/** Columns of B from which on it pays to pack A. */
const WORTH_PACKING = 192;
/** Columns of B that are packed at a time. */
const BLOCK_COLUMNS = 256;

/** On the stack: the operands, where B is packed from next, and how much is left to do. */
const [NEXT_B, BLOCKS_LEFT, GROUPS_LEFT, TILES_LEFT] = [40, 48, 56, 64].map((displacement) => ({
  base: RSP,
  displacement,
}));
const FRAME_BYTES = 72;

/** Elements of scratch memory. */
export function productScratch(
  { M, N, K, transposedA }: Pick<ProductShape, 'M' | 'N' | 'K' | 'transposedA'>,
  width: VectorWidth,
): number {
  if (!transposedA) return 0;
  const columns = panelColumns(width);
  // The last block has a narrow panel more.
  const panels = Math.ceil(Math.min(N, BLOCK_COLUMNS) / columns) + 1;
  return packedElements(M, K, width) + panels * (Math.min(K, MAXIMUM_DEPTH) * columns + LINE_BYTES / 4);
}

/** Elements of a packed chunk of A, whose last row is written as a whole vector: a multiple of a cache line. */
function packedElements(M: number, K: number, width: VectorWidth): number {
  return Math.ceil((Math.min(M, CHUNK_ROWS) * Math.min(K, MAXIMUM_DEPTH) + panelColumns(width)) / 16) * 16;
}

/** How a tile reads A, and bytes from one tile to the next. */
type WayOfA = Pick<Tile, 'rowStep' | 'depthStep' | 'toNextA'> & { readonly step: number };

/** The function of a product. It may change all registers but RSP, R12 and R13. */
export function product(routines: Routines, shape: ProductShape): Label {
  return routines.routine(`product ${JSON.stringify(shape)}`, () => new ProductWriter(routines, shape).write());
}

class ProductWriter {
  readonly #routines: Routines;
  readonly #shape: ProductShape;
  /** Of a panel. */
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
      code.storeGeneral({ base: RSP, displacement: 8 * slot }, operandRegisters[name]);
    setMask(code, N % this.#columns);
    const depths = cut(K, MAXIMUM_DEPTH);
    if (transposedA) for (const rows of cut(M, CHUNK_ROWS)) for (const range of depths) this.#transposed(rows, range);
    else if (M <= FEW_ROWS) this.#plain({ from: 0, size: M }, depths);
    else for (const rows of cut(M, CHUNK_ROWS)) for (const range of depths) this.#plain(rows, [range]);
    code.arithmeticImmediate('add', RSP, FRAME_BYTES);
    code.return();
  }

  /** Some rows of A·B over some ranges of k. */
  #plain(rows: Range, ranges: readonly Range[]): void {
    const { M, N, K, lda, ldc, addend } = this.#shape;
    this.#operand(RBX, 'a', rows.from * lda);
    this.#operand(RBP, 'b', 0);
    this.#operand(R14, 'c', rows.from * ldc);
    if (addend === 'bias') this.#operand(R15, 'bias', 0);
    const a = (height: number): WayOfA => {
      const step = 4 * height * lda;
      return { rowStep: 4 * lda, depthStep: 4, step, toNextA: M <= FEW_ROWS ? 0 : step };
    };
    this.#multiply(rows.size, N, ranges, 4 * this.#columns * K, 4 * N * K >= FAR_BYTES, a);
  }

  /**
   * Some rows of Aᵀ·B over a range of k: A is packed for its tiles, unless B has few columns, and then
   * B, some panels at a time.
   */
  #transposed(rows: Range, range: Range): void {
    const { code } = this.#routines;
    const { M, N, K, lda, ldb, ldc } = this.#shape;
    const { from, size } = range;
    const height = Math.min(
      ...this.#groupsOf(M, N).map(({ panels, lastColumns }) => mostRows(panels, lastColumns, code.width)),
    );
    const isPacked = N >= WORTH_PACKING;
    if (isPacked) {
      this.#operand(R8, 'a', from * lda + rows.from);
      this.#operand(R9, 'scratch', 0);
      this.#packA(rows.size, size, height);
    }
    this.#operand(R14, 'c', rows.from * ldc);
    this.#operand(RAX, 'b', from * ldb);
    code.storeGeneral(NEXT_B, RAX);
    // A line more than a panel takes, or all would meet in the same sets of the cache.
    const panelBytes = 4 * this.#columns * size + LINE_BYTES;
    const a = (rowsOfTile: number): WayOfA => ({
      rowStep: 4,
      depthStep: 4 * (isPacked ? rowsOfTile : lda),
      step: 4 * rowsOfTile * (isPacked ? size : 1),
      toNextA: 0,
    });
    /** Rows of the block that is packed next: each tile asks for some. */
    const ahead = (tiles: number): Ahead => {
      const rowsAhead = Math.ceil(size / tiles);
      return {
        places: Array.from({ length: rowsAhead }, (_, row) => 4 * row * ldb),
        step: LINE_BYTES,
        toNextTile: 4 * rowsAhead * ldb,
      };
    };
    const block = (columns: number): void => {
      code.loadGeneral(R8, NEXT_B);
      this.#operand(R9, 'scratch', packedElements(M, K, code.width));
      packPanels(this.#routines, { columns, step: 4 * ldb }, panelBytes, size);
      code.address(R8, { base: R8, displacement: 4 * columns });
      code.storeGeneral(NEXT_B, R8);
      if (isPacked) this.#operand(RBX, 'scratch', 0);
      else this.#operand(RBX, 'a', from * lda + rows.from);
      code.move(RBP, R9);
      code.move(RSI, R8);
      // The range has been packed from its beginning.
      this.#multiply(rows.size, columns, [range], panelBytes, false, a, ahead, height, from);
    };
    const blocks =
      N % BLOCK_COLUMNS === 0 ? N / BLOCK_COLUMNS : Math.floor((N - this.#columns / 2 - 1) / BLOCK_COLUMNS);
    const rest = N - Math.max(0, blocks) * BLOCK_COLUMNS;
    if (blocks > 0) this.#repeat(BLOCKS_LEFT, blocks, () => block(BLOCK_COLUMNS));
    if (rest > 0) block(rest);
  }

  /**
   * Rows of A times so many columns of B in panels, group by group. RBX: A, RBP: panels, R14: C, which
   * moves on, R15: the bias.
   *
   * @param panelBytes from a panel to the next
   * @param isFar whether the panels are not in the second-level cache
   * @param height of all tiles, where it is given
   * @param begun k with which A and the panels begin
   */
  #multiply(
    rows: number,
    columns: number,
    ranges: readonly Range[],
    panelBytes: number,
    isFar: boolean,
    a: (height: number) => WayOfA,
    ahead: (tiles: number) => Ahead | null = () => null,
    height?: number,
    begun = 0,
  ): void {
    const { code } = this.#routines;
    const { ldc, addend } = this.#shape;
    const rowBytes = 4 * this.#columns;
    /** From the panels of a range of k to those that are read after it. */
    const toLaterPanel = (range: number, panels: number): number =>
      range + 1 < ranges.length
        ? rowBytes * ranges[range].size
        : panels * panelBytes - rowBytes * (ranges[range].from - ranges[0].from);
    for (const { count, panels, lastColumns } of this.#groupsOf(rows, columns)) {
      const tiles = heights(rows, height ?? mostRows(panels, lastColumns, code.width));
      // Each tile asks for a part of the panels that come next.
      const all = tiles.reduce((sum, each) => sum + each.count, 0);
      const aheadOf = isFar ? this.#panelsAhead(panels, panelBytes, all) : ahead(all * count);
      this.#repeat(GROUPS_LEFT, count, () => {
        for (const [index, { from, size: depth }] of ranges.entries()) {
          code.address(R8, { base: RBX, displacement: 4 * (from - begun) });
          code.address(R9, { base: RBP, displacement: rowBytes * (from - begun) });
          code.move(R10, R14);
          if (addend === 'bias') code.move(R11, R15);
          if (isFar) code.address(RSI, { base: R9, displacement: toLaterPanel(index, panels) });
          const shared = {
            panels,
            lastColumns,
            panelBytes,
            depth,
            ahead: aheadOf,
            ldc,
            addend: from === 0 ? addend : 'c',
          } as const;
          for (const each of tiles) {
            const { step, ...way } = a(each.rows);
            this.#tiles({ ...shared, ...way, rows: each.rows }, each.count, step);
          }
        }
        code.address(RBP, { base: RBP, displacement: panels * panelBytes });
        code.address(R14, { base: R14, displacement: panels * rowBytes });
        if (addend === 'bias') code.address(R15, { base: R15, displacement: panels * rowBytes });
      });
    }
  }

  /** A part of the panels that come next, as far from its beginning as what is multiplied. */
  #panelsAhead(panels: number, panelBytes: number, tiles: number): Ahead {
    const lines = Math.ceil((4 * this.#columns * STRETCH) / LINE_BYTES / tiles);
    const places = Array.from(
      { length: panels * lines },
      (_, at) => Math.floor(at / lines) * panelBytes + LINE_BYTES * (at % lines),
    );
    return { places, step: 4 * this.#columns * STRETCH, toNextTile: LINE_BYTES * lines };
  }

  #groupsOf(rows: number, columns: number): Group[] {
    return groupsOf(rows, columns, this.#routines.code.width, this.#shape.transposedA ? 2 : 4);
  }

  /** So many tiles below each other. R8: A, R9: panels, R10: C. @param step bytes of A from one to the next */
  #tiles(shape: Tile, count: number, step: number): void {
    const { code } = this.#routines;
    const body = tile(this.#routines, shape);
    this.#repeat(TILES_LEFT, count, () => {
      code.call(body);
      // From the end of what one tile asked for to the beginning of what the next does.
      if (shape.ahead) {
        const asked = shape.ahead.step * stretchesIn(shape.depth);
        code.address(RSI, { base: RSI, displacement: shape.ahead.toNextTile - asked });
      }
      code.address(R8, { base: R8, displacement: step });
      code.address(R10, { base: R10, displacement: 4 * shape.rows * shape.ldc });
    });
  }

  /** Rows of the transpose, tile by tile. R8: from, R9: to. */
  #packA(rows: number, depth: number, most: number): void {
    const { code } = this.#routines;
    for (const { rows: height, count } of heights(rows, most))
      this.#repeat(TILES_LEFT, count, () => {
        packTile(this.#routines, { columns: height, step: 4 * this.#shape.lda }, depth);
        code.address(R8, { base: R8, displacement: 4 * height });
        code.address(R9, { base: R9, displacement: 4 * height * depth });
      });
  }

  #operand(to: number, name: OperandName, elements: number): void {
    const { code } = this.#routines;
    code.loadGeneral(to, { base: RSP, displacement: 8 * operandNames.indexOf(name) });
    if (elements !== 0) code.address(to, { base: to, displacement: 4 * elements });
  }

  /** @param left where it is counted, on the stack */
  #repeat(left: Memory, count: number, body: () => void): void {
    const { code } = this.#routines;
    code.moveImmediate(RAX, count);
    code.storeGeneral(left, RAX);
    const again = new Label();
    code.put(again);
    body();
    code.decrement(left);
    code.jumpIf('notZero', again);
  }
}
