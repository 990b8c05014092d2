// Which devices compute the same numbers. Devices are compared by their descriptions, which
// checkpoints record.

/**
 * Whether the same run on both devices gives the same weights, bit for bit. Machine code rounds
 * like the WebAssembly kernels with fused multiply-add.
 */
export const haveSameNumbers = (one: string, other: string): boolean => arithmeticOf(one) === arithmeticOf(other);

const arithmeticOf = (description: string): string =>
  description.replace(/^cpu: machine code \(AVX-?\d+\)/, 'cpu: WebAssembly (fused multiply-add)');
