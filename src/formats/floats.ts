// The number formats of other programs' tensors, little-endian, and their conversion to float32.
// Knows nothing of files.

/**
 * The bytes of a number, and the conversion from bytes. Float64 is rounded to the nearest float32.
 * The 16-bit formats are exact in float32.
 */
export interface FloatFormat {
  readonly bytes: number;
  /** @param bytes a copy that the function may keep */
  decode(bytes: Uint8Array<ArrayBuffer>): Float32Array;
}

/** Number formats by their names in safetensors. */
export const floatFormats: Readonly<Record<string, FloatFormat>> = {
  F32: { bytes: 4, decode: (bytes) => new Float32Array(bytes.buffer) },
  F64: { bytes: 8, decode: (bytes) => Float32Array.from(new Float64Array(bytes.buffer)) },
  F16: { bytes: 2, decode: (bytes) => Float32Array.from(new Uint16Array(bytes.buffer), ofHalf) },
  BF16: {
    bytes: 2,
    decode: (bytes) => new Float32Array(Uint32Array.from(new Uint16Array(bytes.buffer), (bits) => bits << 16).buffer),
  },
};

/** The bytes of numbers: little-endian, as on all machines where WebAssembly shares memory. */
export const bytesOfNumbers = (numbers: ArrayBufferView): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent with a bias of 15, 10 of fraction. */
function ofHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/**
 * Numbers as IEEE 754 binary16, each rounded to the nearest, ties to even. Numbers from 65,520 on
 * become infinite.
 */
export function halvesOf(numbers: Float32Array): Uint16Array {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  return Uint16Array.from(bits, (word, at) => {
    const exponent = Math.max(-14, ((word >>> 23) & 0xff) - 127); // −14 also for subnormal numbers
    const units = Math.abs(numbers[at]) / 2 ** (exponent - 10);
    const low = Math.floor(units);
    const isUp = units - low > 0.5 || (units - low === 0.5 && low % 2 === 1);
    // A carry out of the fraction increases the exponent.
    const magnitude = Math.min(0x7c00, ((exponent + 14) << 10) + low + Number(isUp));
    return ((word >>> 16) & 0x8000) | magnitude;
  });
}
