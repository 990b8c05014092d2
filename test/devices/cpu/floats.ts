// float32 values of every magnitude, for tests of functions of one argument.

/**
 * About 58,700 float32 values of both signs: every exponent more than eighty times, two fine grids
 * around 0, and the limits.
 */
export function everySortOfFloat(): number[] {
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  const values: number[] = [];
  for (let i = 0; i < 0x7f800000; i += 99991) {
    for (const sign of [0, 0x80000000]) {
      bits[0] = i + sign;
      values.push(value[0]!);
    }
  }
  for (let x = -20; x <= 20; x += 1 / 256) values.push(x);
  for (let x = -89; x <= 89; x += 1 / 32) values.push(x);
  values.push(
    88.72283,
    88.72284,
    -87.33654,
    -87.3366,
    2 ** -149,
    -(2 ** -149),
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  );
  return values.map(Math.fround);
}

/** The distance from x to the next float32 of larger magnitude, for normal x. */
export const ulp = (x: number) => 2 ** (Math.floor(Math.log2(Math.abs(x))) - 23);
export const SMALLEST_NORMAL = 2 ** -126;

const values = everySortOfFloat();

/**
 * The maximum of `errorOf` over all values, and the values for which `holds` is false. (A separate
 * `expect` for each value would be slow.)
 */
export function sweep(errorOf: (x: number) => number, holds: (x: number) => boolean) {
  return {
    largest: values.reduce((most, x) => Math.max(most, errorOf(x)), 0),
    failingValues: values.filter((x) => !holds(x)),
  };
}
