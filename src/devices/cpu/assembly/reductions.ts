// Reductions: the sum of each row of a matrix, the norm of a gradient, and the sum of the workers'
// gradients.

/**
 * out[r] = the sum of row r of x (rows, columns). Four vectors of partial sums take the columns in
 * turn, 16 at a time. The remaining columns are added one by one, so that the bits of the result
 * depend on the values and on `columns` only.
 */
export function rowSums(rows: usize, columns: usize, x: usize, ldx: usize, out: usize, ldo: usize): void {
  for (; rows; --rows, x += ldx << 2, out += ldo << 2) {
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
    let at = x;
    let j: usize = 0;
    for (; j + 16 <= columns; j += 16, at += 64) {
      s0 = f32x4.add(s0, v128.load(at));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
    }
    let s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
    s = f32x4.add(s, v128.shuffle<f32>(s, s, 2, 3, 0, 1));
    s = f32x4.add(s, v128.shuffle<f32>(s, s, 1, 0, 3, 2));
    let sum = f32x4.extract_lane(s, 0);
    for (; j < columns; ++j, at += 4) sum += load<f32>(at);
    store<f32>(out, sum);
  }
}

/**
 * The sum of squares of `count` floats, in float64, which squares of float32 cannot overflow. It
 * uses four sums of two lanes each, so that the bits of the result depend on the values and on
 * `count` only.
 */
export function sumOfSquares(x: usize, count: usize): f64 {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  let i: usize = 0;
  for (; i + 8 <= count; i += 8, x += 32) {
    const v0 = f64x2.promote_low_f32x4(v128.load64_zero(x));
    const v1 = f64x2.promote_low_f32x4(v128.load64_zero(x, 8));
    const v2 = f64x2.promote_low_f32x4(v128.load64_zero(x, 16));
    const v3 = f64x2.promote_low_f32x4(v128.load64_zero(x, 24));
    s0 = f64x2.add(s0, f64x2.mul(v0, v0));
    s1 = f64x2.add(s1, f64x2.mul(v1, v1));
    s2 = f64x2.add(s2, f64x2.mul(v2, v2));
    s3 = f64x2.add(s3, f64x2.mul(v3, v3));
  }
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  for (; i < count; ++i, x += 4) {
    const v = <f64>load<f32>(x);
    sum += v * v;
  }
  return sum;
}

/**
 * to[i] = the sum over s of from[s·stride + i], for i < count, in the order of the shards. `to` may
 * be the first shard.
 */
export function reduceShards(from: usize, stride: usize, shards: usize, count: usize, to: usize): void {
  const step = stride << 2;
  let i: usize = 0;
  for (; i + 8 <= count; i += 8, from += 32, to += 32) {
    let v0 = v128.load(from), v1 = v128.load(from, 16);
    let shard = from;
    for (let s: usize = 1; s < shards; ++s) {
      shard += step;
      v0 = f32x4.add(v0, v128.load(shard));
      v1 = f32x4.add(v1, v128.load(shard, 16));
    }
    v128.store(to, v0);
    v128.store(to, v1, 16);
  }
  for (; i < count; ++i, from += 4, to += 4) {
    let v = load<f32>(from);
    let shard = from;
    for (let s: usize = 1; s < shards; ++s) {
      shard += step;
      v += load<f32>(shard);
    }
    store<f32>(to, v);
  }
}
