// Row-wise copies and sums of row-major float32 matrices. Addresses are in bytes, sizes and leading
// dimensions in elements.

@inline
function copyRow(columns: usize, from: usize, to: usize): void {
  let j: usize = 0;
  for (; j + 8 <= columns; j += 8, from += 32, to += 32) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  }
  for (; j < columns; ++j, from += 4, to += 4) store<f32>(to, load<f32>(from));
}

/**
 * to = left + right; `to` may be either. Lane by lane one addition, so the tail gives the same bits
 * as the vectors.
 */
@inline
function sumRow(columns: usize, left: usize, right: usize, to: usize): void {
  let j: usize = 0;
  for (; j + 8 <= columns; j += 8, left += 32, right += 32, to += 32) {
    v128.store(to, f32x4.add(v128.load(left), v128.load(right)));
    v128.store(to, f32x4.add(v128.load(left, 16), v128.load(right, 16)), 16);
  }
  for (; j < columns; ++j, left += 4, right += 4, to += 4) store<f32>(to, load<f32>(left) + load<f32>(right));
}

/** to (rows, columns) = from */
export function copyRows(rows: usize, columns: usize, from: usize, ldf: usize, to: usize, ldt: usize): void {
  for (; rows; --rows, from += ldf << 2, to += ldt << 2) copyRow(columns, from, to);
}

/** to (rows, columns) += from */
export function addRows(rows: usize, columns: usize, from: usize, ldf: usize, to: usize, ldt: usize): void {
  for (; rows; --rows, from += ldf << 2, to += ldt << 2) sumRow(columns, to, from, to);
}

/** Zeroes a number of bytes. */
export function zero(address: usize, bytes: usize): void {
  memory.fill(address, 0, bytes);
}

/**
 * out[r] = table[ids[r]], plus a row of bias if its address is not 0: the product of one-hot rows
 * with the table.
 */
export function gather(
  rows: usize, columns: usize, table: usize, ldt: usize, ids: usize, out: usize, ldo: usize, bias: usize,
): void {
  for (; rows; --rows, ids += 4, out += ldo << 2) {
    const row = table + ((<usize>load<i32>(ids) * ldt) << 2);
    if (bias) sumRow(columns, row, bias, out);
    else copyRow(columns, row, out);
  }
}

/**
 * table[ids[r]] += x[r], in the order of the rows: the gradient of gather. The caller zeroes the
 * table.
 */
export function scatterAdd(
  rows: usize, columns: usize, x: usize, ldx: usize, ids: usize, table: usize, ldt: usize,
): void {
  for (; rows; --rows, ids += 4, x += ldx << 2) {
    const row = table + ((<usize>load<i32>(ids) * ldt) << 2);
    sumRow(columns, row, x, row);
  }
}

/**
 * out (columns) = the sum of x (rows, columns) over its rows. Walks whole rows, four at a time,
 * with the sums in `out`: x is read once and in order, and `out` stays in the first-level cache.
 */
export function columnSums(rows: usize, columns: usize, x: usize, ldx: usize, out: usize): void {
  memory.fill(out, 0, columns << 2);
  const step = ldx << 2;
  for (; rows >= 4; rows -= 4, x += step << 2) {
    let p0 = x, p1 = x + step, p2 = p1 + step, p3 = p2 + step, to = out;
    let j: usize = 0;
    for (; j + 4 <= columns; j += 4, p0 += 16, p1 += 16, p2 += 16, p3 += 16, to += 16) {
      const low = f32x4.add(v128.load(p0), v128.load(p1));
      const high = f32x4.add(v128.load(p2), v128.load(p3));
      v128.store(to, f32x4.add(v128.load(to), f32x4.add(low, high)));
    }
    for (; j < columns; ++j, p0 += 4, p1 += 4, p2 += 4, p3 += 4, to += 4) {
      store<f32>(to, load<f32>(to) + (load<f32>(p0) + load<f32>(p1) + (load<f32>(p2) + load<f32>(p3))));
    }
  }
  for (; rows; --rows, x += step) sumRow(columns, out, x, out);
}
