// Writes x86-64 machine code: the instructions that the cpu device needs, by their names in the
// manuals of Intel and AMD. Vectors have 512 bits (EVEX, AVX-512F) or 256 bits (VEX, AVX2 and FMA),
// and code that uses them is the same for both.
//
// Opcodes: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapters 3 to 5.
import { InstructionEncoder, type InstructionCode } from './encoder.ts';
import { type InstructionSet, type Label, type Memory, type VectorOperand, instructionSets } from './operands.ts';

const plain = (code: number): InstructionCode => ({ map: 1, prefix: 0, code });
const integer = (code: number): InstructionCode => ({ map: 1, prefix: 1, code });
const fused = (code: number): InstructionCode => ({ map: 2, prefix: 1, code });

/** Instructions with a destination and two sources. The second source may be in memory. */
const threeOperands = {
  vaddps: plain(0x58),
  vmulps: plain(0x59),
  vsubps: plain(0x5c),
  vdivps: plain(0x5e),
  /** The minimum and the maximum. Both return the second source if one is NaN or both are zero. */
  vminps: plain(0x5d),
  vmaxps: plain(0x5f),
  vpand: integer(0xdb),
  /** (not first source) and second source */
  vpandn: integer(0xdf),
  vpor: integer(0xeb),
  vpxor: integer(0xef),
  vpaddd: integer(0xfe),
  /** destination = destination · second + first */
  vfmadd132ps: fused(0x98),
  /** destination = first · destination + second */
  vfmadd213ps: fused(0xa8),
  /** destination = first · second + destination */
  vfmadd231ps: fused(0xb8),
} as const;
export type VectorInstruction = keyof typeof threeOperands;

/** Comparisons of floats. They are false for NaN unless their name begins with `not`. */
export const comparisons = {
  lessThan: 1,
  lessOrEqual: 2,
  notLessThan: 5,
  notLessOrEqual: 6,
  notGreaterThan: 10,
  greaterThan: 14,
} as const;
export type Comparison = keyof typeof comparisons;

const jumps = { below: 0x82, aboveOrEqual: 0x83, zero: 0x84, notZero: 0x85, belowOrEqual: 0x86, above: 0x87 } as const;
export type JumpCondition = keyof typeof jumps;

/** Instructions on general registers: the opcode, and its digit for an immediate value. */
const arithmetic = { add: [0x01, 0], and: [0x21, 4], sub: [0x29, 5], cmp: [0x39, 7] } as const;

export class Assembler {
  readonly width: InstructionSet;
  /** The size of a vector register in bytes. */
  readonly vectorBytes: number;
  /** The number of vector registers. */
  readonly registers: number;
  readonly #encoder: InstructionEncoder;

  constructor(width: InstructionSet) {
    this.width = width;
    this.vectorBytes = instructionSets[width].vectorBytes;
    this.registers = instructionSets[width].registers;
    this.#encoder = new InstructionEncoder(width);
  }

  get length(): number {
    return this.#encoder.length;
  }

  /** @throws an Error if a label is used but was not put anywhere */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#encoder.finish();
  }

  /** Truncates the code to this many bytes. */
  rewind(length: number): void {
    this.#encoder.rewind(length);
  }

  put(label: Label): void {
    this.#encoder.put(label);
  }

  align(bytes: number): void {
    this.#encoder.align(bytes);
  }

  data(bytes: Uint8Array): void {
    this.#encoder.data(bytes);
  }

  // General registers

  /** Sets 64 bits. The value is an integer from 0 to 2^64 − 1. */
  moveImmediate(to: number, value: number | bigint): void {
    const whole = BigInt(value);
    if (whole <= 0xffffffffn) {
      // The upper half becomes zero.
      if (to >= 8) this.#encoder.emit(0x41);
      this.#encoder.emit(0xb8 | (to & 7));
      this.#encoder.int32(Number(BigInt.asIntN(32, whole)));
      return;
    }
    this.#encoder.emit(0x48 | (to >> 3), 0xb8 | (to & 7));
    this.#encoder.int32(Number(BigInt.asIntN(32, whole)));
    this.#encoder.int32(Number(BigInt.asIntN(32, whole >> 32n)));
  }

  move(to: number, from: number): void {
    this.#encoder.general([0x89], from, to);
  }

  /** Loads 64 bits from memory. */
  loadGeneral(to: number, from: Memory): void {
    this.#encoder.general([0x8b], to, from);
  }

  /** Stores 64 bits to memory. */
  storeGeneral(to: Memory, from: number): void {
    this.#encoder.general([0x89], from, to);
  }

  /** Stores 32 bits to memory. */
  storeGeneral32(to: Memory, from: number): void {
    this.#encoder.general([0x89], from, to, 0);
  }

  /** Sets a register to the address itself. */
  address(to: number, memory: Memory): void {
    this.#encoder.general([0x8d], to, memory);
  }

  /** to = to OPERATION from. `cmp` only sets the flags. */
  arithmetic(operation: keyof typeof arithmetic, to: number, from: number): void {
    this.#encoder.general([arithmetic[operation][0]], from, to);
  }

  /** @param value at least −2^31 and below 2^31 */
  arithmeticImmediate(operation: keyof typeof arithmetic, to: number, value: number): void {
    const digit = arithmetic[operation][1];
    if (value >= -128 && value < 128) {
      this.#encoder.general([0x83], digit, to);
      this.#encoder.emit(value);
      return;
    }
    this.#encoder.general([0x81], digit, to);
    this.#encoder.int32(value);
  }

  /** Subtracts one from 64 bits. */
  decrement(operand: number | Memory): void {
    this.#encoder.general([0xff], 1, operand);
  }

  push(register: number): void {
    if (register >= 8) this.#encoder.emit(0x41);
    this.#encoder.emit(0x50 | (register & 7));
  }

  pop(register: number): void {
    if (register >= 8) this.#encoder.emit(0x41);
    this.#encoder.emit(0x58 | (register & 7));
  }

  jump(label: Label): void {
    this.#encoder.emit(0xe9);
    this.#encoder.distance(label);
  }

  jumpIf(condition: JumpCondition, label: Label): void {
    this.#encoder.emit(0x0f, jumps[condition]);
    this.#encoder.distance(label);
  }

  call(label: Label): void {
    this.#encoder.emit(0xe8);
    this.#encoder.distance(label);
  }

  return(): void {
    this.#encoder.emit(0xc3);
  }

  /** Takes a leaf in EAX and ECX, and writes its results to EAX, EBX, ECX and EDX. */
  cpuid(): void {
    this.#encoder.emit(0x0f, 0xa2);
  }

  /** Reads the registers that the system saves, of register set ECX, into EDX and EAX. */
  xgetbv(): void {
    this.#encoder.emit(0x0f, 0x01, 0xd0);
  }

  // Vectors of floats, of the width of the assembler

  vector(name: VectorInstruction, to: number, first: number, second: VectorOperand): void {
    this.#encoder.vector(threeOperands[name], to, first, second);
  }

  squareRoot(to: number, from: VectorOperand): void {
    this.#encoder.vector(plain(0x51), to, 0, from);
  }

  /** `vmovups` */
  load(to: number, from: VectorOperand): void {
    this.#encoder.vector(plain(0x10), to, 0, from);
  }

  store(to: Memory, from: number): void {
    this.#encoder.vector(plain(0x11), from, 0, to);
  }

  /** Copies one float of memory to all lanes. */
  broadcast(to: number, from: Memory): void {
    this.#encoder.vector(fused(0x18), to, 0, from, { scale: 4 });
  }

  zero(register: number): void {
    this.vector('vpxor', register, register, register);
  }

  shiftLeft(to: number, from: number, count: number): void {
    // A digit of the opcode replaces the destination operand, and the destination replaces the
    // first source.
    this.#encoder.vector(integer(0x72), 6, to, from);
    this.#encoder.emit(count);
  }

  /**
   * Sets all bits of the lanes where the comparison holds (VEX), or the bits of a mask register
   * (EVEX).
   */
  compare(comparison: Comparison, to: number, first: number, second: VectorOperand): void {
    this.#encoder.vector(plain(0xc2), to, first, second, { immediate: 1 });
    this.#encoder.emit(comparisons[comparison]);
  }

  /** EVEX only. Sets bits of a mask register from 1 to 7. */
  compareToMask(comparison: Comparison, mask: number, first: number, second: VectorOperand): void {
    this.compare(comparison, mask, first, second);
  }

  /** EVEX only. Copies the lowest 16 bits of a general register. */
  moveToMask(mask: number, from: number): void {
    // kmovw, which has a VEX prefix
    if (from < 8) this.#encoder.emit(0xc5, 0xf8);
    else this.#encoder.emit(0xc4, 0xc1, 0x78);
    this.#encoder.emit(0x92, 0xc0 | (mask << 3) | (from & 7));
  }

  /** EVEX only. Lanes that are not in the mask become zero and are not read from memory. */
  loadMasked(to: number, from: VectorOperand, mask: number): void {
    this.#encoder.vector(plain(0x10), to, 0, from, { mask, zeroing: true });
  }

  /** EVEX only. Lanes that are not in the mask are not written. */
  storeMasked(to: Memory, from: number, mask: number): void {
    this.#encoder.vector(plain(0x11), from, 0, to, { mask });
  }

  /** VEX only, `vmaskmovps`. Like loadMasked, with a vector whose sign bits are the mask. */
  loadWhere(to: number, mask: number, from: Memory): void {
    this.#encoder.vector(fused(0x2c), to, mask, from);
  }

  /** VEX only, `vmaskmovps`. */
  storeWhere(to: Memory, mask: number, from: number): void {
    this.#encoder.vector(fused(0x2e), from, mask, to);
  }

  /** Prefetches a cache line: `prefetcht0`. */
  prefetch(from: Memory): void {
    this.#encoder.general([0x0f, 0x18], 1, from, 0);
  }

  /** Needed before code that uses vectors of 128 bits, which would be slow without it. */
  zeroUpper(): void {
    this.#encoder.emit(0xc5, 0xf8, 0x77);
  }
}
