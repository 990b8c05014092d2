// The elementwise functions in the language of gpu.js kernels. Operands are names or short expressions; a name may stand twice.
import type { ElementwiseFunction } from '../../program/value.ts';

export function expression(apply: ElementwiseFunction, operands: readonly string[], constant: number): string {
  const [x, y] = operands;
  const k = `(${constant})`;
  switch (apply) {
    case 'add': return `(${x} + ${y})`;
    case 'subtract': return `(${x} - ${y})`;
    case 'multiply': return `(${x} * ${y})`;
    case 'divide': return `(${x} / ${y})`;
    case 'scale': return `(${k} * ${x})`;
    case 'offset': return `(${x} + ${k})`;
    case 'sigmoid': return `(1 / (1 + Math.exp(-${x})))`;
    case 'tanh': return tanh(x);
    case 'relu': return `(${x} <= 0 ? 0 : ${x})`;
    case 'sqrt': return `Math.sqrt(${x})`;
    case 'flush': return `(Math.abs(${x}) < ${k} ? 0 : ${x})`;
    case 'sigmoidGradient': return `(${y} * ${x} * (1 - ${x}))`;
    case 'tanhGradient': return `(${y} * (1 - ${x} * ${x}))`;
    case 'reluGradient': return `(${x} > 0 ? ${y} : 0)`;
    default: return apply satisfies never;
  }
}

/**
 * A shader's own tanh is NaN beyond ±89. From the exponential it is not, but loses the small ones to cancellation, which their series
 * keeps: up to 0.25 its error is below 2e-8 of x.
 */
function tanh(x: string): string {
  const series = `${x} * (1 - ${x} * ${x} * (1 / 3 - ${x} * ${x} * (2 / 15 - ${x} * ${x} * (17 / 315 - ${x} * ${x} * 62 / 2835))))`;
  return `(Math.abs(${x}) < 0.25 ? ${series} : 1 - 2 / (Math.exp(2 * ${x}) + 1))`;
}
