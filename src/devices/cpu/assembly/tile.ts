// The innermost loops of a matrix product: a tile of C stays in registers while k runs. V8 has 16
// vector registers. The largest tile that fits is 6 rows of 8 columns (12 registers), with 2
// registers for B and 1 for A. Unrolling k makes it slower.
//
// Every element of C is the sum over k in order, in one accumulator that starts at zero, for every
// shape of the tile. The result of a row therefore does not depend on the number of rows or on its
// position. The addend (C itself, a row of bias, or a row of zeros) is passed as an address and is
// added at the end.
//
// V8 11.3 (Node 20) compiles this form of the loops to good code, as its disassembly shows.
// Together these choices sped up the product (25, 512, 128) from 25.6 to 41.9 GFLOP/s. Measure
// again before you undo one:
// - `if (depth) do … while`: after a bare do-while the accumulators are used by ordinary code,
//   which V8 schedules together with the loop's last load, so that all loads come first and
//   accumulators are spilled. If a loop is tested at its start, its constant addresses are not
//   moved out of it.
// - The last row or panel is loaded first: V8 places multiplications from the last accumulator back
//   to the first.
// - Pointers are advanced before they are used, so that the sum is already extended to 64 bits.
//   This saves two instructions per k.
// - Offsets of B (32, 48) differ from the offsets of A: V8 folds an offset into a load only if no
//   broadcast uses it. The pointer is therefore 32 bytes below the panel, which must lie at an
//   address of at least 32.
// - Each shape is a function with two call sites. Otherwise Binaryen inlines it, and V8 then
//   unrolls it and spills.
import { madd } from './madd';

/** One row of a finished tile: c = addend + product. */
@inline
function finish(c: usize, addend: usize, low: v128, high: v128): void {
  v128.store(c, f32x4.add(v128.load(addend), low));
  v128.store(c + 16, f32x4.add(v128.load(addend + 16), high));
}

/**
 * ROWS (a constant at compile time) rows of A packed (depth, ROWS) times a panel (depth, 8). Rows
 * of C are `step` bytes apart, and rows of the addend `addendStep` bytes.
 */
@inline
function tile(
  ROWS: i32, depth: usize, a: usize, b: usize, c: usize, step: usize, addend: usize, addendStep: usize,
): void {
  let l0 = f32x4.splat(0), h0 = f32x4.splat(0);
  let l1 = f32x4.splat(0), h1 = f32x4.splat(0);
  let l2 = f32x4.splat(0), h2 = f32x4.splat(0);
  let l3 = f32x4.splat(0), h3 = f32x4.splat(0);
  let l4 = f32x4.splat(0), h4 = f32x4.splat(0);
  let l5 = f32x4.splat(0), h5 = f32x4.splat(0);
  a -= ROWS << 2;
  b -= 64;
  if (depth) do {
    a += ROWS << 2;
    b += 32;
    const low = v128.load(b, 32);
    const high = v128.load(b, 48);
    let x: v128;
    if (ROWS > 5) {
      x = v128.load32_splat(a, 20);
      l5 = madd(x, low, l5);
      h5 = madd(x, high, h5);
    }
    if (ROWS > 4) {
      x = v128.load32_splat(a, 16);
      l4 = madd(x, low, l4);
      h4 = madd(x, high, h4);
    }
    if (ROWS > 3) {
      x = v128.load32_splat(a, 12);
      l3 = madd(x, low, l3);
      h3 = madd(x, high, h3);
    }
    if (ROWS > 2) {
      x = v128.load32_splat(a, 8);
      l2 = madd(x, low, l2);
      h2 = madd(x, high, h2);
    }
    if (ROWS > 1) {
      x = v128.load32_splat(a, 4);
      l1 = madd(x, low, l1);
      h1 = madd(x, high, h1);
    }
    x = v128.load32_splat(a);
    l0 = madd(x, low, l0);
    h0 = madd(x, high, h0);
  } while (--depth);
  finish(c, addend, l0, h0);
  if (ROWS > 1) finish((c += step), (addend += addendStep), l1, h1);
  if (ROWS > 2) finish((c += step), (addend += addendStep), l2, h2);
  if (ROWS > 3) finish((c += step), (addend += addendStep), l3, h3);
  if (ROWS > 4) finish((c += step), (addend += addendStep), l4, h4);
  if (ROWS > 5) finish((c += step), (addend += addendStep), l5, h5);
}

function tile1(depth: usize, a: usize, b: usize, c: usize, step: usize, addend: usize, addendStep: usize): void {
  tile(1, depth, a, b, c, step, addend, addendStep);
}
function tile2(depth: usize, a: usize, b: usize, c: usize, step: usize, addend: usize, addendStep: usize): void {
  tile(2, depth, a, b, c, step, addend, addendStep);
}
function tile3(depth: usize, a: usize, b: usize, c: usize, step: usize, addend: usize, addendStep: usize): void {
  tile(3, depth, a, b, c, step, addend, addendStep);
}
function tile4(depth: usize, a: usize, b: usize, c: usize, step: usize, addend: usize, addendStep: usize): void {
  tile(4, depth, a, b, c, step, addend, addendStep);
}
function tile5(depth: usize, a: usize, b: usize, c: usize, step: usize, addend: usize, addendStep: usize): void {
  tile(5, depth, a, b, c, step, addend, addendStep);
}
function tile6(depth: usize, a: usize, b: usize, c: usize, step: usize, addend: usize, addendStep: usize): void {
  tile(6, depth, a, b, c, step, addend, addendStep);
}

/**
 * `rows` <= 6 rows of A packed (depth, rows) times one panel (depth, 8), into 8 columns of C. depth
 * >= 1.
 */
@inline
export function multiplyTile(
  rows: usize, depth: usize, a: usize, b: usize, c: usize, step: usize, addend: usize, addendStep: usize,
): void {
  switch (<i32>rows) {
    case 6: tile6(depth, a, b, c, step, addend, addendStep); break;
    case 5: tile5(depth, a, b, c, step, addend, addendStep); break;
    case 4: tile4(depth, a, b, c, step, addend, addendStep); break;
    case 3: tile3(depth, a, b, c, step, addend, addendStep); break;
    case 2: tile2(depth, a, b, c, step, addend, addendStep); break;
    default: tile1(depth, a, b, c, step, addend, addendStep);
  }
}

/**
 * One row of A, unpacked, times PANELS (a constant at compile time) panels that are `size` bytes
 * apart. The independent sums hide the latency of an addition.
 */
@inline
function row(
  PANELS: i32, depth: usize, a: usize, b: usize, size: usize, c: usize, addend: usize,
): void {
  let l0 = f32x4.splat(0), h0 = f32x4.splat(0);
  let l1 = f32x4.splat(0), h1 = f32x4.splat(0);
  let l2 = f32x4.splat(0), h2 = f32x4.splat(0);
  let l3 = f32x4.splat(0), h3 = f32x4.splat(0);
  let l4 = f32x4.splat(0), h4 = f32x4.splat(0);
  let l5 = f32x4.splat(0), h5 = f32x4.splat(0);
  a -= 4;
  b -= 32;
  let b1 = b + size, b2 = b1 + size, b3 = b2 + size, b4 = b3 + size, b5 = b4 + size;
  if (depth) do {
    a += 4;
    const x = v128.load32_splat(a);
    if (PANELS > 5) {
      b5 += 32;
      h5 = madd(x, v128.load(b5, 16), h5);
      l5 = madd(x, v128.load(b5), l5);
    }
    if (PANELS > 4) {
      b4 += 32;
      h4 = madd(x, v128.load(b4, 16), h4);
      l4 = madd(x, v128.load(b4), l4);
    }
    if (PANELS > 3) {
      b3 += 32;
      h3 = madd(x, v128.load(b3, 16), h3);
      l3 = madd(x, v128.load(b3), l3);
    }
    if (PANELS > 2) {
      b2 += 32;
      h2 = madd(x, v128.load(b2, 16), h2);
      l2 = madd(x, v128.load(b2), l2);
    }
    if (PANELS > 1) {
      b1 += 32;
      h1 = madd(x, v128.load(b1, 16), h1);
      l1 = madd(x, v128.load(b1), l1);
    }
    b += 32;
    h0 = madd(x, v128.load(b, 16), h0);
    l0 = madd(x, v128.load(b), l0);
  } while (--depth);
  finish(c, addend, l0, h0);
  if (PANELS > 1) finish(c + 32, addend + 32, l1, h1);
  if (PANELS > 2) finish(c + 64, addend + 64, l2, h2);
  if (PANELS > 3) finish(c + 96, addend + 96, l3, h3);
  if (PANELS > 4) finish(c + 128, addend + 128, l4, h4);
  if (PANELS > 5) finish(c + 160, addend + 160, l5, h5);
}

function row1(depth: usize, a: usize, b: usize, size: usize, c: usize, addend: usize): void {
  row(1, depth, a, b, size, c, addend);
}
function row2(depth: usize, a: usize, b: usize, size: usize, c: usize, addend: usize): void {
  row(2, depth, a, b, size, c, addend);
}
function row4(depth: usize, a: usize, b: usize, size: usize, c: usize, addend: usize): void {
  row(4, depth, a, b, size, c, addend);
}
function row6(depth: usize, a: usize, b: usize, size: usize, c: usize, addend: usize): void {
  row(6, depth, a, b, size, c, addend);
}

/** The maximum number of panels, at most `panels`, that multiplyRow can multiply together. */
@inline
export function rowWidth(panels: usize): usize {
  return panels >= 6 ? 6 : panels >= 4 ? 4 : panels >= 2 ? 2 : 1;
}

/**
 * One row of A, unpacked, times `panels` panels, `size` bytes apart, into 8·panels columns.
 * `panels` is a result of rowWidth.
 */
@inline
export function multiplyRow(
  panels: usize, depth: usize, a: usize, b: usize, size: usize, c: usize, addend: usize,
): void {
  switch (<i32>panels) {
    case 6: row6(depth, a, b, size, c, addend); break;
    case 4: row4(depth, a, b, size, c, addend); break;
    case 2: row2(depth, a, b, size, c, addend); break;
    default: row1(depth, a, b, size, c, addend);
  }
}
