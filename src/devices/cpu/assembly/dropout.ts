// Dropout masks. The hash is the same as in `dropoutKeeps` in src/random.ts, so that every device
// drops the same elements.

@inline
function hash32(x: u32): u32 {
  let z = x;
  z = (z ^ (z >>> 16)) * 0x21f0aaad;
  z = (z ^ (z >>> 15)) * 0x735a2d97;
  return z ^ (z >>> 15);
}

/**
 * Sets each element of `out` (rows, columns) to `keptValue` if the hash of its index in the whole
 * batch is at least `threshold`, else to 0. `context` holds three 32-bit integers: the number of
 * rows of the whole batch, the index of this shard's first row, and the dropout key. `stepRows` is
 * the number of rows of this shard per time step. If it is 0, the mask covers a weight matrix and
 * the shard does not matter.
 */
export function dropoutMask(
  rows: usize, columns: usize, stepRows: usize, context: usize, site: u32, threshold: u32, keptValue: f32,
  out: usize, ldo: usize,
): void {
  const batchRows: usize = load<u32>(context);
  const firstRow = load<u32>(context, 4);
  const seed = hash32(load<u32>(context, 8) + site * 0x9e3779b9);
  for (let row: usize = 0; row < rows; ++row, out += ldo << 2) {
    let batchRow = row;
    if (stepRows) {
      const step = row / stepRows;
      batchRow += step * (batchRows - stepRows) + firstRow;
    }
    let index = <u32>(batchRow * columns);
    for (let j: usize = 0; j < columns; ++j, ++index)
      store<f32>(out + (j << 2), hash32(index ^ seed) >= threshold ? keptValue : 0);
  }
}
