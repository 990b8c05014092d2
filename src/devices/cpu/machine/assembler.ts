// Writes x86-64 machine code: the instructions that the cpu device needs, by their names in the
// manuals of Intel and AMD. Vectors are 512 bits wide (EVEX, AVX-512F) or 256 (VEX, AVX2 and FMA);
// what uses them is the same code for both. Knows nothing of what is computed.
//
// Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapters 2
// (prefixes, 2.3 VEX, 2.7 EVEX) and 3 to 5 (opcodes).

/** General registers of 64 bits by their numbers in instructions. */
export const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15] = Array.from(
  { length: 16 },
  (_, number) => number,
);

/** A place in the code. It may be used before it is put somewhere. */
export class Label {
  position: number | null = null;
}

/** `[base + index·scale + displacement]` in bytes, or a place in the code. */
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

/** The bits that the instructions for vectors of one width differ in. */
export type VectorWidth = 'avx512' | 'avx2';

const widths: Readonly<Record<VectorWidth, { readonly bytes: number; readonly registers: number }>> = {
  avx512: { bytes: 64, registers: 32 },
  avx2: { bytes: 32, registers: 16 },
};

/** Opcode map and mandatory prefix, as VEX and EVEX number them. */
interface Opcode {
  readonly map: 1 | 2 | 3;
  readonly prefix: 0 | 1 | 2;
  readonly code: number;
}
const plain = (code: number): Opcode => ({ map: 1, prefix: 0, code });
const integer = (code: number): Opcode => ({ map: 1, prefix: 1, code });
const fused = (code: number): Opcode => ({ map: 2, prefix: 1, code });

/** Instructions of a destination and two sources, of which the second may be in memory. */
const threeOperands = {
  vaddps: plain(0x58),
  vmulps: plain(0x59),
  vsubps: plain(0x5c),
  /** The second source if one is NaN or both are zero. */
  vminps: plain(0x5d),
  vdivps: plain(0x5e),
  vmaxps: plain(0x5f),
  vpand: integer(0xdb),
  /** Not the first source, and the second. */
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

/** Of floats; false for NaN where it does not say `not`. */
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
export type Condition = keyof typeof jumps;

/** Of general registers: the opcode, and its digit for an immediate value. */
const arithmetic = { add: [0x01, 0], and: [0x21, 4], sub: [0x29, 5], cmp: [0x39, 7] } as const;

export class Assembler {
  readonly width: VectorWidth;
  /** Of a vector. */
  readonly vectorBytes: number;
  /** How many vector registers there are. */
  readonly registers: number;
  #bytes = new Uint8Array(1024);
  #length = 0;
  /** Where the distance to a label goes; it counts from the end of the instruction. */
  readonly #references: { readonly at: number; readonly end: number; readonly label: Label }[] = [];

  constructor(width: VectorWidth) {
    this.width = width;
    this.vectorBytes = widths[width].bytes;
    this.registers = widths[width].registers;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * The code, with all distances filled in.
   * @throws an Error if a label is used that was put nowhere
   */
  finish(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.slice(0, this.#length);
    const view = new DataView(bytes.buffer);
    for (const { at, end, label } of this.#references) {
      if (label.position === null) throw new Error('the code refers to a label that is nowhere');
      view.setInt32(at, label.position - end, true);
    }
    return bytes;
  }

  // Places and data

  /** Puts a label here. */
  put(label: Label): void {
    label.position = this.#length;
  }

  /** Fills up to a multiple of so many bytes, by instructions that do nothing. */
  align(bytes: number): void {
    while (this.#length % bytes !== 0) this.#emit(0x90);
  }

  /** Constants that the code reads. */
  data(bytes: Uint8Array): void {
    for (const byte of bytes) this.#emit(byte);
  }

  // General registers

  /** 64 bits; an integer from 0 to 2^64 − 1. */
  moveImmediate(to: number, value: number | bigint): void {
    const whole = BigInt(value);
    if (whole <= 0xffffffffn) {
      // The upper half becomes zero.
      if (to >= 8) this.#emit(0x41);
      this.#emit(0xb8 | (to & 7));
      this.#int32(Number(BigInt.asIntN(32, whole)));
      return;
    }
    this.#emit(0x48 | (to >> 3), 0xb8 | (to & 7));
    this.#int32(Number(BigInt.asIntN(32, whole)));
    this.#int32(Number(BigInt.asIntN(32, whole >> 32n)));
  }

  move(to: number, from: number): void {
    this.#general([0x89], from, to);
  }

  /** 64 bits from memory. */
  loadGeneral(to: number, from: Memory): void {
    this.#general([0x8b], to, from);
  }

  /** 64 bits to memory. */
  storeGeneral(to: Memory, from: number): void {
    this.#general([0x89], from, to);
  }

  /** 32 bits to memory. */
  storeGeneral32(to: Memory, from: number): void {
    this.#general([0x89], from, to, 0);
  }

  /** The address itself. */
  address(to: number, memory: Memory): void {
    this.#general([0x8d], to, memory);
  }

  /** to = to OPERATION from; `cmp` only sets the flags. */
  arithmetic(operation: keyof typeof arithmetic, to: number, from: number): void {
    this.#general([arithmetic[operation][0]], from, to);
  }

  /** @param value at least −2^31 and below 2^31 */
  arithmeticImmediate(operation: keyof typeof arithmetic, to: number, value: number): void {
    const digit = arithmetic[operation][1];
    if (value >= -128 && value < 128) {
      this.#general([0x83], digit, to);
      this.#emit(value);
      return;
    }
    this.#general([0x81], digit, to);
    this.#int32(value);
  }

  decrement(register: number): void {
    this.#general([0xff], 1, register);
  }

  push(register: number): void {
    if (register >= 8) this.#emit(0x41);
    this.#emit(0x50 | (register & 7));
  }

  pop(register: number): void {
    if (register >= 8) this.#emit(0x41);
    this.#emit(0x58 | (register & 7));
  }

  jump(label: Label): void {
    this.#emit(0xe9);
    this.#distance(label);
  }

  jumpIf(condition: Condition, label: Label): void {
    this.#emit(0x0f, jumps[condition]);
    this.#distance(label);
  }

  call(label: Label): void {
    this.#emit(0xe8);
    this.#distance(label);
  }

  return(): void {
    this.#emit(0xc3);
  }

  /** Leaf in EAX and ECX; results in EAX, EBX, ECX, EDX. */
  cpuid(): void {
    this.#emit(0x0f, 0xa2);
  }

  /** What the system keeps of the register set ECX: EDX and EAX. */
  xgetbv(): void {
    this.#emit(0x0f, 0x01, 0xd0);
  }

  // Vectors of floats, of the width of the assembler

  vector(name: VectorInstruction, to: number, first: number, second: VectorOperand): void {
    this.#vector(threeOperands[name], to, first, second);
  }

  squareRoot(to: number, from: VectorOperand): void {
    this.#vector(plain(0x51), to, 0, from);
  }

  /** `vmovups` */
  load(to: number, from: VectorOperand): void {
    this.#vector(plain(0x10), to, 0, from);
  }

  store(to: Memory, from: number): void {
    this.#vector(plain(0x11), from, 0, to);
  }

  /** One float of memory to all lanes. */
  broadcast(to: number, from: Memory): void {
    this.#vector(fused(0x18), to, 0, from, { scale: 4 });
  }

  zero(register: number): void {
    this.vector('vpxor', register, register, register);
  }

  shiftLeft(to: number, from: number, count: number): void {
    // A digit of the opcode takes the place of the destination, and that the place of the first
    // source.
    this.#vector(integer(0x72), 6, to, from);
    this.#emit(count);
  }

  /** VEX only: lanes of all ones where the comparison holds. */
  compare(comparison: Comparison, to: number, first: number, second: VectorOperand): void {
    this.#vector(plain(0xc2), to, first, second, { immediate: 1 });
    this.#emit(comparisons[comparison]);
  }

  /** EVEX only: bits of a mask register from 1 to 7. */
  compareToMask(comparison: Comparison, mask: number, first: number, second: VectorOperand): void {
    this.compare(comparison, mask, first, second);
  }

  /** EVEX only: the lowest 16 bits of a general register. */
  moveToMask(mask: number, from: number): void {
    // kmovw, which has a VEX prefix
    if (from < 8) this.#emit(0xc5, 0xf8);
    else this.#emit(0xc4, 0xc1, 0x78);
    this.#emit(0x92, 0xc0 | (mask << 3) | (from & 7));
  }

  /** EVEX only: lanes that are not in the mask become zero, and are not read from memory. */
  loadMasked(to: number, from: VectorOperand, mask: number): void {
    this.#vector(plain(0x10), to, 0, from, { mask, zeroing: true });
  }

  /** EVEX only: lanes that are not in the mask are not written. */
  storeMasked(to: Memory, from: number, mask: number): void {
    this.#vector(plain(0x11), from, 0, to, { mask });
  }

  /** VEX only, `vmaskmovps`: as loadMasked, with a vector whose sign bits are the mask. */
  loadWhere(to: number, mask: number, from: Memory): void {
    this.#vector(fused(0x2c), to, mask, from);
  }

  /** VEX only, `vmaskmovps`. */
  storeWhere(to: Memory, mask: number, from: number): void {
    this.#vector(fused(0x2e), from, mask, to);
  }

  /** Asks for a line of the cache: `prefetcht0`. */
  prefetch(from: Memory): void {
    this.#general([0x0f, 0x18], 1, from, 0);
  }

  /** Before code that knows only 128 bits: without it, that becomes slow. */
  zeroUpper(): void {
    this.#emit(0xc5, 0xf8, 0x77);
  }

  #vector(
    opcode: Opcode,
    register: number,
    second: number,
    operand: VectorOperand,
    options: { scale?: number; mask?: number; zeroing?: boolean; immediate?: number } = {},
  ): void {
    if (this.width === 'avx512') this.#evex(opcode, register, second, operand, options);
    else this.#vex(opcode, register, second, operand, options.immediate);
  }

  /** Intel's manual, 2.3.5. */
  #vex({ map, prefix, code }: Opcode, register: number, second: number, operand: VectorOperand, immediate = 0): void {
    const { x, b } = extensions(operand);
    const tail = ((~second & 15) << 3) | 4 | prefix;
    const r = (register >> 3) & 1;
    if (map === 1 && x === 0 && b === 0) this.#emit(0xc5, ((r ^ 1) << 7) | tail);
    else this.#emit(0xc4, ((r ^ 1) << 7) | ((x ^ 1) << 6) | ((b ^ 1) << 5) | map, tail);
    this.#emit(code);
    this.#operand(register, operand, 1, immediate);
  }

  /** Intel's manual, 2.7.1: every bit that extends a register number is inverted. */
  #evex(
    { map, prefix, code }: Opcode,
    register: number,
    second: number,
    operand: VectorOperand,
    { scale = this.vectorBytes, mask = 0, zeroing = false, immediate = 0 },
  ): void {
    const { x, b } = extensions(operand);
    const bit = (value: number, position: number): number => ((value & 1) ^ 1) << position;
    this.#emit(0x62, bit(register >> 3, 7) | bit(x, 6) | bit(b, 5) | bit(register >> 4, 4) | map);
    this.#emit(((~second & 15) << 3) | 4 | prefix, (zeroing ? 0x80 : 0) | 0x40 | bit(second >> 4, 3) | mask, code);
    this.#operand(register, operand, scale, immediate);
  }

  /** @param digit a register or a digit of the opcode @param wide 1 for 64 bits */
  #general(opcode: readonly number[], digit: number, operand: number | Memory, wide = 1): void {
    const { x, b } = extensions(operand);
    const rex = (wide << 3) | ((digit >> 3) << 2) | (x << 1) | b;
    if (rex !== 0) this.#emit(0x40 | rex);
    this.#emit(...opcode);
    this.#operand(digit, operand, 1, 0);
  }

  /**
   * ModRM, SIB and displacement.
   *
   * @param scale what a displacement of 8 bits is multiplied by
   * @param after bytes of the instruction that follow
   */
  #operand(register: number, operand: VectorOperand, scale: number, after: number): void {
    const field = (register & 7) << 3;
    if (typeof operand === 'number') {
      this.#emit(0xc0 | field | (operand & 7));
      return;
    }
    if ('label' in operand) {
      this.#emit(field | 5);
      this.#distance(operand.label, after);
      return;
    }
    const { base, index, displacement = 0 } = operand;
    const isByte = displacement % scale === 0 && displacement >= -128 * scale && displacement < 128 * scale;
    // Without a displacement, the numbers of RBP and R13 mean something else.
    const mode = displacement === 0 && (base & 7) !== RBP ? 0 : isByte ? 0x40 : 0x80;
    if (index !== undefined)
      this.#emit(mode | field | 4, (Math.log2(operand.scale ?? 1) << 6) | ((index & 7) << 3) | (base & 7));
    else if ((base & 7) === RSP) this.#emit(mode | field | 4, 0x24);
    else this.#emit(mode | field | (base & 7));
    if (mode === 0x40) this.#emit(displacement / scale);
    else if (mode === 0x80) this.#int32(displacement);
  }

  #distance(label: Label, after = 0): void {
    this.#references.push({ at: this.#length, end: this.#length + 4 + after, label });
    this.#int32(0);
  }

  #int32(value: number): void {
    this.#emit(value, value >> 8, value >> 16, value >> 24);
  }

  #emit(...bytes: readonly number[]): void {
    if (this.#length + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length + bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    for (const byte of bytes) this.#bytes[this.#length++] = byte;
  }
}

/** The bits of an operand beyond the three in ModRM and SIB. */
function extensions(operand: VectorOperand): { readonly x: number; readonly b: number } {
  if (typeof operand === 'number') return { x: (operand >> 4) & 1, b: (operand >> 3) & 1 };
  if ('label' in operand) return { x: 0, b: 0 };
  return { x: ((operand.index ?? 0) >> 3) & 1, b: (operand.base >> 3) & 1 };
}
