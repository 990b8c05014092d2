// The innermost loop of a matrix product: a tile of C stays in registers while k runs.
//
// With 32 registers of 16 floats, a tile is 6 rows of 64 columns (two panels). Its sums take 24
// registers, the row of B takes 4, and elements of A alternate in the other registers. With 16
// registers of 8 floats, a tile is 6 rows of 16 columns (one panel). Tiles of few rows have more
// panels, because each sum waits four or five cycles for its last addition, and the processor can
// begin two additions a cycle.
import { writeLoop } from './loop.ts';
import { CACHE_LINE_BYTES } from '../sizes.ts';
import { MASKS, MASK_VECTOR, loadPartial, setMask, storePartial } from './masks.ts';
import {
  type InstructionSet,
  type Label,
  type Memory,
  R8,
  R9,
  R10,
  R11,
  RAX,
  RCX,
  RDI,
  RDX,
  RSI,
  instructionSets,
} from './operands.ts';
import type { Routines } from './routines.ts';

/** The addend of a product: nothing, C, or one row for every row. */
export type Addend = 'nothing' | 'c' | 'bias';

export interface Tile {
  readonly rows: number;
  /** The number of adjacent panels. */
  readonly panels: number;
  /** The columns of the last panel. */
  readonly lastColumns: number;
  /** Bytes from one row of A to the next, and from one k to the next. */
  readonly rowStep: number;
  readonly depthStep: number;
  /** Bytes from one panel to the next. */
  readonly panelBytes: number;
  /** The number of k. */
  readonly depth: number;
  /** In elements. */
  readonly ldc: number;
  readonly addend: Addend;
}

/** The columns of a panel: two vectors. */
export const panelColumns = (width: InstructionSet): number => (2 * instructionSets[width].vectorBytes) / 4;

/** The largest number of vector registers that hold sums. */
const MAX_SUMS: Readonly<Record<InstructionSet, number>> = { avx512: 24, avx2: 12 };

/** The number of adjacent panels in a tile with this many rows. */
export const adjacentPanels = (rows: number, width: InstructionSet): number =>
  rows === 1 ? 4 : (rows <= 3 ? 2 : 1) * (width === 'avx512' ? 2 : 1);

/**
 * The maximum number of rows of a tile, so that its sums, elements of A and vectors of B fit the
 * registers.
 */
export function maxRows(panels: number, lastColumns: number, width: InstructionSet): number {
  const perRow = vectorsIn(panels, lastColumns, width);
  const fits = (rows: number): boolean => rows * perRow + Math.min(rows, perRow) < instructionSets[width].registers;
  let rows = Math.max(1, Math.floor(MAX_SUMS[width] / perRow));
  while (fits(rows + 1) && rows * perRow < MAX_SUMS[width]) rows++;
  return Math.min(rows, 12);
}

/** The vectors in a row of a tile of C. The last panel may have only its first vector. */
const vectorsIn = (panels: number, lastColumns: number, width: InstructionSet): number =>
  2 * panels - (lastColumns <= panelColumns(width) / 2 ? 1 : 0);

/**
 * The number of k that an iteration of the loop multiplies. If another thread shares the core, the
 * processor hardly has time for more than loads, multiplications and additions.
 */
const UNROLLED = 4;

/**
 * The function that computes a tile. R8: A, R9: the first panel, R10: C, R11: the bias. It changes
 * RAX, RCX, RDX, RSI, RDI and vectors.
 */
export function writeTile(routines: Routines, shape: Tile): Label {
  const { code } = routines;
  const { rows, panels, lastColumns, rowStep, depthStep, panelBytes, depth } = shape;
  const { vectorBytes, registers } = code;
  const vectors = vectorsIn(panels, lastColumns, code.width);
  const sum = (row: number, vector: number): number => row * vectors + vector;
  /** @param k within an iteration */
  const panelAt = (k: number, vector: number): Memory => ({
    base: RDX,
    displacement: (vector >> 1) * panelBytes + (2 * k + (vector & 1)) * vectorBytes,
  });
  const elementAt = (k: number, row: number): Memory => ({ base: RAX, displacement: k * depthStep + row * rowStep });
  const firstFree = rows * vectors;
  /** The cache lines of a row of the tile of C. */
  const lines = Math.ceil((vectors * vectorBytes) / CACHE_LINE_BYTES);

  const multiplyByRows = (k: number): void => {
    for (let vector = 0; vector < vectors; vector++) code.load(firstFree + vector, panelAt(k, vector));
    const firstOther = firstFree + vectors;
    for (let row = 0; row < rows; row++) {
      const element = firstOther + (row % (registers - firstOther));
      code.broadcast(element, elementAt(k, row));
      for (let vector = 0; vector < vectors; vector++)
        code.vector('vfmadd231ps', sum(row, vector), element, firstFree + vector);
    }
  };
  const multiplyByColumns = (k: number): void => {
    for (let row = 0; row < rows; row++) code.broadcast(firstFree + row, elementAt(k, row));
    const firstOther = firstFree + rows;
    for (let vector = 0; vector < vectors; vector++) {
      const panel = firstOther + (vector % (registers - firstOther));
      if (rows > 1) code.load(panel, panelAt(k, vector));
      for (let row = 0; row < rows; row++)
        code.vector('vfmadd231ps', sum(row, vector), firstFree + row, rows > 1 ? panel : panelAt(k, vector));
    }
  };
  const multiply = vectors > rows ? multiplyByColumns : multiplyByRows;
  /** @param writeAtEnd writes more instructions at the end of each iteration */
  const repeatMultiply = (iterations: number, depthOfEach: number, writeAtEnd?: () => void): void => {
    if (iterations === 0) return;
    const iteration = (): void => {
      for (let k = 0; k < depthOfEach; k++) multiply(k);
      writeAtEnd?.();
      code.arithmeticImmediate('add', RDX, 2 * vectorBytes * depthOfEach);
      code.arithmeticImmediate('add', RAX, depthStep * depthOfEach);
    };
    writeLoop(code, RCX, iterations, iteration, 16);
  };
  /** Prefetches lines of C one by one between multiplications. All together, they would delay B. */
  const multiplyAndPrefetch = (prefetchedRows: number): void => {
    if (prefetchedRows === 0) return;
    code.move(RSI, R10);
    writeLoop(code, RDI, prefetchedRows, () => {
      repeatMultiply(lines, UNROLLED, () => {
        code.prefetch({ base: RSI });
        code.arithmeticImmediate('add', RSI, CACHE_LINE_BYTES);
      });
      code.address(RSI, { base: RSI, displacement: 4 * shape.ldc - CACHE_LINE_BYTES * lines });
    });
  };

  return routines.routine(`tile ${JSON.stringify(shape)}`, () => {
    for (let each = 0; each < firstFree; each++) code.zero(each);
    code.move(RAX, R8);
    code.move(RDX, R9);
    const iterations = Math.floor(depth / UNROLLED);
    const prefetchedRows = Math.min(rows, Math.floor(iterations / lines));
    multiplyAndPrefetch(prefetchedRows);
    repeatMultiply(iterations - prefetchedRows * lines, UNROLLED);
    repeatMultiply(depth % UNROLLED, 1);
    finish(routines, shape, vectors, sum);
    code.return();
  });
}

/** Adds the addend and stores the tile. */
function finish(
  routines: Routines,
  { rows, lastColumns, ldc, addend }: Tile,
  vectors: number,
  sum: (row: number, vector: number) => number,
): void {
  const { code } = routines;
  const { vectorBytes, width, registers } = code;
  const partial = lastColumns % (vectorBytes / 4);
  // With AVX2, the register of the mask was used for other values until now.
  if (partial > 0 && width === 'avx2') setMask(routines, partial, MASKS.lastColumns);
  const temporary = width === 'avx2' ? MASK_VECTOR - 1 : registers - 1;
  if (addend === 'nothing') code.zero(temporary);
  for (let row = 0; row < rows; row++)
    for (let vector = 0; vector < vectors; vector++) {
      const c = { base: R10, displacement: 4 * row * ldc + vector * vectorBytes };
      const added = addend === 'bias' ? { base: R11, displacement: vector * vectorBytes } : c;
      const result = sum(row, vector);
      const isPartial = partial > 0 && vector === vectors - 1;
      // Even without an addend, a zero is added: a sum of −0 becomes 0, as in WebAssembly.
      if (addend === 'nothing') code.vector('vaddps', result, result, temporary);
      else if (!isPartial) code.vector('vaddps', result, result, added);
      else {
        loadPartial(code, temporary, added, MASKS.lastColumns);
        code.vector('vaddps', result, result, temporary);
      }
      if (!isPartial) code.store(c, result);
      else storePartial(code, c, result, MASKS.lastColumns);
    }
}
