// The elementwise functions in the language of gpu.js kernels. Operands are names, which may occur
// twice.
import type { ElementwiseFunction } from '../../program/value.ts';

export function expression(apply: ElementwiseFunction, [x, y]: readonly string[], constant: number): string {
  const k = `(${constant})`;
  switch (apply) {
    case 'add':
      return `(${x} + ${y})`;
    case 'subtract':
      return `(${x} - ${y})`;
    case 'multiply':
      return `(${x} * ${y})`;
    case 'divide':
      return `(${x} / ${y})`;
    case 'scale':
      return `(${k} * ${x})`;
    case 'offset':
      return `(${x} + ${k})`;
    case 'sigmoid':
      return `(1 / (1 + ${exponential(`-${x}`)}))`;
    case 'tanh':
      return tanh(x);
    case 'relu':
      return `(${x} <= 0 ? 0 : ${x})`;
    case 'sqrt':
      return `Math.sqrt(${x})`;
    case 'clip':
      return `(${x} > ${k} ? ${k} : (${x} < -${k} ? -${k} : ${x}))`;
    case 'flush':
      return `(Math.abs(${x}) < ${k} ? 0 : ${x})`;
    case 'sigmoidGradient':
      return `(${y} * ${x} * (1 - ${x}))`;
    case 'tanhGradient':
      return `(${y} * (1 - ${x} * ${x}))`;
    case 'reluGradient':
      return `(${x} > 0 ? ${y} : 0)`;
    default:
      return apply satisfies never;
  }
}

/** The largest whole number whose exponential is a finite float32. */
const MAX_EXPONENT = 88;

/**
 * The exponential of x. It is finite for large x, because compilers of WGSL may assume that no number
 * is infinite. NaN stays NaN, although the exponential of a shader may be infinite for it.
 */
function exponential(x: string): string {
  return `(${x} <= ${MAX_EXPONENT} ? Math.exp(${x}) : (${x} > ${MAX_EXPONENT} ? ${Math.exp(MAX_EXPONENT)} : ${x}))`;
}

/**
 * The tanh of a shader is NaN beyond ±89, so tanh is computed from the exponential. That loses small
 * results to cancellation, so a series gives these: up to 0.25, its error is below 2e-8 of x.
 */
function tanh(x: string): string {
  const series = `${x} * (1 - ${x} * ${x} * (1 / 3 - ${x} * ${x} * (2 / 15 - ${x} * ${x} * (17 / 315 - ${x} * ${x} * 62 / 2835))))`;
  return `(Math.abs(${x}) < 0.25 ? ${series} : 1 - 2 / (${exponential(`2 * ${x}`)} + 1))`;
}
