// Vectors of which only the first lanes are read and written. The mask is a mask register with
// AVX-512, and the sign bits of a vector with AVX2.
import type { Assembler } from './assembler.ts';
import { type Memory, RAX } from './operands.ts';
import type { Routines } from './routines.ts';

/** Mask registers by their use. */
export const MASKS = { lastColumns: 1, copied: 2, compared: 3 } as const;
/** The vector register that holds the mask with AVX2. */
export const MASK_VECTOR = 15;

/**
 * Sets the mask for the first `lanes` lanes. It changes RAX with AVX-512, and MASK_VECTOR with
 * AVX2.
 *
 * @param mask a mask register, not used with AVX2
 */
export function setMask(routines: Routines, lanes: number, mask: number): void {
  const { code } = routines;
  if (code.width === 'avx2') {
    const bits = Array.from({ length: 8 }, (_, lane) => (lane < lanes ? -1 : 0));
    code.load(MASK_VECTOR, { label: routines.integers(bits) });
    return;
  }
  code.moveImmediate(RAX, 2 ** lanes - 1);
  code.moveToMask(mask, RAX);
}

/** Loads the lanes of the mask. Other lanes become zero, and their memory is not read. */
export function loadPartial(code: Assembler, to: number, from: Memory, mask: number): void {
  if (code.width === 'avx2') code.loadWhere(to, MASK_VECTOR, from);
  else code.loadMasked(to, from, mask);
}

/** Stores the lanes of the mask. The memory of other lanes does not change. */
export function storePartial(code: Assembler, to: Memory, from: number, mask: number): void {
  if (code.width === 'avx2') code.storeWhere(to, MASK_VECTOR, from);
  else code.storeMasked(to, from, mask);
}
