// The only operation that differs between the two builds: a multiplication and an addition, fused
// if the build allows it.

/**
 * x·y + z in each of four float32 lanes. The relaxed build rounds once on a CPU with fused
 * multiply-add, and twice on other CPUs. The portable build always rounds twice, so only its
 * results have the same bits on every machine.
 */
@inline
export function madd(x: v128, y: v128, z: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, z);
  return f32x4.add(f32x4.mul(x, y), z);
}
