// Which devices compute the same numbers, by their descriptions, which checkpoints record.

/**
 * Whether the same run on both gives the same weights, bit by bit: machine code rounds as the
 * WebAssembly kernels with fused multiply-add do.
 */
export const haveSameNumbers = (one: string, other: string): boolean => arithmeticOf(one) === arithmeticOf(other);

const arithmeticOf = (description: string): string =>
  description.replace(/^cpu: machine code \(AVX-?\d+\)/, 'cpu: WebAssembly (fused multiply-add)');
