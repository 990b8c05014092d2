// The innermost loop of a product: a tile of C stays in registers while k runs.
//
// With 32 registers of 16 floats, twelve rows of 32 columns take 24, the row of B two, and elements
// of A the others in turn; with 16 registers of 8, six rows of 16 columns. Where rows are fewer,
// panels beside each other make up for them: each sum waits four or five cycles for its last
// addition, and the processor can begin two a cycle.
import { MASKS, MASK_VECTOR, loadPartial, setMask, storePartial } from './masks.ts';
import { Label, type Memory, R8, R9, R10, R11, RAX, RCX, RDI, RDX, RSI, type InstructionSet } from './operands.ts';
import type { Routines } from './routines.ts';

/** What is added to a product: nothing, C, or one row to every row. */
export type Addend = 'nothing' | 'c' | 'bias';

/** Places that will be needed: bytes from RSI, and by how many that moves on each time. */
export interface Ahead {
  readonly places: readonly number[];
  readonly step: number;
  /** Bytes from what one tile prefetches to what the next tile prefetches. */
  readonly toNextTile: number;
}

export interface Tile {
  readonly rows: number;
  /** Beside each other. */
  readonly panels: number;
  /** The columns of the last panel. */
  readonly lastColumns: number;
  /** Bytes from a row of A to the next, and from one k to the next. */
  readonly rowStep: number;
  readonly depthStep: number;
  /** From a panel to the next. */
  readonly panelBytes: number;
  /** How many k. */
  readonly depth: number;
  /** Bytes from A of this tile to A of the next, which is prefetched; 0 if it need not be. */
  readonly toNextA: number;
  /** What else is prefetched every 16 k, from RSI on; null for nothing. */
  readonly ahead: Ahead | null;
  /** In elements. */
  readonly ldc: number;
  readonly addend: Addend;
}

/** The columns of a panel: two vectors. */
export const panelColumns = (width: InstructionSet): number => (width === 'avx512' ? 32 : 16);

/** The largest number of vector registers that hold sums. */
const MAX_SUMS: Readonly<Record<InstructionSet, number>> = { avx512: 24, avx2: 12 };

/** The number of adjacent panels in a tile with this many rows. */
export const adjacentPanels = (rows: number, width: InstructionSet): number =>
  rows === 1 ? 4 : rows <= 3 && width === 'avx512' ? 4 : rows <= 3 || width === 'avx512' ? 2 : 1;

/** The most rows of a tile: with its sums, elements of A and vectors of B, it fits the registers. */
export function maxRows(panels: number, lastColumns: number, width: InstructionSet): number {
  const vectors = vectorsIn(panels, lastColumns, width);
  const registers = width === 'avx512' ? 32 : 16;
  const fits = (rows: number): boolean => rows * vectors + Math.min(rows, vectors) < registers;
  let rows = Math.max(1, Math.floor(MAX_SUMS[width] / vectors));
  while (fits(rows + 1) && rows * vectors < MAX_SUMS[width]) rows++;
  return Math.min(rows, 12);
}

/** The vectors of a row of C in a tile: of the last panel, perhaps only the first. */
const vectorsIn = (panels: number, lastColumns: number, width: InstructionSet): number =>
  2 * panels - (lastColumns <= panelColumns(width) / 2 ? 1 : 0);

/** The size of a cache line in bytes. */
export const LINE_BYTES = 64;
/** k after which a row of A is in its next line. */
export const DEPTH_CHUNK = 16;
export const depthChunksIn = (depth: number): number => Math.floor(depth / DEPTH_CHUNK);

/**
 * The function of a tile. R8: A, R9: the first panel, R10: C, R11: the bias, RSI: what will be
 * needed. It changes RAX, RCX, RDX, RDI, RSI and vectors.
 */
export function tile(routines: Routines, shape: Tile): Label {
  const { code } = routines;
  const { rows, panels, lastColumns, rowStep, depthStep, panelBytes, depth, toNextA, ahead } = shape;
  const { vectorBytes, registers } = code;
  const vectors = vectorsIn(panels, lastColumns, code.width);
  const sum = (row: number, vector: number): number => row * vectors + vector;
  const panelAt = (vector: number): Memory => ({
    base: RDX,
    displacement: (vector >> 1) * panelBytes + (vector & 1) * vectorBytes,
  });
  const elementAt = (row: number): Memory => ({ base: RAX, displacement: row * rowStep });
  const free = rows * vectors;
  const lineVectors = LINE_BYTES / vectorBytes;

  const multiplyByRows = (): void => {
    for (let vector = 0; vector < vectors; vector++) code.load(free + vector, panelAt(vector));
    const others = free + vectors;
    for (let row = 0; row < rows; row++) {
      const element = others + (row % (registers - others));
      code.broadcast(element, elementAt(row));
      for (let vector = 0; vector < vectors; vector++)
        code.vector('vfmadd231ps', sum(row, vector), element, free + vector);
    }
  };
  const multiplyByColumns = (): void => {
    for (let row = 0; row < rows; row++) code.broadcast(free + row, elementAt(row));
    const others = free + rows;
    for (let vector = 0; vector < vectors; vector++) {
      const panel = others + (vector % (registers - others));
      if (rows > 1) code.load(panel, panelAt(vector));
      for (let row = 0; row < rows; row++)
        code.vector('vfmadd231ps', sum(row, vector), free + row, rows > 1 ? panel : panelAt(vector));
    }
  };

  /** For what is needed in a while: it comes from memory while the processor computes. */
  const ask = (): void => {
    if (toNextA > 0)
      for (let row = 0; row < rows; row++) code.prefetch({ base: RAX, displacement: toNextA + row * rowStep });
    if (ahead === null) return;
    for (const displacement of ahead.places) code.prefetch({ base: RSI, displacement });
    code.address(RSI, { base: RSI, displacement: ahead.step });
  };
  const multiply = (count: number): void => {
    code.moveImmediate(RCX, count);
    code.align(16);
    const again = new Label();
    code.put(again);
    if (vectors > rows) multiplyByColumns();
    else multiplyByRows();
    code.arithmeticImmediate('add', RDX, 2 * vectorBytes);
    code.arithmeticImmediate('add', RAX, depthStep);
    code.decrement(RCX);
    code.jumpIf('notZero', again);
  };

  return routines.routine(`tile ${JSON.stringify(shape)}`, () => {
    // C is there when the sums are.
    for (let row = 0; row < rows; row++)
      for (let vector = 0; vector < vectors; vector += lineVectors)
        code.prefetch({ base: R10, displacement: 4 * row * shape.ldc + vector * vectorBytes });
    for (let each = 0; each < free; each++) code.zero(each);
    code.move(RAX, R8);
    code.move(RDX, R9);
    const wholes = toNextA > 0 || ahead !== null ? depthChunksIn(depth) : 0;
    if (wholes > 0) {
      code.moveImmediate(RDI, wholes);
      const next = new Label();
      code.put(next);
      ask();
      multiply(DEPTH_CHUNK);
      code.decrement(RDI);
      code.jumpIf('notZero', next);
    }
    if (depth > wholes * DEPTH_CHUNK) multiply(depth - wholes * DEPTH_CHUNK);
    finish(routines, shape, vectors, sum);
    code.return();
  });
}

/** Adds the addend, and stores. */
function finish(
  routines: Routines,
  { rows, lastColumns, ldc, addend }: Tile,
  vectors: number,
  sum: (row: number, vector: number) => number,
): void {
  const { code } = routines;
  const { vectorBytes, width, registers } = code;
  const partial = lastColumns % (vectorBytes / 4);
  // With AVX2 the register of the mask held something else until now.
  if (partial > 0 && width === 'avx2') setMask(routines, partial, MASKS.lastColumns);
  const temporary = width === 'avx2' ? MASK_VECTOR - 1 : registers - 1;
  if (addend === 'nothing') code.zero(temporary);
  for (let row = 0; row < rows; row++)
    for (let vector = 0; vector < vectors; vector++) {
      const c = { base: R10, displacement: 4 * row * ldc + vector * vectorBytes };
      const added = addend === 'bias' ? { base: R11, displacement: vector * vectorBytes } : c;
      const result = sum(row, vector);
      const isPartial = partial > 0 && vector === vectors - 1;
      // To nothing, too: a sum of −0 becomes 0, as in WebAssembly.
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
