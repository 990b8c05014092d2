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
 * to = left + right. `to` may be either of them. Each lane is one addition, so the tail gives the
 * same bits as the vectors.
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
 * out[r] = table[ids[r]], plus a row of bias if its address is not 0. It is the product of one-hot
 * rows with the table.
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
 * table[ids[r]] += x[r], in the order of the rows. It is the gradient of gather. The caller zeroes
 * the table.
 */
export function scatterAdd(
  rows: usize, columns: usize, x: usize, ldx: usize, ids: usize, table: usize, ldt: usize,
): void {
  for (; rows; --rows, ids += 4, x += ldx << 2) {
    const row = table + ((<usize>load<i32>(ids) * ldt) << 2);
    sumRow(columns, row, x, row);
  }
}
