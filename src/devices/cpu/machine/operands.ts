// Operands of x86-64 instructions.

/** General registers of 64 bits, by their numbers in instructions. */
export const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15] = Array.from(
  { length: 16 },
  (_, number) => number,
);

/** A position in the code. It may be used before it is put somewhere. */
export class Label {
  position: number | null = null;
}

/** `[base + index·scale + displacement]` in bytes, or a position in the code. */
export type Memory =
  | {
      readonly base: number;
      readonly index?: number;
      readonly scale?: 1 | 2 | 4 | 8;
      readonly displacement?: number;
    }
  | { readonly label: Label };

/** A vector register by its number, or a place in memory. */
export type VectorOperand = number | Memory;

/** AVX-512 has vectors of 512 bits. AVX2 (with FMA) has vectors of 256 bits. */
export type InstructionSet = 'avx512' | 'avx2';

/** The size of a vector and the number of vector registers. */
export const instructionSets: Readonly<
  Record<InstructionSet, { readonly vectorBytes: number; readonly registers: number }>
> = {
  avx512: { vectorBytes: 64, registers: 32 },
  avx2: { vectorBytes: 32, registers: 16 },
};
