// Arithmetic on vectors of float32 lanes: elementwise operations, and sigmoid and tanh composed of
// simpler operations. They are written expression by expression to WebAssembly (four lanes) or to
// machine code (machine/chain.ts). This file does not know chains. Every lane is computed in the
// same way and independently, so a value has the same bits in every lane and with every number of
// lanes.
//
// e^x is computed by x = n·ln2 + r with |r| <= ln2/2 and the degree-5 polynomial of Cephes' expf
// (S. Moshier, https://www.netlib.org/cephes/, single/expf.c), as the softmax kernels do
// (assembly/math.ts). An activation written into a chain takes half the time of a call to a kernel,
// because no registers are saved and the constants stay in registers.
import type { Value } from '../../program/value.ts';
import type { FunctionBody, WasmOpcode } from './wasm.ts';

/** The number of a value, or a function that pushes the value. */
export type Operand = number | (() => void);
/** Operations by their names in WebAssembly. */
export type VectorOperation = Extract<WasmOpcode, `${'f32x4' | 'v128' | 'i32x4'}.${string}`>;

/** The target that expressions are written to. */
export interface VectorWriter {
  /** Keeps a value that is used more than once, and returns its number. */
  assign(operand: Operand): number;
  op(name: VectorOperation, ...operands: readonly Operand[]): Operand;
  /** x·y + z */
  multiplyAdd(x: Operand, y: Operand, z: Operand): Operand;
  float(constant: number): number;
  bits(constant: number): number;
  shiftLeft(x: Operand, count: number): Operand;
}

/** Writes WebAssembly. A kept value is a local. */
export class WasmVectorWriter implements VectorWriter {
  readonly #code: FunctionBody;
  /** The code before the loop, where constants are loaded. */
  readonly #prologue: FunctionBody;
  readonly #fused: boolean;
  readonly #constants = new Map<string, number>();

  /** @param fused whether a multiplication and an addition may be rounded only once */
  constructor(code: FunctionBody, prologue: FunctionBody, fused: boolean) {
    this.#code = code;
    this.#prologue = prologue;
    this.#fused = fused;
  }

  push(operand: Operand): FunctionBody {
    return typeof operand === 'number' ? this.#code.get(operand) : (operand(), this.#code);
  }

  assign(operand: Operand): number {
    const local = this.#code.local('v128');
    this.push(operand).set(local);
    return local;
  }

  op(name: VectorOperation, ...operands: readonly Operand[]): Operand {
    return () => {
      for (const operand of operands) this.push(operand);
      this.#code.op(name);
    };
  }

  multiplyAdd(x: Operand, y: Operand, z: Operand): Operand {
    return this.#fused ? this.op('f32x4.relaxed_madd', x, y, z) : this.op('f32x4.add', this.op('f32x4.mul', x, y), z);
  }

  float(constant: number): number {
    return this.#constant(`float ${Object.is(constant, -0) ? '-0' : constant}`, (code) =>
      code.f32(constant).op('f32x4.splat'),
    );
  }

  bits(constant: number): number {
    return this.#constant(`bits ${constant}`, (code) => code.i32(constant).op('i32x4.splat'));
  }

  shiftLeft(x: Operand, count: number): Operand {
    return () => {
      this.push(x).i32(count).op('i32x4.shl');
    };
  }

  #constant(key: string, push: (code: FunctionBody) => FunctionBody): number {
    const existing = this.#constants.get(key);
    if (existing !== undefined) return existing;
    const local = this.#code.local('v128');
    push(this.#prologue).set(local);
    this.#constants.set(key, local);
    return local;
  }
}

/**
 * An elementwise operation on one or two values, as program/ defines it. Gradients have the result
 * of the forward function as x and the gradient of that result as y.
 */
export function writeElementwise(
  v: VectorWriter,
  { apply, constant }: Value<'elementwise'>,
  x: number,
  y: number,
): Operand {
  switch (apply) {
    case 'add':
      return v.op('f32x4.add', x, y);
    case 'subtract':
      return v.op('f32x4.sub', x, y);
    case 'multiply':
      return v.op('f32x4.mul', x, y);
    case 'divide':
      return v.op('f32x4.div', x, y);
    case 'scale':
      return v.op('f32x4.mul', x, v.float(constant));
    case 'offset':
      return v.op('f32x4.add', x, v.float(constant));
    case 'sqrt':
      return v.op('f32x4.sqrt', x);
    case 'sigmoid':
      return sigmoid(v, x);
    case 'tanh':
      return tanh(v, x);
    case 'relu':
      return v.op('v128.andnot', x, v.op('f32x4.le', x, v.float(0)));
    // `pmin(a, b)` is b < a ? b : a, and NaN is neither above nor below anything.
    case 'clip':
      return v.op('f32x4.pmin', v.op('f32x4.pmax', x, v.float(-constant)), v.float(constant));
    case 'flush':
      return v.op('v128.andnot', x, v.op('f32x4.lt', v.op('f32x4.abs', x), v.float(constant)));
    case 'reluGradient':
      return v.op('v128.and', y, v.op('f32x4.gt', x, v.float(0)));
    // y·x·(1 − x)
    case 'sigmoidGradient':
      return v.op('f32x4.mul', v.op('f32x4.mul', y, x), v.op('f32x4.sub', v.float(1), x));
    // y·(1 − x²)
    case 'tanhGradient':
      return v.op('f32x4.mul', y, v.op('f32x4.sub', v.float(1), v.op('f32x4.mul', x, x)));
    default:
      return apply satisfies never;
  }
}

/**
 * 1 / (1 + e^−x) with an absolute error ≤ 1e-7. The result is at least 1.6e-38 (not a denormal) for
 * very negative x.
 */
function sigmoid(v: VectorWriter, x: Operand): Operand {
  // With x as the first operand, NaN is preserved.
  const clamped = v.op('f32x4.pmin', v.op('f32x4.pmax', x, v.float(-87)), v.float(87));
  const minus = v.assign(v.op('f32x4.neg', clamped));
  const shifted = v.assign(roundToInteger(v, minus));
  const mantissa = v.op('f32x4.add', expm1OfRemainder(v, remainder(v, minus, shifted)), v.float(1));
  return v.op('f32x4.div', v.float(1), v.multiplyAdd(mantissa, power(v, shifted), v.float(1)));
}

/**
 * tanh x = −u / (2 + u) with u = e^(−2|x|) − 1, absolute error ≤ 2e-7. It uses e^x − 1 because 1 −
 * 2/(e^2x + 1) loses all digits near 0. A tiny x, a denormal and −0 are returned unchanged.
 */
function tanh(v: VectorWriter, x: number): Operand {
  // Beyond 10 the result is 1 in float32.
  const y = v.assign(v.op('f32x4.mul', v.op('f32x4.pmin', v.op('f32x4.abs', x), v.float(10)), v.float(-2)));
  const shifted = v.assign(roundToInteger(v, y));
  const scale = v.assign(power(v, shifted));
  const u = v.assign(
    v.multiplyAdd(expm1OfRemainder(v, remainder(v, y, shifted)), scale, v.op('f32x4.sub', scale, v.float(1))),
  );
  const magnitude = v.op('f32x4.div', u, v.op('f32x4.add', u, v.float(2)));
  const sign = v.op('v128.and', x, v.bits(0x80000000));
  return v.op('v128.or', v.op('f32x4.abs', magnitude), sign);
}

// Adding 1.5·2^23 rounds to the nearest integer and leaves that integer in the low bits of the
// mantissa.
const ROUNDER = 12582912;

/** x/ln 2 + ROUNDER, whose low bits hold n. */
function roundToInteger(v: VectorWriter, x: Operand): Operand {
  return v.multiplyAdd(x, v.float(1.4426950408889634), v.float(ROUNDER));
}

/**
 * r of x = n·ln 2 + r. The high part of ln 2 has nine significant bits, so its product with n is
 * exact.
 */
function remainder(v: VectorWriter, x: Operand, shifted: number): Operand {
  const n = v.assign(v.op('f32x4.sub', shifted, v.float(ROUNDER)));
  return v.multiplyAdd(n, v.float(2.1219444e-4), v.multiplyAdd(n, v.float(-0.693359375), x));
}

/**
 * 2^n as float32, for −126 <= n <= 127: n becomes the exponent, and the bits of ROUNDER are shifted
 * out.
 */
function power(v: VectorWriter, shifted: number): Operand {
  return v.op('i32x4.add', v.shiftLeft(shifted, 23), v.bits(0x3f800000));
}

/**
 * e^r − 1 for |r| <= ln2/2, exact to the last bit for tiny r. Terms are combined in pairs (Estrin's
 * scheme), because latency limits the speed.
 */
function expm1OfRemainder(v: VectorWriter, operand: Operand): Operand {
  const r = v.assign(operand);
  const square = v.assign(v.op('f32x4.mul', r, r));
  const low = v.multiplyAdd(v.float(1.6666665459e-1), r, v.float(5.0000001201e-1));
  const middle = v.multiplyAdd(v.float(8.3334519073e-3), r, v.float(4.1665795894e-2));
  const high = v.multiplyAdd(v.float(1.98756915e-4), r, v.float(1.3981999507e-3));
  const p = v.multiplyAdd(v.multiplyAdd(high, square, middle), square, low);
  return v.multiplyAdd(p, square, r);
}
