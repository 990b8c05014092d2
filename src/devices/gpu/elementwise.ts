// The elementwise functions in the languages of kernels. Operands are names or short expressions; a
// name may stand twice.
import type { ElementwiseFunction } from '../../program/value.ts';
import type { Dialect } from './dialect.ts';

export function expression(
  dialect: Dialect,
  apply: ElementwiseFunction,
  operands: readonly string[],
  constant: number,
): string {
  const { float, choose, call } = dialect;
  const [x, y] = operands;
  const k = `(${float(constant)})`;
  const [zero, one] = [float(0), float(1)];
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
      return `(${one} / (${one} + ${exponential(dialect, `-${x}`)}))`;
    case 'tanh':
      return tanh(dialect, x);
    case 'relu':
      return choose(`${x} <= ${zero}`, zero, x);
    case 'sqrt':
      return call('sqrt', x);
    case 'clip':
      return choose(`${x} > ${k}`, k, choose(`${x} < -${k}`, `-${k}`, x));
    case 'flush':
      return choose(`${call('abs', x)} < ${k}`, zero, x);
    case 'sigmoidGradient':
      return `(${y} * ${x} * (${one} - ${x}))`;
    case 'tanhGradient':
      return `(${y} * (${one} - ${x} * ${x}))`;
    case 'reluGradient':
      return choose(`${x} > ${zero}`, y, zero);
    default:
      return apply satisfies never;
  }
}

/** The largest whole number whose exponential is a finite float32. */
const MAX_EXPONENT = 88;

/**
 * The exponential of x, finite for large x: WGSL lets a compiler assume that there is no infinity.
 * NaN stays NaN.
 */
function exponential({ float, choose, call }: Dialect, x: string): string {
  const most = float(MAX_EXPONENT);
  return call('exp', choose(`${x} > ${most}`, most, x));
}

/**
 * A shader's own tanh is NaN beyond ±89. From the exponential it is not, but loses the small ones
 * to cancellation, which their series keeps: up to 0.25 its error is below 2e-8 of x.
 */
function tanh(dialect: Dialect, x: string): string {
  const { float, choose, call } = dialect;
  const [one, two, three, fifteen, seventeen] = [1, 2, 3, 15, 17].map(float);
  const series = `${x} * (${one} - ${x} * ${x} * (${one} / ${three} - ${x} * ${x} * (${two} / ${fifteen} - ${x} * ${x} * (${seventeen} / ${float(315)} - ${x} * ${x} * ${float(62)} / ${float(2835)}))))`;
  return choose(
    `${call('abs', x)} < ${float(0.25)}`,
    series,
    `${one} - ${two} / (${exponential(dialect, `${two} * ${x}`)} + ${one})`,
  );
}
