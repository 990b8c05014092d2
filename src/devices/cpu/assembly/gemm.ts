// Matrix products: how C is divided into tiles (tile.ts), and when A and B are packed (packing.ts).
//
// The depth K is divided into blocks of at most 256, so that a panel (8 KB) and a packed tile of A
// (6 KB) fit the first-level cache together. The rows of C are divided into tiles of nearly equal
// height (25 = 5×5, 32 = 2×6 + 4×5), so that no tile has only one or two rows. Some tiles form a
// chunk, whose packed rows of A fit the second-level cache. M, N and K are at least 1.
import { PANEL, packColumns, packRows, packTransposedRows } from './packing';
import { addRows, copyRows, zero } from './rows';
import { multiplyRow, multiplyTile, rowWidth } from './tile';

@inline
const MAXIMUM_DEPTH: usize = 256;
/** Tiles of a chunk: 288 rows × 256 × 4 bytes = 288 KB. */
@inline
const CHUNK_TILES: usize = 48;
/** Up to this many rows, a product uses multiplyFew. */
@inline
const FEW: usize = 16;
/** The number of panels that gemmTransposedA packs at a time. */
@inline
const GROUP_PANELS: usize = 4;
/** Bytes of zeros at the start of the scratch area: the addend of a product without an addend. */
@inline
const ZEROS: usize = 192;
/**
 * Bytes after the zeros, for a tile of 6 × 8 floats. A tile that extends beyond the last column of
 * C is computed there, and its part inside C is then copied.
 */
@inline
const OVERHANG: usize = 192;

@inline
function ceilDivide(x: usize, y: usize): usize {
  return (x + y - 1) / y;
}

/**
 * Adds the addend to the part of a computed tile that lies inside C, and stores it there. Gives the
 * same bits as a whole tile.
 */
function storePart(
  rows: usize, columns: usize, product: usize, c: usize, step: usize, addend: usize, addendStep: usize,
): void {
  for (; rows; --rows, product += 32, c += step, addend += addendStep) {
    for (let j: usize = 0; j < columns << 2; j += 4) {
      store<f32>(c + j, load<f32>(addend + j) + load<f32>(product + j));
    }
  }
}

/** The rows of a tile: `height`, and one more for the first `taller` tiles. */
@inline
function heightOf(tileIndex: usize, height: usize, taller: usize): usize {
  return height + (tileIndex < taller ? 1 : 0);
}

/**
 * Packs the rows of the tiles [first, last), which begin at `rowA`, and returns the address after
 * them.
 */
function packTiles(
  first: usize, last: usize, height: usize, taller: usize, depth: usize, rowA: usize, stepA: usize, to: usize,
): usize {
  for (let t = first; t < last; ++t) {
    const rows = heightOf(t, height, taller);
    packRows(rows, depth, rowA, stepA, to);
    rowA += rows * stepA;
    to += (rows * depth) << 2;
  }
  return to;
}

/** Multiplies the packed rows of the tiles [first, last) by one panel: up to 8 columns of C. */
function multiplyPanel(
  first: usize, last: usize, height: usize, taller: usize, columns: usize, depth: usize,
  a: usize, panel: usize, c: usize, step: usize, addend: usize, addendStep: usize, scratch: usize,
): void {
  for (let t = first; t < last; ++t) {
    const rows = heightOf(t, height, taller);
    if (columns == PANEL) {
      multiplyTile(rows, depth, a, panel, c, step, addend, addendStep);
    } else {
      const overhang = scratch + ZEROS;
      multiplyTile(rows, depth, a, panel, overhang, 32, scratch, 0);
      storePart(rows, columns, overhang, c, step, addend, addendStep);
    }
    a += (rows * depth) << 2;
    c += rows * step;
    addend += rows * addendStep;
  }
}

/**
 * Computes the product of one row of A. Reading B takes most of the time, so packing A would not
 * help. `addend` is C, a bias, or 0 for none.
 */
function multiplyVector(
  N: usize, K: usize, a: usize, panels: usize, c: usize, addend: usize, scratch: usize,
): void {
  const size = K << 5;
  const blocks = ceilDivide(K, MAXIMUM_DEPTH);
  const firstDepth = K / blocks;
  const overhang = scratch + ZEROS;
  while (N) {
    const whole = N / PANEL;
    const width = rowWidth(whole);
    const to = whole ? c : overhang;
    let start = addend ? addend : scratch;
    if (!whole && addend) {
      copyRows(1, N, addend, N, overhang, N);
      start = overhang;
    }
    multiplyRow(width, firstDepth, a, panels, size, to, start);
    // The later blocks have a separate call, so that Binaryen does not inline these loops here. V8
    // would then unroll them.
    for (let block: usize = 1; block < blocks; ++block) {
      const from = (block * K) / blocks;
      const depth = ((block + 1) * K) / blocks - from;
      multiplyRow(width, depth, a + (from << 2), panels + (from << 5), size, to, to);
    }
    if (!whole) {
      copyRows(1, N, overhang, N, c, N);
      return;
    }
    N -= width * PANEL;
    c += width << 5;
    if (addend) addend += width << 5;
    panels += width * size;
  }
}

/**
 * Computes the product of at most FEW rows of A. Packs all of A first, so that it can read B in the
 * order of memory. The product of many rows jumps in B after each block of K. For three layers of
 * 512 units, whose weights exceed the second-level cache, this was a quarter slower.
 */
function multiplyFew(
  M: usize, N: usize, K: usize, a: usize, stepA: usize, panels: usize, c: usize, stepC: usize,
  addend: usize, addendStep: usize, addendNext: usize, scratch: usize,
): void {
  const packed = scratch + ZEROS + OVERHANG;
  const tiles = ceilDivide(M, 6);
  const height = M / tiles;
  const taller = M % tiles;
  const blocks = ceilDivide(K, MAXIMUM_DEPTH);
  let to = packed;
  for (let block: usize = 0; block < blocks; ++block) {
    const from = (block * K) / blocks;
    to = packTiles(0, tiles, height, taller, ((block + 1) * K) / blocks - from, a + (from << 2), stepA, to);
  }
  for (let j: usize = 0; j < N; j += PANEL) {
    const columns = min(N - j, PANEL);
    let left = packed;
    for (let block: usize = 0; block < blocks; ++block) {
      const depth = ((block + 1) * K) / blocks - (block * K) / blocks;
      multiplyPanel(
        0, tiles, height, taller, columns, depth, left, panels, c, stepC,
        block ? c : addend, block ? stepC : addendStep, scratch,
      );
      left += (M * depth) << 2;
      panels += depth << 5;
    }
    c += PANEL << 2;
    addend += addendNext;
  }
}

/**
 * C (M, N) = [C +] A (M, K) · B [+ bias (N)], with B packed by packPanels. Writes only to (M, N).
 * `scratch` holds 96 floats, plus M·K floats if M is at most 16, else plus min(M, 288)·min(K, 256)
 * floats.
 */
export function gemmPanels(
  M: usize, N: usize, K: usize, a: usize, lda: usize, panels: usize, c: usize, ldc: usize,
  accumulate: i32, bias: usize, scratch: usize,
): void {
  const stepA = lda << 2;
  const stepC = ldc << 2;
  // A tile has room for one addend. If there are C and a bias, add the bias to C first.
  if (bias && accumulate) for (let r: usize = 0; r < M; ++r) addRows(1, N, bias, N, c + r * stepC, N);
  zero(scratch, ZEROS);
  if (M == 1) {
    multiplyVector(N, K, a, panels, c, accumulate ? c : bias, scratch);
    return;
  }
  if (M <= FEW) {
    const addend = accumulate ? c : bias ? bias : scratch;
    multiplyFew(M, N, K, a, stepA, panels, c, stepC, addend, accumulate ? stepC : 0,
      addend == scratch ? 0 : PANEL << 2, scratch);
    return;
  }
  const packed = scratch + ZEROS + OVERHANG;
  const tiles = ceilDivide(M, 6);
  const height = M / tiles;
  const taller = M % tiles;
  const chunks = ceilDivide(tiles, CHUNK_TILES);
  const blocks = ceilDivide(K, MAXIMUM_DEPTH);
  for (let chunk: usize = 0; chunk < chunks; ++chunk) {
    const first = (chunk * tiles) / chunks;
    const last = ((chunk + 1) * tiles) / chunks;
    const firstRow = first * height + min(first, taller);
    for (let block: usize = 0; block < blocks; ++block) {
      const from = (block * K) / blocks;
      const depth = ((block + 1) * K) / blocks - from;
      packTiles(first, last, height, taller, depth, a + firstRow * stepA + (from << 2), stepA, packed);
      const addToC = accumulate || block > 0;
      let panel = panels + (from << 5);
      let target = c + firstRow * stepC;
      let biasHere = bias;
      for (let j: usize = 0; j < N; j += PANEL, panel += K << 5, target += 32, biasHere += 32) {
        multiplyPanel(
          first, last, height, taller, min(N - j, PANEL), depth, packed, panel, target, stepC,
          addToC ? target : bias ? biasHere : scratch, addToC ? stepC : 0, scratch,
        );
      }
    }
  }
}

/**
 * C (M, N) = [C +] Aᵀ·B with A stored (K, M) and B stored (K, N): the gradient of a weight, summed
 * over K rows of a batch. `scratch` holds 96 + 32·min(K, 256) + min(M, 288)·min(K, 256) floats.
 */
export function gemmTransposedA(
  M: usize, N: usize, K: usize, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize,
  accumulate: i32, scratch: usize,
): void {
  const stepA = lda << 2;
  const stepB = ldb << 2;
  const stepC = ldc << 2;
  zero(scratch, ZEROS);
  const group = scratch + ZEROS + OVERHANG;
  const packed = group + ((min(K, MAXIMUM_DEPTH) * GROUP_PANELS) << 5);
  const tiles = ceilDivide(M, 6);
  const height = M / tiles;
  const taller = M % tiles;
  const chunks = ceilDivide(tiles, CHUNK_TILES);
  const blocks = ceilDivide(K, MAXIMUM_DEPTH);
  for (let chunk: usize = 0; chunk < chunks; ++chunk) {
    const first = (chunk * tiles) / chunks;
    const last = ((chunk + 1) * tiles) / chunks;
    const firstRow = first * height + min(first, taller);
    for (let block: usize = 0; block < blocks; ++block) {
      const from = (block * K) / blocks;
      const depth = ((block + 1) * K) / blocks - from;
      let columnA = a + from * stepA + (firstRow << 2);
      let to = packed;
      for (let t = first; t < last; ++t) {
        const rows = heightOf(t, height, taller);
        packTransposedRows(rows, depth, columnA, stepA, to);
        columnA += rows << 2;
        to += (rows * depth) << 2;
      }
      const addToC = accumulate || block > 0;
      for (let j: usize = 0; j < N; j += GROUP_PANELS * PANEL) {
        const end = min(N, j + GROUP_PANELS * PANEL);
        packColumns(depth, end - j, b + from * stepB + (j << 2), stepB, group);
        let panel = group;
        for (let i = j; i < end; i += PANEL, panel += depth << 5) {
          const target = c + firstRow * stepC + (i << 2);
          multiplyPanel(
            first, last, height, taller, min(N - i, PANEL), depth, packed, panel, target, stepC,
            addToC ? target : scratch, addToC ? stepC : 0, scratch,
          );
        }
      }
    }
  }
}
