// Arithmetic on vectors of float32 lanes: elementwise operations, and the sigmoid and tanh made of
// simpler ones, written expression by expression to WebAssembly (four lanes) or machine code
// (machine/chain.ts). Knows no chains. Every lane is computed alike and none looks at another, so a
// value gives the same bits wherever it stands and however many lanes there are.
//
// e^x by x = n·ln2 + r with |r| <= ln2/2 and the degree-5 polynomial of Cephes' expf (S. Moshier,
// https://www.netlib.org/cephes/, single/expf.c), as the kernels compute it for the softmax
// (assembly/math.ts). Written into each chain, an activation takes half the time of a call to a
// kernel: no registers to save, and the constants stay.
import type { Value } from '../../program/value.ts';
import type { Code, Opcode } from './wasm.ts';

/** A value that has a number, or what pushes one. */
export type Operand = number | (() => void);
/** By the names of WebAssembly. */
export type VectorOperation = Extract<Opcode, `${'f32x4' | 'v128' | 'i32x4'}.${string}`>;

/** What expressions are written to. */
export interface Vectors {
  /** The number of a value that is used more than once. */
  keep(operand: Operand): number;
  op(name: VectorOperation, ...operands: readonly Operand[]): Operand;
  /** x·y + z */
  multiplyAdd(x: Operand, y: Operand, z: Operand): Operand;
  float(constant: number): number;
  bits(constant: number): number;
  shiftLeft(x: Operand, count: number): Operand;
}

/** Writes WebAssembly; a value that is kept is a local. */
export class WasmVectors implements Vectors {
  readonly #code: Code;
  /** Where constants are made: before the loop. */
  readonly #prologue: Code;
  readonly #fused: boolean;
  readonly #constants = new Map<string, number>();

  /** @param fused whether multiplication and addition may round once */
  constructor(code: Code, prologue: Code, fused: boolean) {
    this.#code = code;
    this.#prologue = prologue;
    this.#fused = fused;
  }

  push(operand: Operand): Code {
    return typeof operand === 'number' ? this.#code.get(operand) : (operand(), this.#code);
  }

  keep(operand: Operand): number {
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

  #constant(key: string, push: (code: Code) => Code): number {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const local = this.#code.local('v128');
    push(this.#prologue).set(local);
    this.#constants.set(key, local);
    return local;
  }
}

/** An operation on one or two values, as program/ defines it. */
export function elementwise(v: Vectors, { apply, constant }: Value<'elementwise'>, x: number, y: number): Operand {
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
    // dy·y·(1 − y)
    case 'sigmoidGradient':
      return v.op('f32x4.mul', v.op('f32x4.mul', y, x), v.op('f32x4.sub', v.float(1), x));
    // dy·(1 − y²)
    case 'tanhGradient':
      return v.op('f32x4.mul', y, v.op('f32x4.sub', v.float(1), v.op('f32x4.mul', x, x)));
    default:
      return apply satisfies never;
  }
}

/** 1 / (1 + e^−x), absolute error ≤ 1e-7; at least 1.6e-38 (not a denormal) for very negative x. */
function sigmoid(v: Vectors, x: Operand): Operand {
  // With x as the first operand, a NaN passes.
  const clamped = v.op('f32x4.pmin', v.op('f32x4.pmax', x, v.float(-87)), v.float(87));
  const minus = v.keep(v.op('f32x4.neg', clamped));
  const shifted = v.keep(rounded(v, minus));
  const mantissa = v.op('f32x4.add', expm1OfRemainder(v, remainder(v, minus, shifted)), v.float(1));
  return v.op('f32x4.div', v.float(1), v.multiplyAdd(mantissa, power(v, shifted), v.float(1)));
}

/**
 * tanh x = −u / (2 + u) with u = e^(−2|x|) − 1, absolute error ≤ 2e-7. Through e^x − 1, because 1 −
 * 2/(e^2x + 1) loses all digits near 0; here a tiny x, denormal or −0 comes back unchanged.
 */
function tanh(v: Vectors, x: number): Operand {
  // Beyond 10 the result is 1 in float32.
  const y = v.keep(v.op('f32x4.mul', v.op('f32x4.pmin', v.op('f32x4.abs', x), v.float(10)), v.float(-2)));
  const shifted = v.keep(rounded(v, y));
  const scale = v.keep(power(v, shifted));
  const u = v.keep(
    v.multiplyAdd(expm1OfRemainder(v, remainder(v, y, shifted)), scale, v.op('f32x4.sub', scale, v.float(1))),
  );
  const magnitude = v.op('f32x4.div', u, v.op('f32x4.add', u, v.float(2)));
  const sign = v.op('v128.and', x, v.bits(0x80000000));
  return v.op('v128.or', v.op('f32x4.abs', magnitude), sign);
}

// Adding 1.5·2^23 rounds to the nearest integer and leaves that integer in the low bits of the
// mantissa.
const ROUNDER = 12582912;

/** x/ln 2 + ROUNDER: its low bits hold n. */
function rounded(v: Vectors, x: Operand): Operand {
  return v.multiplyAdd(x, v.float(1.4426950408889634), v.float(ROUNDER));
}

/** r of x = n·ln 2 + r. The high part of ln 2 has nine significant bits, so n times it is exact. */
function remainder(v: Vectors, x: Operand, shifted: number): Operand {
  const n = v.keep(v.op('f32x4.sub', shifted, v.float(ROUNDER)));
  return v.multiplyAdd(n, v.float(2.1219444e-4), v.multiplyAdd(n, v.float(-0.693359375), x));
}

/**
 * 2^n as float32, for −126 <= n <= 127: n becomes the exponent, and the bits of ROUNDER are shifted
 * out.
 */
function power(v: Vectors, shifted: number): Operand {
  return v.op('i32x4.add', v.shiftLeft(shifted, 23), v.bits(0x3f800000));
}

/**
 * e^r − 1 for |r| <= ln2/2, exact to the last bit for tiny r. In pairs (Estrin's scheme): latency
 * bounds the speed.
 */
function expm1OfRemainder(v: Vectors, remains: Operand): Operand {
  const r = v.keep(remains);
  const square = v.keep(v.op('f32x4.mul', r, r));
  const low = v.multiplyAdd(v.float(1.6666665459e-1), r, v.float(5.0000001201e-1));
  const middle = v.multiplyAdd(v.float(8.3334519073e-3), r, v.float(4.1665795894e-2));
  const high = v.multiplyAdd(v.float(1.98756915e-4), r, v.float(1.3981999507e-3));
  const p = v.multiplyAdd(v.multiplyAdd(high, square, middle), square, low);
  return v.multiplyAdd(p, square, r);
}
