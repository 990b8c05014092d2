// Register allocation for straight-line code. Its values are numbered in the order in which they
// are computed. If registers run out, the value whose next use is last is spilled to the stack.
// Constants stay in memory.
import { type Memory, RSP, type VectorOperand } from './operands.ts';
import type { Routines } from './routines.ts';

export interface UsedValue {
  /** The bits of all lanes of a constant, or null for a computed value. */
  readonly constant: number | null;
  /** The numbers of the values that are computed from it. The next use is last in the list. */
  readonly uses: number[];
}

export class Registers {
  readonly #routines: Routines;
  readonly #values: readonly UsedValue[];
  readonly #registerOf = new Map<number, number>();
  readonly #slotOf = new Map<number, number>();
  readonly #freeRegisters: number[];
  /** Values of the operation that is being written. They are not spilled. */
  #operandsInUse: readonly number[] = [];

  /** @param count the number of registers to use: 0 to count − 1 */
  constructor(routines: Routines, values: readonly UsedValue[], count: number) {
    this.#routines = routines;
    this.#values = values;
    this.#freeRegisters = Array.from({ length: count }, (_, i) => count - 1 - i);
  }

  /** The size of the spilled values on the stack, which begin at RSP. */
  get spillBytes(): number {
    return this.#routines.code.vectorBytes * this.#slotOf.size;
  }

  isConstant(value: number): boolean {
    return this.#values[value].constant !== null;
  }

  isUsed(value: number): boolean {
    return this.#values[value].uses.length > 0;
  }

  has(value: number): boolean {
    return this.#registerOf.has(value);
  }

  /**
   * Registers or memory with the values, as operands of one instruction. Values that are only in
   * memory are loaded, unless `mayBeInMemory` allows memory at their position.
   */
  operands(values: readonly number[], mayBeInMemory: readonly boolean[]): VectorOperand[] {
    this.#operandsInUse = values;
    const operands = values.map((value, at) =>
      mayBeInMemory[at] && !this.has(value) ? this.#memory(value) : this.register(value),
    );
    // A constant is held in a register for one operation only.
    for (const value of values) if (this.isConstant(value)) this.#release(value);
    this.#operandsInUse = [];
    return operands;
  }

  /** The memory of a constant or of a spilled value. */
  #memory(value: number): Memory {
    const { vectorBytes } = this.#routines.code;
    const { constant } = this.#values[value];
    if (constant !== null) return { label: this.#routines.everyLane(constant) };
    return { base: RSP, displacement: vectorBytes * this.#slotOf.get(value)! };
  }

  /** The register of a value, which is loaded if it is only in memory. */
  register(value: number): number {
    const known = this.#registerOf.get(value);
    if (known !== undefined) return known;
    const memory = this.#memory(value);
    const register = this.allocate(value);
    this.#routines.code.load(register, memory);
    return register;
  }

  /** Allocates a register for a value, but none of the registers in `excluded`. */
  allocate(value: number, excluded: readonly number[] = []): number {
    let at = this.#freeRegisters.findLastIndex((register) => !excluded.includes(register));
    if (at < 0) {
      this.#spillFurthest(excluded);
      at = this.#freeRegisters.length - 1;
    }
    const [register] = this.#freeRegisters.splice(at, 1);
    this.#registerOf.set(value, register);
    return register;
  }

  /** Spills the value whose next use is last. */
  #spillFurthest(excluded: readonly number[]): void {
    const candidates = [...this.#registerOf].filter(
      ([value, register]) => !this.#operandsInUse.includes(value) && !excluded.includes(register),
    );
    const [last, register] = candidates.reduce((a, b) => (this.#nextUse(a[0]) >= this.#nextUse(b[0]) ? a : b));
    if (!this.isConstant(last) && !this.#slotOf.has(last)) {
      this.#slotOf.set(last, this.#slotOf.size);
      this.#routines.code.store(this.#memory(last), register);
    }
    this.#release(last);
  }

  /** Passes the register of one value to another value. */
  pass(from: number, to: number): void {
    const register = this.#registerOf.get(from)!;
    this.#registerOf.delete(from);
    this.#registerOf.set(to, register);
  }

  /**
   * Whether a value is in a register, and the operation `index` uses it once and is the last that
   * does.
   */
  isLastUse(value: number, index: number): boolean {
    const { uses } = this.#values[value];
    return this.has(value) && uses.length === 1 && uses[0] === index;
  }

  /**
   * Records that the operation `index` has used values, and frees the registers of values that no
   * later operation uses.
   */
  markUsed(values: readonly number[], index: number): void {
    for (const value of values) {
      const { uses } = this.#values[value];
      while (uses.at(-1) === index) uses.pop();
      if (uses.length === 0) this.#release(value);
    }
  }

  #release(value: number): void {
    const register = this.#registerOf.get(value);
    if (register === undefined) return;
    this.#registerOf.delete(value);
    this.#freeRegisters.push(register);
  }

  #nextUse(value: number): number {
    return this.#values[value].uses.at(-1)!;
  }
}
