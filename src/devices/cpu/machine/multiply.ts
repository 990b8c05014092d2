// Rows of A times columns of B that are packed into panels, group by group and tile by tile.
import { writeLoop } from './loop.ts';
import { type IndexRange, panelGroupsOf, tileRowsOf } from './partition.ts';
import { R8, R9, R10, R11, R14, R15, RBP, RBX, RSP } from './operands.ts';
import type { Routines } from './routines.ts';
import { type Addend, type Tile, maxRows, panelColumns, writeTile } from './tile.ts';

/** Counts of the groups and tiles that are left, on the stack of a product's function. */
const [GROUPS_LEFT, TILES_LEFT] = [0, 8].map((displacement) => ({ base: RSP, displacement }));
/** The bytes of these counts, from RSP on. */
export const COUNT_BYTES = 16;

/** How tiles read A. */
export interface StepsInA extends Pick<Tile, 'rowStep' | 'depthStep'> {
  /** Bytes of A from one tile to the next. */
  readonly step: number;
}

export interface Multiplication {
  /** The rows of A and C. */
  readonly rows: number;
  readonly columns: number;
  /** The ranges of k. */
  readonly ranges: readonly IndexRange[];
  /** Bytes from one panel to the next. */
  readonly panelBytes: number;
  /** How tiles of a height read A. */
  readonly a: (height: number) => StepsInA;
  readonly ldc: number;
  readonly addend: Addend;
  /** The maximum number of panels in a group. */
  readonly maxPanels: number;
  /** The maximum height of all tiles. Default: as high as fits the registers. */
  readonly height?: number;
  /** The first k of A and the panels. */
  readonly firstK?: number;
}

/**
 * RBX: A, RBP: panels, R14: C, R15: the bias. RBP, R14 and R15 advance. RAX, RCX, RDX, RSI, RDI and
 * R8 to R11 change.
 */
export function multiply(routines: Routines, multiplication: Multiplication): void {
  const { rows, columns, ranges, panelBytes, a, ldc, addend, maxPanels, height, firstK = 0 } = multiplication;
  const { code } = routines;
  const rowBytes = 4 * panelColumns(code.width);
  for (const { count, panels, lastColumns } of panelGroupsOf(rows, columns, code.width, maxPanels)) {
    const tiles = tileRowsOf(rows, height ?? maxRows(panels, lastColumns, code.width));
    writeLoop(code, GROUPS_LEFT, count, () => {
      for (const { from, size: depth } of ranges) {
        code.address(R8, { base: RBX, displacement: 4 * (from - firstK) });
        code.address(R9, { base: RBP, displacement: rowBytes * (from - firstK) });
        code.move(R10, R14);
        if (addend === 'bias') code.move(R11, R15);
        const added = from === 0 ? addend : 'c';
        const commonShape = { panels, lastColumns, panelBytes, depth, ldc, addend: added } as const;
        for (const tileRows of tiles) {
          const { step, ...stepsInA } = a(tileRows.rows);
          multiplyTiles(routines, { ...commonShape, ...stepsInA, rows: tileRows.rows }, tileRows.count, step);
        }
      }
      code.address(RBP, { base: RBP, displacement: panels * panelBytes });
      code.address(R14, { base: R14, displacement: panels * rowBytes });
      if (addend === 'bias') code.address(R15, { base: R15, displacement: panels * rowBytes });
    });
  }
}

/**
 * Multiplies `count` tiles, one below another. R8: A, R9: panels, R10: C.
 *
 * @param step bytes of A from one tile to the next
 */
function multiplyTiles(routines: Routines, shape: Tile, count: number, step: number): void {
  const { code } = routines;
  const body = writeTile(routines, shape);
  writeLoop(code, TILES_LEFT, count, () => {
    code.call(body);
    code.address(R8, { base: R8, displacement: step });
    code.address(R10, { base: R10, displacement: 4 * shape.rows * shape.ldc });
  });
}
