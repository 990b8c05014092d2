// Copies of matrix blocks in the order in which a tile (tile.ts) reads them, and transposes. Without
// the copies, reading down a column uses the same few sets of the first-level cache at every step.

/** The number of columns of a panel and of a tile. */
@inline
export const PANEL: usize = 8;

/**
 * Packs `columns` < 8 columns into one panel (depth, 8), padded with zeros. In the source,
 * adjacent columns are `across` bytes apart, and adjacent rows are `down` bytes apart.
 */
function packPartialPanel(depth: usize, columns: usize, b: usize, down: usize, across: usize, out: usize): void {
  for (; depth; --depth, b += down, out += 32) {
    v128.store(out, f32x4.splat(0));
    v128.store(out, f32x4.splat(0), 16);
    for (let j: usize = 0; j < columns; ++j) store<f32>(out + (j << 2), load<f32>(b + across * j));
  }
}

/**
 * Packs `columns` columns of a row-major matrix, whose rows are `step` bytes apart, into consecutive
 * panels (depth, 8). Packing four panels at a time reads 128 contiguous bytes of each row, and writes
 * to only four streams.
 */
export function packColumns(depth: usize, columns: usize, b: usize, step: usize, out: usize): void {
  const size = depth << 5; // bytes of a panel
  let j: usize = 0;
  for (; j + 32 <= columns; j += 32, b += 128, out += size << 2) {
    let from = b, to0 = out, to1 = out + size, to2 = to1 + size, to3 = to2 + size;
    for (let k = depth; k; --k, from += step, to0 += 32, to1 += 32, to2 += 32, to3 += 32) {
      v128.store(to0, v128.load(from));
      v128.store(to0, v128.load(from, 16), 16);
      v128.store(to1, v128.load(from, 32));
      v128.store(to1, v128.load(from, 48), 16);
      v128.store(to2, v128.load(from, 64));
      v128.store(to2, v128.load(from, 80), 16);
      v128.store(to3, v128.load(from, 96));
      v128.store(to3, v128.load(from, 112), 16);
    }
  }
  for (; j + PANEL <= columns; j += PANEL, b += 32, out += size) {
    let from = b, to = out;
    for (let k = depth; k; --k, from += step, to += 32) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
  if (j < columns) packPartialPanel(depth, columns - j, b, step, 4, out);
}

/**
 * Writes the transpose of a 4×4 block. Rows of the block are `step` bytes apart, and rows of the
 * result `outStep` bytes.
 */
@inline
function transpose4(from: usize, step: usize, out: usize, outStep: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + step);
  const r2 = v128.load(from + step * 2);
  const r3 = v128.load(from + step * 3);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(out + outStep, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(out + outStep * 2, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(out + outStep * 3, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

/** to (columns, rows) = the transpose of from (rows, columns) */
export function transposeRows(rows: usize, columns: usize, from: usize, ldf: usize, to: usize, ldt: usize): void {
  const step = ldf << 2;
  const outStep = ldt << 2;
  let r: usize = 0;
  for (; r + 4 <= rows; r += 4, from += step << 2, to += 16) {
    let source = from, out = to;
    let j: usize = 0;
    for (; j + 4 <= columns; j += 4, source += 16, out += outStep << 2) transpose4(source, step, out, outStep);
    for (; j < columns; ++j, source += 4, out += outStep) {
      for (let i: usize = 0; i < 4; ++i) store<f32>(out + (i << 2), load<f32>(source + step * i));
    }
  }
  for (; r < rows; ++r, from += step, to += 4) {
    for (let j: usize = 0; j < columns; ++j) store<f32>(to + outStep * j, load<f32>(from + (j << 2)));
  }
}

/** Packs 8 rows of depth columns into one panel (depth, 8): the panel of a transposed B. */
function packTransposedPanel(depth: usize, b: usize, step: usize, out: usize): void {
  let k: usize = 0;
  for (; k + 4 <= depth; k += 4, b += 16, out += 128) {
    transpose4(b, step, out, 32);
    transpose4(b + (step << 2), step, out + 16, 32);
  }
  for (; k < depth; ++k, b += 4, out += 32) {
    for (let j: usize = 0; j < PANEL; ++j) store<f32>(out + (j << 2), load<f32>(b + step * j));
  }
}

/**
 * Packs the panels [panelFrom, panelTo) of op(B) (K, N) to out[(j / 8)·K·8 + k·8 + j % 8], padded
 * with zeros to whole panels. op(B) = B, stored (K, N), or with `transposed` the transpose of B
 * stored (N, K). Disjoint ranges may be packed at the same time.
 */
export function packPanels(
  b: usize, ldb: usize, K: usize, N: usize, transposed: i32, out: usize, panelFrom: usize, panelTo: usize,
): void {
  const step = ldb << 2;
  const size = K << 5;
  out += panelFrom * size;
  const first = panelFrom * PANEL;
  const last = min(panelTo * PANEL, N);
  if (first >= last) return;
  if (!transposed) {
    packColumns(K, last - first, b + (first << 2), step, out);
    return;
  }
  b += first * step;
  let j = first;
  for (; j + PANEL <= last; j += PANEL, b += step << 3, out += size) packTransposedPanel(K, b, step, out);
  if (j < last) packPartialPanel(K, last - j, b, 4, step, out);
}

/** Packs `height` <= 6 rows of A, `step` bytes apart, into (depth, height). */
export function packRows(height: usize, depth: usize, a: usize, step: usize, out: usize): void {
  const outStep = height << 2;
  let k: usize = 0;
  if (height >= 4) {
    const fifth = a + (step << 2);
    const sixth = fifth + step;
    for (let from = a, to = out; k + 4 <= depth; k += 4, from += 16, to += outStep << 2) {
      transpose4(from, step, to, outStep);
      if (height == 6) {
        const r4 = v128.load(fifth + (k << 2));
        const r5 = v128.load(sixth + (k << 2));
        const low = v128.shuffle<f32>(r4, r5, 0, 4, 1, 5);
        const high = v128.shuffle<f32>(r4, r5, 2, 6, 3, 7);
        v128.store64_lane(to, low, 0, 16);
        v128.store64_lane(to, low, 1, 40);
        v128.store64_lane(to, high, 0, 64);
        v128.store64_lane(to, high, 1, 88);
      } else if (height == 5) {
        const r4 = v128.load(fifth + (k << 2));
        v128.store32_lane(to, r4, 0, 16);
        v128.store32_lane(to, r4, 1, 36);
        v128.store32_lane(to, r4, 2, 56);
        v128.store32_lane(to, r4, 3, 76);
      }
    }
  }
  for (; k < depth; ++k) {
    let from = a + (k << 2);
    let to = out + k * outStep;
    for (let r: usize = 0; r < height; ++r, from += step, to += 4) store<f32>(to, load<f32>(from));
  }
}

/**
 * Packs `height` <= 6 columns of plain rows of A into (depth, height). They are the rows of its
 * transpose.
 */
export function packTransposedRows(height: usize, depth: usize, a: usize, step: usize, out: usize): void {
  if (height == 6) {
    for (; depth; --depth, a += step, out += 24) {
      v128.store(out, v128.load(a));
      store<u64>(out, load<u64>(a, 16), 16);
    }
  } else if (height == 5) {
    for (; depth; --depth, a += step, out += 20) {
      v128.store(out, v128.load(a));
      store<u32>(out, load<u32>(a, 16), 16);
    }
  } else {
    for (; depth; --depth, a += step, out += height << 2) {
      for (let r: usize = 0; r < height; ++r) store<u32>(out + (r << 2), load<u32>(a + (r << 2)));
    }
  }
}
