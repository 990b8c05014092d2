// A chain of elementwise operations as a function in machine code. In each row it computes a vector
// of columns at a time, and the last columns under a mask. It loads all operands before it stores a
// result, so that a result may overwrite an operand.
import type { Value } from '../../../program/value.ts';
import { type ChainSpecification, type ChainOperand, chainKey } from '../chain.ts';
import { writeElementwise } from '../vectors.ts';
import { Label, type Memory, R8, R9, R10, R11, R14, R15, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP } from './operands.ts';
import { Expressions } from './expressions.ts';
import type { Routines } from './routines.ts';
import { MASKS, MASK_VECTOR, loadPartial, setMask, storePartial } from './masks.ts';

/** Registers for the first pointers. Further pointers stay on the stack. */
const POINTER_REGISTERS = [RBX, RBP, RSI, RDI, R8, R9, R10, R11, R14, R15];
const WORD_BYTES = 8;

/**
 * Writes the function that computes a chain. On entry the pointers are on the stack directly above
 * the return address, the first at the lowest address. RCX holds the number of rows, which is at
 * least 1. The function may change all registers except RSP, R12 and R13.
 */
export function writeChain(routines: Routines, specification: ChainSpecification, columns: number): Label {
  return routines.routine(`chain ${columns} ${chainKey(specification)}`, () => {
    const begin = routines.code.length;
    const spillBytes = new ChainWriter(routines, specification, columns, 0).write();
    if (spillBytes === 0) return;
    // The size of the spilled values is known only now.
    routines.code.rewind(begin);
    new ChainWriter(routines, specification, columns, spillBytes).write();
  });
}

class ChainWriter {
  readonly #routines: Routines;
  readonly #specification: ChainSpecification;
  readonly #columns: number;
  /** The bytes on the stack for spilled values. */
  readonly #spillBytes: number;

  constructor(routines: Routines, specification: ChainSpecification, columns: number, spillBytes: number) {
    this.#routines = routines;
    this.#specification = specification;
    this.#columns = columns;
    this.#spillBytes = spillBytes;
  }

  /** @returns the bytes on the stack that spilled values need */
  write(): number {
    let spillBytes = 0;
    const { code } = this.#routines;
    const { strides } = this.#specification;
    const lanes = code.vectorBytes / 4;
    const wholeVectors = Math.floor(this.#columns / lanes);
    const lastLanes = this.#columns % lanes;
    if (lastLanes > 0 && code.width === 'avx512') setMask(this.#routines, lastLanes, MASKS.lastColumns);
    if (this.#spillBytes > 0) code.arithmeticImmediate('sub', RSP, this.#spillBytes);
    for (const [pointer, register] of POINTER_REGISTERS.slice(0, strides.length).entries())
      code.loadGeneral(register, this.#slot(pointer));
    const row = new Label();
    code.put(row);
    code.moveImmediate(RDX, 0);
    if (wholeVectors > 0) {
      const next = new Label();
      code.align(16);
      code.put(next);
      spillBytes = this.#body(false);
      code.arithmeticImmediate('add', RDX, code.vectorBytes);
      code.arithmeticImmediate('cmp', RDX, wholeVectors * code.vectorBytes);
      code.jumpIf('below', next);
    }
    if (lastLanes > 0) {
      if (code.width === 'avx2') setMask(this.#routines, lastLanes, MASKS.lastColumns);
      spillBytes = Math.max(spillBytes, this.#body(true));
    }
    strides.forEach((stride, pointer) => {
      if (stride === 0) return;
      const register = POINTER_REGISTERS[pointer] ?? RAX;
      if (register === RAX) code.loadGeneral(RAX, this.#slot(pointer));
      code.address(register, { base: register, displacement: 4 * stride });
      if (register === RAX) code.storeGeneral(this.#slot(pointer), RAX);
    });
    code.decrement(RCX);
    code.jumpIf('notZero', row);
    if (this.#spillBytes > 0) code.arithmeticImmediate('add', RSP, this.#spillBytes);
    code.return();
    return spillBytes;
  }

  /** The address of a pointer on the stack, above the return address. */
  #slot(pointer: number): Memory {
    return { base: RSP, displacement: this.#spillBytes + WORD_BYTES * (pointer + 1) };
  }

  /**
   * Computes one vector of columns, from byte RDX on. @returns the bytes that spilled values need
   */
  #body(isPartial: boolean): number {
    const { code } = this.#routines;
    const { values, operands, stores } = this.#specification;
    const expressions = new Expressions();
    const expressionIds = new Map<Value, number>();
    for (const [value, { walk, ...place }] of operands)
      expressionIds.set(
        value,
        expressions.load((to) => this.#load(to, place, walk === 'scalar' || walk === 'column', isPartial)),
      );
    for (const value of values) {
      const [x, y] = value.inputs.map((input) => expressionIds.get(input)!);
      expressionIds.set(value, expressions.assign(writeElementwise(expressions, value, x, y)));
    }
    for (const [value, places] of stores)
      for (const place of places)
        expressions.store(expressionIds.get(value)!, (from) => {
          const to = this.#at(place);
          if (!isPartial) code.store(to, from);
          else storePartial(code, to, from, MASKS.lastColumns);
        });
    return expressions.write(this.#routines, isPartial && code.width === 'avx2' ? MASK_VECTOR : code.registers);
  }

  #load(to: number, place: ChainOperand, isOneElement: boolean, isPartial: boolean): void {
    const { code } = this.#routines;
    if (isOneElement) {
      code.broadcast(to, this.#at(place, false));
      return;
    }
    const from = this.#at(place);
    if (!isPartial) code.load(to, from);
    else loadPartial(code, to, from, MASKS.lastColumns);
  }

  /** @param advancesWithColumn whether the address advances along the row */
  #at({ pointer, column }: ChainOperand, advancesWithColumn = true): Memory {
    const base = POINTER_REGISTERS[pointer] ?? RAX;
    if (base === RAX) this.#routines.code.loadGeneral(RAX, this.#slot(pointer));
    return { base, displacement: 4 * column, ...(advancesWithColumn ? { index: RDX } : {}) };
  }
}
