// Matrix products in machine code, one function a shape: sizes, strides and how C is cut into tiles
// are constants of the code.
//
// Every element of C is summed as the WebAssembly kernels sum it (assembly/gemm.ts): over k in
// order, in blocks of at most 256, each from zero by fused multiplications and additions, and added
// to what was there before it. So the bits are the same.
import { Label, R8, R9, R10, R11, R14, R15, RBP, RBX, RCX, RDI, RDX, RSI, RSP, type VectorWidth } from './operands.ts';
import { packPanel, packTile } from './packing.ts';
import type { Routines } from './routines.ts';
import { type Addend, MOST_ROWS, type Tile, panelColumns, panelsAbreast, setMask, tile } from './tile.ts';

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
/** Panels that are packed at a time. */
const MOST_ABREAST = 2;

/** Elements of scratch memory. */
export function productScratch(
  { M, K, transposedA }: Pick<ProductShape, 'M' | 'K' | 'transposedA'>,
  width: VectorWidth,
): number {
  return transposedA
    ? packedElements(M, K, width) + MOST_ABREAST * Math.min(K, MAXIMUM_DEPTH) * panelColumns(width)
    : 0;
}

/** Elements of a packed chunk of A, whose last row is written as a whole vector: a multiple of a cache line. */
function packedElements(M: number, K: number, width: VectorWidth): number {
  return Math.ceil((Math.min(M, CHUNK_ROWS) * Math.min(K, MAXIMUM_DEPTH) + panelColumns(width)) / 16) * 16;
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

  constructor(routines: Routines, shape: ProductShape) {
    this.#routines = routines;
    this.#shape = shape;
    this.#columns = panelColumns(routines.code.width);
    this.#lastColumns = shape.N % this.#columns || this.#columns;
  }

  write(): void {
    const { code } = this.#routines;
    const { M, K, transposedA } = this.#shape;
    const slots = Object.keys(operandRegisters) as OperandName[];
    code.arithmeticImmediate('sub', RSP, 8 * slots.length);
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
    code.arithmeticImmediate('add', RSP, 8 * slots.length);
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
    const tiles = heights(rows.size, MOST_ROWS[code.width]);
    const whole = Math.floor(N / this.#columns);
    const abreast = Math.min(panelsAbreast(tiles[0].rows, code.width), transposedA ? MOST_ABREAST : Infinity);
    /** So many groups of panels beside each other. */
    const groups = (count: number, panels: number, lastColumns: number): void => {
      if (count === 0 || panels === 0) return;
      code.moveImmediate(RSI, count);
      const again = new Label();
      code.put(again);
      for (const { from: first, size } of ranges) {
        if (transposedA) {
          operand(R9, 'scratch', packedElements(M, K, code.width));
          for (let panel = 0; panel < panels; panel++) {
            code.address(R8, { base: RBP, displacement: panel * toNextPanel });
            packPanel(this.#routines, { columns: lastColumns, step: 4 * ldb }, size);
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
          ldc,
          addend: first === 0 ? addend : 'c',
        } as const;
        for (const { rows: height, count: times } of tiles) {
          const a = transposedA ? { rowStep: 4, depthStep: 4 * height } : { rowStep: 4 * lda, depthStep: 4 };
          this.#tiles(
            { ...shared, ...a, rows: height },
            times,
            size,
            transposedA ? 4 * height * size : 4 * height * lda,
          );
        }
      }
      code.address(RBP, { base: RBP, displacement: panels * toNextPanel });
      code.address(R14, { base: R14, displacement: 4 * panels * this.#columns });
      if (addend === 'bias') code.address(R15, { base: R15, displacement: 4 * panels * this.#columns });
      code.decrement(RSI);
      code.jumpIf('notZero', again);
    };
    groups(Math.floor(whole / abreast), abreast, this.#columns);
    groups(1, whole % abreast, this.#columns);
    if (this.#lastColumns < this.#columns) groups(1, 1, this.#lastColumns);
  }

  /** So many tiles below each other. R8: A, R9: panels, R10: C. @param step bytes of A from one to the next */
  #tiles(shape: Tile, count: number, depth: number, step: number): void {
    const { code } = this.#routines;
    const body = tile(this.#routines, shape);
    code.moveImmediate(RDI, count);
    const again = new Label();
    code.put(again);
    code.moveImmediate(RCX, depth);
    code.call(body);
    code.address(R8, { base: R8, displacement: step });
    code.address(R10, { base: R10, displacement: 4 * shape.rows * shape.ldc });
    code.decrement(RDI);
    code.jumpIf('notZero', again);
  }

  /** Rows of the transpose, tile by tile. R8: from, R9: to. */
  #packA(rows: number, depth: number): void {
    const { code } = this.#routines;
    for (const { rows: height, count } of heights(rows, MOST_ROWS[code.width])) {
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
