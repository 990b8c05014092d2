// The number formats of other programs' tensors, little-endian, and how each becomes float32. Knows
// nothing of files.
import { endianness } from 'node:os';

/**
 * Bytes of a number, and numbers from bytes. Float64 is rounded to the nearest float32; the short
 * formats are exact in it.
 */
export interface FloatFormat {
  readonly bytes: number;
  /** @param bytes a copy that nobody else uses */
  decode(bytes: Uint8Array<ArrayBuffer>): Float32Array;
}

/** By the names that safetensors gives them. */
export const floatFormats: Readonly<Record<string, FloatFormat>> = {
  F32: { bytes: 4, decode: (bytes) => new Float32Array(native(bytes, 4).buffer) },
  F64: { bytes: 8, decode: (bytes) => Float32Array.from(new Float64Array(native(bytes, 8).buffer)) },
  F16: { bytes: 2, decode: (bytes) => Float32Array.from(new Uint16Array(native(bytes, 2).buffer), ofHalf) },
  BF16: {
    bytes: 2,
    decode: (bytes) =>
      new Float32Array(Uint32Array.from(new Uint16Array(native(bytes, 2).buffer), (bits) => bits << 16).buffer),
  },
};

/** Little-endian bytes of float32 numbers. */
export function float32Bytes(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return endianness() === 'BE' ? native(bytes.slice(), 4) : bytes;
}

/** Numbers of so many bytes from little-endian to this machine's order, or back, in place. */
function native(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (endianness() === 'BE') for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  return bytes;
}

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent with a bias of 15, 10 of fraction. */
function ofHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
