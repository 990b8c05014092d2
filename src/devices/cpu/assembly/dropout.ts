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
 * out (rows, columns) = `kept` where the hash of an element's place in the whole batch is at least
 * `threshold`, else 0. `context` holds three int32: the rows of a time step of the whole batch, the
 * first of these rows that is in this shard, and the key of the call. If `stepRows` is 0, `out` is
 * not a part of a batch, but a whole matrix.
 */
export function dropoutMask(
  rows: usize, columns: usize, stepRows: usize, context: usize, site: u32, threshold: u32, kept: f32,
  out: usize, ldo: usize,
): void {
  const batch: usize = load<u32>(context);
  const first = load<u32>(context, 4);
  const seed = hash32(load<u32>(context, 8) + site * 0x9e3779b9);
  for (let row: usize = 0; row < rows; ++row, out += ldo << 2) {
    let place = row;
    if (stepRows) {
      const step = row / stepRows;
      place += step * (batch - stepRows) + first;
    }
    let index = <u32>(place * columns);
    for (let j: usize = 0; j < columns; ++j, ++index)
      store<f32>(out + (j << 2), hash32(index ^ seed) >= threshold ? kept : 0);
  }
}
