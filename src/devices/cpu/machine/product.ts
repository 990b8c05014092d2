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
import { packPanel, packTile } from './packing.ts';
import type { Routines } from './routines.ts';
import {
  type Addend,
  LINE_BYTES,
  mostRows,
  STRETCH,
  type Tile,
  panelColumns,
  panelsAbreast,
  setMask,
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

const MAXIMUM_DEPTH = Number(process.env.MD ?? 256);
/** Rows of A that are multiplied at a time where they are many: they stay in the second-level cache. */
const CHUNK_ROWS = Number(process.env.CR ?? 384);
/** Up to so many rows, a panel is read from its first byte to its last before the next. */
const FEW_ROWS = Number(process.env.FR ?? 96);
/** B of so many bytes is not in the second-level cache when it is needed. */
const FAR_BYTES = 750_000;
/** Panels that are packed at a time, and a narrow one. */
const MOST_ABREAST = 2;

/** On the stack: the operands, and how many groups of panels and tiles are left. */
const FRAME_BYTES = 56;
const GROUPS_LEFT = { base: RSP, displacement: 40 } as const;
const TILES_LEFT = { base: RSP, displacement: 48 } as const;

/** Elements of scratch memory. */
export function productScratch(
  { M, K, transposedA }: Pick<ProductShape, 'M' | 'K' | 'transposedA'>,
  width: VectorWidth,
): number {
  return transposedA
    ? packedElements(M, K, width) + (MOST_ABREAST + 1) * Math.min(K, MAXIMUM_DEPTH) * panelColumns(width)
    : 0;
}

/** Elements of a packed chunk of A, whose last row is written as a whole vector: a multiple of a cache line. */
function packedElements(M: number, K: number, width: VectorWidth): number {
  return Math.ceil((Math.min(M, CHUNK_ROWS) * Math.min(K, MAXIMUM_DEPTH) + panelColumns(width)) / 16) * 16;
}

/** So many times so many panels beside each other, of which the last is so wide. */
interface Group {
  readonly count: number;
  readonly panels: number;
  readonly lastColumns: number;
}

/** A part of rows or of k. */
interface Range {
  readonly from: number;
  readonly size: number;
}

/** The fewest parts of at most so many, as even as can be. */
function cut(size: number, most: number): Range[] {
  const parts = Math.ceil(size / most);
  const start = (part: number): number => Math.floor((part * size) / parts);
  return Array.from({ length: parts }, (_, part) => ({ from: start(part), size: start(part + 1) - start(part) }));
}

/** The function of a product. It may change all registers but RSP, R12 and R13. */
export function product(routines: Routines, shape: ProductShape): Label {
  return routines.routine(`product ${JSON.stringify(shape)}`, () => new ProductWriter(routines, shape).write());
}

class ProductWriter {
  readonly #routines: Routines;
  readonly #shape: ProductShape;
  /** Of a panel. */
  readonly #columns: number;
  readonly #lastColumns: number;
  /** Of all tiles, where A is packed for them. */
  readonly #height: number | null;

  constructor(routines: Routines, shape: ProductShape) {
    this.#routines = routines;
    this.#shape = shape;
    this.#columns = panelColumns(routines.code.width);
    this.#lastColumns = shape.N % this.#columns || this.#columns;
    const { width } = routines.code;
    const heightsOf = this.#groups(shape.M).map(({ panels, lastColumns }) => mostRows(panels, lastColumns, width));
    this.#height = shape.transposedA ? Math.min(...heightsOf) : null;
  }

  write(): void {
    const { code } = this.#routines;
    const { M, K, transposedA } = this.#shape;
    const slots = Object.keys(operandRegisters) as OperandName[];
    code.arithmeticImmediate('sub', RSP, FRAME_BYTES);
    for (const [slot, name] of slots.entries())
      code.storeGeneral({ base: RSP, displacement: 8 * slot }, operandRegisters[name]);
    const operand = (to: number, name: OperandName, elements: number): void => {
      code.loadGeneral(to, { base: RSP, displacement: 8 * slots.indexOf(name) });
      if (elements !== 0) code.address(to, { base: to, displacement: 4 * elements });
    };
    setMask(code, this.#lastColumns);
    const depths = cut(K, MAXIMUM_DEPTH);
    const isFew = M <= FEW_ROWS && !transposedA;
    for (const rows of cut(M, isFew ? FEW_ROWS : CHUNK_ROWS))
      for (const ranges of isFew ? [depths] : depths.map((range) => [range])) this.#chunk(rows, ranges, operand);
    code.arithmeticImmediate('add', RSP, FRAME_BYTES);
    code.return();
  }

  /** Some rows of C, over some ranges of k. */
  #chunk(
    rows: Range,
    ranges: readonly Range[],
    operand: (to: number, name: OperandName, elements: number) => void,
  ): void {
    const { code } = this.#routines;
    const { M, N, K, transposedA, lda, ldb, ldc, addend } = this.#shape;
    const [{ from }] = ranges;
    if (transposedA) {
      operand(R8, 'a', from * lda + rows.from);
      operand(R9, 'scratch', 0);
      this.#packA(rows.size, ranges[0].size);
      operand(RBX, 'scratch', 0);
      operand(RBP, 'b', from * ldb);
    } else {
      operand(RBX, 'a', rows.from * lda);
      operand(RBP, 'b', 0);
    }
    operand(R14, 'c', rows.from * ldc);
    if (addend === 'bias') operand(R15, 'bias', 0);
    /** Bytes from where a panel is, or comes from, to where the next does; and where they are packed here. */
    const toNextPanel = transposedA ? 4 * this.#columns : 4 * this.#columns * K;
    const packedPanel = 4 * this.#columns * ranges[0].size;
    const isFew = ranges.length > 1 || rows.size <= FEW_ROWS;
    const linesOfStretch = (4 * this.#columns * STRETCH) / LINE_BYTES;
    /** Bytes from the panels of a range of k to those that are read after it. */
    const toLaterPanel = (range: number, panels: number): number =>
      range + 1 < ranges.length
        ? 4 * this.#columns * ranges[range].size
        : panels * toNextPanel - 4 * this.#columns * (ranges[range].from - ranges[0].from);
    /** So many groups of panels beside each other. */
    for (const { count, panels, lastColumns } of this.#groups(rows.size)) {
      const tiles = heights(rows.size, this.#height ?? mostRows(panels, lastColumns, code.width));
      // Each tile asks for a part of the panels that come next.
      const linesAhead = Math.ceil(linesOfStretch / tiles.reduce((sum, { count: times }) => sum + times, 0));
      this.#set(GROUPS_LEFT, count);
      const again = new Label();
      code.put(again);
      for (const [range, { from: first, size }] of ranges.entries()) {
        if (transposedA) {
          operand(R9, 'scratch', packedElements(M, K, code.width));
          for (let panel = 0; panel < panels; panel++) {
            code.address(R8, { base: RBP, displacement: panel * toNextPanel });
            const columns = panel === panels - 1 ? lastColumns : this.#columns;
            packPanel(this.#routines, { columns, step: 4 * ldb }, size);
            code.address(R9, { base: R9, displacement: packedPanel });
          }
          code.address(R9, { base: R9, displacement: -panels * packedPanel });
          code.move(R8, RBX);
        } else {
          code.address(R8, { base: RBX, displacement: 4 * first });
          code.address(R9, { base: RBP, displacement: 4 * this.#columns * first });
        }
        code.move(R10, R14);
        if (addend === 'bias') code.move(R11, R15);
        const shared = {
          panels,
          lastColumns,
          panelBytes: transposedA ? packedPanel : toNextPanel,
          depth: size,
          linesAhead: transposedA || 4 * N * K < FAR_BYTES ? 0 : linesAhead,
          ldc,
          addend: first === 0 ? addend : 'c',
        } as const;
        if (shared.linesAhead > 0) code.moveImmediate(RSI, toLaterPanel(range, panels));
        for (const { rows: height, count: times } of tiles) {
          const step = transposedA ? 4 * height * size : 4 * height * lda;
          const a = transposedA
            ? { rowStep: 4, depthStep: 4 * height, toNextA: 0 }
            : { rowStep: 4 * lda, depthStep: 4, toNextA: isFew ? 0 : step };
          this.#tiles({ ...shared, ...a, rows: height }, times, step);
        }
      }
      code.address(RBP, { base: RBP, displacement: panels * toNextPanel });
      code.address(R14, { base: R14, displacement: 4 * panels * this.#columns });
      if (addend === 'bias') code.address(R15, { base: R15, displacement: 4 * panels * this.#columns });
      code.decrement(GROUPS_LEFT);
      code.jumpIf('notZero', again);
    }
  }

  /** The panels of B in groups, which are multiplied at once. */
  #groups(rows: number): Group[] {
    const { transposedA, N } = this.#shape;
    const { width } = this.#routines.code;
    const abreast = Math.min(panelsAbreast(rows, width), transposedA ? MOST_ABREAST : Infinity);
    // A last panel of which only the first vector counts is no group, but is added to one.
    const isNarrow = this.#lastColumns <= this.#columns / 2 && N > this.#columns;
    const all = Math.ceil(N / this.#columns) - Number(isNarrow);
    const [whole, rest] = [Math.floor(all / abreast), all % abreast];
    const last = { count: 1, panels: (rest || abreast) + Number(isNarrow), lastColumns: this.#lastColumns };
    const others = { count: rest > 0 ? whole : whole - 1, panels: abreast, lastColumns: this.#columns };
    return [others, last].filter(({ count }) => count > 0);
  }

  #set(place: Memory, value: number): void {
    const { code } = this.#routines;
    code.moveImmediate(RAX, value);
    code.storeGeneral(place, RAX);
  }

  /** So many tiles below each other. R8: A, R9: panels, R10: C. @param step bytes of A from one to the next */
  #tiles(shape: Tile, count: number, step: number): void {
    const { code } = this.#routines;
    const body = tile(this.#routines, shape);
    this.#set(TILES_LEFT, count);
    const again = new Label();
    code.put(again);
    code.call(body);
    if (shape.linesAhead > 0) code.address(RSI, { base: RSI, displacement: LINE_BYTES * shape.linesAhead });
    code.address(R8, { base: R8, displacement: step });
    code.address(R10, { base: R10, displacement: 4 * shape.rows * shape.ldc });
    code.decrement(TILES_LEFT);
    code.jumpIf('notZero', again);
  }

  /** Rows of the transpose, tile by tile. R8: from, R9: to. */
  #packA(rows: number, depth: number): void {
    const { code } = this.#routines;
    for (const { rows: height, count } of heights(rows, this.#height!)) {
      code.moveImmediate(RDI, count);
      const again = new Label();
      code.put(again);
      packTile(this.#routines, { columns: height, step: 4 * this.#shape.lda }, depth);
      code.address(R8, { base: R8, displacement: 4 * height });
      code.address(R9, { base: R9, displacement: 4 * height * depth });
      code.decrement(RDI);
      code.jumpIf('notZero', again);
    }
  }
}

/** Tiles of at most so many rows: those of one height, then those of a row less. */
function heights(rows: number, most: number): { readonly rows: number; readonly count: number }[] {
  const tiles = Math.ceil(rows / most);
  const height = Math.floor(rows / tiles);
  const taller = rows % tiles;
  return [
    { rows: height + 1, count: taller },
    { rows: height, count: tiles - taller },
  ].filter(({ count }) => count > 0);
}
