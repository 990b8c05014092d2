// The binary form of x86-64 instructions: prefixes, operands, and distances to labels. It does not
// know instructions.
//
// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapter 2.
import {
  type InstructionSet,
  type Label,
  type Memory,
  RBP,
  RSP,
  type VectorOperand,
  instructionSets,
} from './operands.ts';

/** Opcode map and mandatory prefix, as VEX and EVEX number them. */
export interface InstructionCode {
  readonly map: 1 | 2 | 3;
  readonly prefix: 0 | 1 | 2;
  readonly code: number;
}
export class InstructionEncoder {
  readonly #width: InstructionSet;
  #bytes = new Uint8Array(1024);
  #length = 0;
  /** Positions of the distances to labels. A distance counts from the end of its instruction. */
  readonly #references: { readonly at: number; readonly end: number; readonly label: Label }[] = [];

  constructor(width: InstructionSet) {
    this.#width = width;
  }

  /** The number of bytes so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * The code, with all distances filled in.
   * @throws an Error if a label is used but was not put anywhere
   */
  finish(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.slice(0, this.#length);
    const view = new DataView(bytes.buffer);
    for (const { at, end, label } of this.#references) {
      if (label.position === null) throw new Error('cannot encode the code: a label in use was not put anywhere');
      view.setInt32(at, label.position - end, true);
    }
    return bytes;
  }

  /** Truncates the code to this many bytes. */
  rewind(length: number): void {
    this.#length = length;
    while ((this.#references.at(-1)?.at ?? -1) >= length) this.#references.pop();
  }

  /** Puts a label here. */
  put(label: Label): void {
    label.position = this.#length;
  }

  /** Pads the code to a multiple of this many bytes with instructions that do nothing. */
  align(bytes: number): void {
    while (this.#length % bytes !== 0) this.emit(0x90);
  }

  /** Appends constants that the code reads. */
  data(bytes: Uint8Array): void {
    for (const byte of bytes) this.emit(byte);
  }

  /**
   * An instruction on vectors.
   * @throws an Error for a register or a mask that the instruction set does not have
   */
  vector(
    opcode: InstructionCode,
    register: number,
    second: number,
    operand: VectorOperand,
    options: { scale?: number; mask?: number; zeroing?: boolean; immediate?: number } = {},
  ): void {
    const { registers } = instructionSets[this.#width];
    if (Math.max(register, second, typeof operand === 'number' ? operand : 0) >= registers)
      throw new Error(`${this.#width} has only ${registers} vector registers`);
    if (this.#width === 'avx2' && options.mask) throw new Error('avx2 has no mask registers');
    if (this.#width === 'avx512') this.#evex(opcode, register, second, operand, options);
    else this.#vex(opcode, register, second, operand, options.immediate);
  }

  /** VEX: Intel's manual, 2.3.5. */
  #vex(
    { map, prefix, code }: InstructionCode,
    register: number,
    second: number,
    operand: VectorOperand,
    immediate = 0,
  ): void {
    const { x, b } = extensions(operand);
    const tail = ((~second & 15) << 3) | 4 | prefix;
    const r = (register >> 3) & 1;
    if (map === 1 && x === 0 && b === 0) this.emit(0xc5, ((r ^ 1) << 7) | tail);
    else this.emit(0xc4, ((r ^ 1) << 7) | ((x ^ 1) << 6) | ((b ^ 1) << 5) | map, tail);
    this.emit(code);
    this.#operand(register, operand, 1, immediate);
  }

  /** EVEX: Intel's manual, 2.7.1. Every bit that extends a register number is inverted. */
  #evex(
    { map, prefix, code }: InstructionCode,
    register: number,
    second: number,
    operand: VectorOperand,
    { scale = instructionSets.avx512.vectorBytes, mask = 0, zeroing = false, immediate = 0 },
  ): void {
    const { x, b } = extensions(operand);
    const bit = (value: number, position: number): number => ((value & 1) ^ 1) << position;
    this.emit(0x62, bit(register >> 3, 7) | bit(x, 6) | bit(b, 5) | bit(register >> 4, 4) | map);
    this.emit(((~second & 15) << 3) | 4 | prefix, (zeroing ? 0x80 : 0) | 0x40 | bit(second >> 4, 3) | mask, code);
    this.#operand(register, operand, scale, immediate);
  }

  /** @param digit a register or a digit of the opcode @param wide 1 for 64 bits */
  general(opcode: readonly number[], digit: number, operand: number | Memory, wide = 1): void {
    const { x, b } = extensions(operand);
    const rex = (wide << 3) | ((digit >> 3) << 2) | (x << 1) | b;
    if (rex !== 0) this.emit(0x40 | rex);
    for (const byte of opcode) this.emit(byte);
    this.#operand(digit, operand, 1, 0);
  }

  /**
   * ModRM, SIB and displacement.
   *
   * @param scale the factor of a displacement of 8 bits
   * @param after the number of bytes of the instruction that follow
   */
  #operand(register: number, operand: VectorOperand, scale: number, after: number): void {
    const field = (register & 7) << 3;
    if (typeof operand === 'number') {
      this.emit(0xc0 | field | (operand & 7));
      return;
    }
    if ('label' in operand) {
      this.emit(field | 5);
      this.distance(operand.label, after);
      return;
    }
    const { base, index, displacement = 0 } = operand;
    if (index === RSP) throw new Error('RSP cannot be an index');
    const isByte = displacement % scale === 0 && displacement >= -128 * scale && displacement < 128 * scale;
    // Without a displacement, the numbers of RBP and R13 mean something else.
    const mode = displacement === 0 && (base & 7) !== RBP ? 0 : isByte ? 0x40 : 0x80;
    if (index !== undefined)
      this.emit(mode | field | 4, (Math.log2(operand.scale ?? 1) << 6) | ((index & 7) << 3) | (base & 7));
    else if ((base & 7) === RSP) this.emit(mode | field | 4, 0x24);
    else this.emit(mode | field | (base & 7));
    if (mode === 0x40) this.emit(displacement / scale);
    else if (mode === 0x80) this.int32(displacement);
  }

  distance(label: Label, after = 0): void {
    this.#references.push({ at: this.#length, end: this.#length + 4 + after, label });
    this.int32(0);
  }

  /** @throws an Error if the value does not fit into 32 bits */
  int32(value: number): void {
    if (value !== (value | 0)) throw new Error(`${value} does not fit into 32 bits`);
    this.emit(value, value >> 8, value >> 16, value >> 24);
  }

  /** Appends one to four bytes. */
  emit(first: number, second?: number, third?: number, fourth?: number): void {
    if (this.#length + 4 > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = first;
    if (second !== undefined) this.#bytes[this.#length++] = second;
    if (third !== undefined) this.#bytes[this.#length++] = third;
    if (fourth !== undefined) this.#bytes[this.#length++] = fourth;
  }
}

/** The bits of an operand beyond the three in ModRM and SIB. */
function extensions(operand: VectorOperand): { readonly x: number; readonly b: number } {
  if (typeof operand === 'number') return { x: (operand >> 4) & 1, b: (operand >> 3) & 1 };
  if ('label' in operand) return { x: 0, b: 0 };
  return { x: ((operand.index ?? 0) >> 3) & 1, b: (operand.base >> 3) & 1 };
}
