// Copies of matrix blocks in the order in which a tile reads them (tile.ts).
import { MASKS, MASK_VECTOR, loadPartial, setMask } from './masks.ts';
import { Label, R8, R9, RAX, RCX, RDX } from './operands.ts';
import type { Routines } from './routines.ts';
import { LINE_BYTES, panelColumns } from './tile.ts';

/** Some columns of a matrix, and the bytes from one of its rows to the next. */
interface Columns {
  readonly columns: number;
  readonly step: number;
}

/** Rows are prefetched this many rows before they are copied. */
const ROWS_AHEAD = 12;

/**
 * R8: from, R9: to panels (depth, panel), of which the last has zeros beyond the last column, up to a
 * vector. Changes RAX, RCX, RDX.
 *
 * @param panelBytes from a panel to the next
 */
export function packPanels(routines: Routines, columns: Columns, panelBytes: number, depth: number): void {
  copy(routines, { ...columns, toStep: 4 * panelColumns(routines.code.width), panelBytes }, depth);
}

/**
 * R8: from, R9: to (depth, columns). What is beyond the last row, up to a vector, changes. Changes
 * RAX, RCX, RDX.
 */
export function packTile(routines: Routines, { columns, step }: Columns, depth: number): void {
  copy(routines, { columns, step, toStep: 4 * columns, panelBytes: 2 * routines.code.vectorBytes }, depth);
}

interface Copy extends Columns {
  readonly toStep: number;
  /** From two vectors of a row to the next two. */
  readonly panelBytes: number;
}

function copy(routines: Routines, shape: Copy, depth: number): void {
  const { code } = routines;
  const body = routines.routine(`copy ${JSON.stringify(shape)}`, () => writeCopy(routines, shape));
  code.moveImmediate(RCX, depth);
  code.call(body);
}

function writeCopy(routines: Routines, { columns, step, toStep, panelBytes }: Copy): void {
  const { code } = routines;
  const { vectorBytes } = code;
  const lanes = vectorBytes / 4;
  const vectors = Math.ceil(columns / lanes);
  const partial = columns % lanes;
  if (partial > 0) setMask(routines, partial, MASKS.copied);
  code.move(RAX, R8);
  code.move(RDX, R9);
  const again = new Label();
  code.put(again);
  for (let byte = 0; byte < 4 * columns; byte += LINE_BYTES)
    code.prefetch({ base: RAX, displacement: ROWS_AHEAD * step + byte });
  for (let vector = 0; vector < vectors; vector++) {
    const register = vector % MASK_VECTOR;
    const source = { base: RAX, displacement: vector * vectorBytes };
    if (partial === 0 || vector < vectors - 1) code.load(register, source);
    else loadPartial(code, register, source, MASKS.copied);
    const to = (vector >> 1) * panelBytes + (vector & 1) * vectorBytes;
    code.store({ base: RDX, displacement: to }, register);
  }
  code.address(RAX, { base: RAX, displacement: step });
  code.address(RDX, { base: RDX, displacement: toStep });
  code.decrement(RCX);
  code.jumpIf('notZero', again);
  code.return();
}
