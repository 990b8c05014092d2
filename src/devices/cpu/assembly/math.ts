// exp of four float32 lanes. ../vectors.ts writes sigmoid and tanh by the same method. Every lane
// is computed in the same way and independently, so a value has the same bits in every lane: a tail
// may compute one lane and ignore the other lanes.
//
// Method: x = n·ln2 + r with |r| <= ln2/2, then e^r = 1 + r + r²·p(r) with the degree-5 polynomial
// of Cephes' expf (S. Moshier, https://www.netlib.org/cephes/, single/expf.c), then a
// multiplication by 2^n built from its exponent bits.
import { madd } from './madd';

// Adding 1.5·2^23 rounds to the nearest integer and leaves that integer in the low bits of the
// mantissa. It is one addition instead of a rounding and a saturating conversion, which V8 expands
// to eight instructions because of NaN.
@inline
const ROUNDER: f32 = 12582912.0;
// ln 2 in two parts. The high part has nine significant bits, so n·LN2_HIGH is exact with and
// without fusing.
@inline
const LN2_HIGH: f32 = 0.693359375;
@inline
const LN2_LOW: f32 = -2.12194440e-4;

/** x/ln2 + ROUNDER, whose low bits hold n. */
@inline
function rounded(x: v128): v128 {
  return madd(x, f32x4.splat(1.44269504088896341), f32x4.splat(ROUNDER));
}

/** r of x = n·ln2 + r. */
@inline
function remainder(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDER));
  return madd(n, f32x4.splat(-LN2_LOW), madd(n, f32x4.splat(-LN2_HIGH), x));
}

/**
 * 2^n as float32 lanes, for -126 <= n <= 127: n becomes the exponent, and the bits of ROUNDER are
 * shifted out.
 */
@inline
function power(shifted: v128): v128 {
  return i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(0x3f800000));
}

/** e^r - 1 for |r| <= ln2/2, exact to the last bit for tiny r. */
@inline
function expm1OfRemainder(r: v128): v128 {
  // Terms are combined in pairs (Estrin's scheme), because latency limits the speed, not the number
  // of operations.
  const square = f32x4.mul(r, r);
  const low = madd(f32x4.splat(1.6666665459e-1), r, f32x4.splat(5.0000001201e-1));
  const middle = madd(f32x4.splat(8.3334519073e-3), r, f32x4.splat(4.1665795894e-2));
  const high = madd(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3));
  const p = madd(madd(high, square, middle), square, low);
  return madd(p, square, r);
}

/**
 * e^d within 1 ulp for d <= 0 or NaN, and 0 for d < -64, for the softmax. A probability below e^-64
 * does not change a float32 sum that holds a 1, and its products with small gradients would be
 * denormal.
 */
@inline
export function exponentialOfNonPositive(d: v128): v128 {
  const shifted = rounded(d);
  const mantissa = f32x4.add(expm1OfRemainder(remainder(d, shifted)), f32x4.splat(1.0));
  return v128.andnot(f32x4.mul(mantissa, power(shifted)), f32x4.lt(d, f32x4.splat(-64.0)));
}

/**
 * Natural logarithm of a normal x > 0, or NaN, with an error below 1 ulp. It is FreeBSD's e_log.c
 * without the special cases. AssemblyScript's Math.log keeps a table in linear memory, which every
 * worker would write again.
 */
export function logarithm(x: f64): f64 {
  if (x != x) return x;
  const bits = reinterpret<u64>(x);
  let high = <u32>(bits >> 32) + (0x3ff00000 - 0x3fe6a09e);
  const k = <f64>(<i32>(high >> 20) - 0x3ff);
  high = (high & 0x000fffff) + 0x3fe6a09e;
  // x = 2^k · (1 + f) with sqrt(1/2) < 1 + f < sqrt(2)
  const f = reinterpret<f64>((<u64>high << 32) | (bits & 0xffffffff)) - 1.0;
  const halfSquare = 0.5 * f * f;
  const s = f / (2.0 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const odd =
    z * (6.666666666666735130e-1 + w * (2.857142874366239149e-1 +
    w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  return s * (halfSquare + even + odd) + k * 1.90821492927058770002e-10 - halfSquare + f +
    k * 6.93147180369123816490e-1;
}
