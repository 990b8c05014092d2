// The text of the elementwise functions, run as JavaScript with the arithmetic that a shader may
// have.
import { expect, it } from 'vitest';
import { expression } from '../../../src/devices/gpu/elementwise.ts';

/**
 * The `Math` of a shader whose compiler assumes that no number is infinite: a result that overflows
 * may be anything. The exponential of NaN may be infinite.
 */
const shaderMath = {
  abs: Math.abs,
  exp: (x: number): number => {
    if (Number.isNaN(x)) return Infinity;
    return Math.fround(Math.exp(x)) === Infinity ? NaN : Math.fround(Math.exp(x));
  },
};

function evaluated(apply: 'sigmoid' | 'tanh', x: number): number {
  // oxlint-disable-next-line no-new-func -- it is the text of a kernel
  return new Function('Math', 'x', `return ${expression(apply, ['x'], 0)};`)(shaderMath, x) as number;
}

const values = [0, 0.1, 1, 20, 44, 44.5, 88, 88.5, 89, 100, 1e4, 1e30].flatMap((x) => [x, -x]);

it.each(values)('sigmoid and tanh of %d need no infinity', (x) => {
  expect(evaluated('sigmoid', x)).toBeCloseTo(1 / (1 + Math.exp(-x)), 6);
  expect(evaluated('tanh', x)).toBeCloseTo(Math.tanh(x), 6);
});

it('sigmoid and tanh of NaN are NaN', () => {
  expect(evaluated('sigmoid', NaN)).toBeNaN();
  expect(evaluated('tanh', NaN)).toBeNaN();
});
