// Writes machine code that copies blocks of matrices into the order in which a tile reads them
// (tile.ts).
import { writeLoop } from './loop.ts';
import { CACHE_LINE_BYTES } from '../sizes.ts';
import { MASKS, MASK_VECTOR, loadPartial, setMask } from './masks.ts';
import { R8, R9, R10, RAX, RCX, RDX } from './operands.ts';
import type { TileRows } from './partition.ts';
import type { Routines } from './routines.ts';

/** Some columns of a matrix, and the bytes from one of its rows to the next. */
interface Columns {
  readonly columns: number;
  readonly step: number;
}

/**
 * Writes code that packs columns into panels (depth, panel). Fills the last panel with zeros after
 * the last column, up to a whole vector. The code expects the address of the matrix in R8 and of
 * the panels in R9, and changes RAX, RCX and RDX.
 *
 * @param panelBytes the distance from one panel to the next
 */
export function packPanels(routines: Routines, { columns, step }: Columns, panelBytes: number, depth: number): void {
  const { code } = routines;
  const { vectorBytes } = code;
  const lanes = vectorBytes / 4;
  const vectors = Math.ceil(columns / lanes);
  const partial = columns % lanes;
  const copyRow = (): void => {
    for (let vector = 0; vector < vectors; vector++) {
      const register = vector % MASK_VECTOR;
      const source = { base: RAX, displacement: vector * vectorBytes };
      if (partial === 0 || vector < vectors - 1) code.load(register, source);
      else loadPartial(code, register, source, MASKS.copied);
      const displacement = (vector >> 1) * panelBytes + (vector & 1) * vectorBytes;
      code.store({ base: RDX, displacement }, register);
    }
    code.address(RAX, { base: RAX, displacement: step });
    code.address(RDX, { base: RDX, displacement: 2 * vectorBytes });
  };
  if (partial > 0) setMask(routines, partial, MASKS.copied);
  code.move(RAX, R8);
  code.move(RDX, R9);
  writeLoop(code, RCX, depth, copyRow);
}

/**
 * The distance from one packed tile to the next, in bytes. An unused cache line follows each tile,
 * because the last vector that is stored may extend beyond the tile.
 */
export const packedTileBytes = (rows: number, depth: number): number => 4 * rows * depth + CACHE_LINE_BYTES;

/**
 * Writes code that packs columns into tiles (depth, rows), one after another. The code reads all
 * columns of a row before the next row, because memory is fastest in the order of addresses. It
 * expects the address of the matrix in R8 and of the tiles in R9, and changes RAX, RCX, R8, R9 and
 * R10.
 *
 * @param tiles the numbers of tiles of one or two heights
 */
export function packTiles(
  routines: Routines,
  tiles: readonly TileRows[],
  { columns, step }: Columns,
  depth: number,
): void {
  const { code } = routines;
  const lanes = code.vectorBytes / 4;
  const [first, second] = tiles;
  if (second) code.address(R10, { base: R9, displacement: first.count * packedTileBytes(first.rows, depth) });
  const copyRow = (isLast: boolean): void => {
    let column = 0;
    for (const [index, { rows, count }] of tiles.entries())
      for (let tile = 0; tile < count; tile++, column += rows) {
        const register = tile % MASK_VECTOR;
        const source = { base: R8, displacement: 4 * column };
        if (!isLast || column + lanes <= columns) code.load(register, source);
        else {
          setMask(routines, rows, MASKS.copied);
          loadPartial(code, register, source, MASKS.copied);
        }
        const displacement = tile * packedTileBytes(rows, depth);
        code.store({ base: index === 0 ? R9 : R10, displacement }, register);
      }
  };
  const copyRows = (count: number, isLast: boolean): void => {
    if (count === 0) return;
    writeLoop(code, RCX, count, () => {
      copyRow(isLast);
      code.address(R8, { base: R8, displacement: step });
      code.address(R9, { base: R9, displacement: 4 * first.rows });
      if (second) code.address(R10, { base: R10, displacement: 4 * second.rows });
    });
  };
  // In these last rows, a whole vector from the last tile would extend beyond the matrix.
  const last = Math.min(depth, Math.ceil((4 * (lanes - (second ?? first).rows)) / step));
  copyRows(depth - last, false);
  copyRows(last, true);
}
