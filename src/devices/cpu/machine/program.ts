// The parts of a shard's program that run as machine code. Consecutive operations are one function,
// which is called once for all of them. Every operand is checked against the memory when the code
// is written, so that the code does not need checks.
import type { ChainSpecification } from '../chain.ts';
import type { Address } from '../address.ts';
import type { Assembler } from './assembler.ts';
import { R12, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RSI, RSP, Label, type InstructionSet } from './operands.ts';
import { writeChain } from './chain.ts';
import { type ProductShape, operandRegisters, writeProduct, productScratch } from './product.ts';
import { Routines } from './routines.ts';
import { panelColumns } from './tile.ts';

const SAVED = [RBX, RBP, R12, R13, R14, R15];
/** The registers with the addresses of the memory and of the worker's region in it. */
const BASES = { fixed: R12, inShard: R13 } as const;
const WORD = 8;

/**
 * The bytes that addresses may reach, from the start of the memory and from the start of a worker's
 * region.
 */
export interface AddressLimits {
  readonly fixed: number;
  readonly inShard: number;
}

export interface ProductOperands {
  readonly a: Address;
  /** B, or its panels. */
  readonly b: Address;
  readonly c: Address;
  readonly bias: Address | null;
  readonly scratch: Address;
}

/** Machine code, and the offsets in bytes of its functions `(memory, shard)`. */
export interface MachineProgram {
  readonly code: Uint8Array<ArrayBuffer>;
  readonly functions: readonly number[];
}

export class MachineWriter {
  readonly #routines: Routines;
  readonly #limits: AddressLimits;
  readonly #functions: Label[] = [];
  #isOpen = false;

  constructor(width: InstructionSet, limits: AddressLimits) {
    this.#routines = new Routines(width);
    this.#limits = limits;
  }

  /**
   * C = addend + op(A)·B.
   * @throws an Error for sizes below 1, or for an operand that is missing or beyond the memory
   */
  product(shape: ProductShape, operands: ProductOperands): void {
    const { M, N, K, transposedA, lda, ldb, ldc, addend } = shape;
    refuseUnless([M, N, K].every(isCount), `a product of ${M} × ${N} over ${K}`);
    refuseUnless(!transposedA || addend !== 'bias', 'a product of a transpose with a bias');
    refuseUnless(addend !== 'bias' || operands.bias !== null, 'a product without its bias');
    const { code } = this.#routines;
    const columns = panelColumns(code.width);
    const matrix = (rows: number, width: number, leading: number): number => (rows - 1) * leading + width;
    const elements = {
      a: transposedA ? matrix(K, M, lda) : matrix(M, K, lda),
      b: transposedA ? matrix(K, N, ldb) : Math.ceil(N / columns) * columns * K,
      c: matrix(M, N, ldc),
      bias: addend === 'bias' ? N : 0,
      scratch: productScratch(shape, code.width),
    };
    const body = writeProduct(this.#routines, shape);
    this.#open();
    for (const [name, register] of Object.entries(operandRegisters)) {
      const key = name as keyof typeof elements;
      const operand = operands[key];
      if (elements[key] > 0) this.#address(register, operand!, 4 * elements[key]);
    }
    code.call(body);
  }

  /**
   * @param pointers one for each stride of the chain
   * @throws an Error for sizes below 1, or for an operand that is missing or beyond the memory
   */
  chain(specification: ChainSpecification, rows: number, columns: number, pointers: readonly Address[]): void {
    const { strides, operands, stores } = specification;
    refuseUnless([rows, columns].every(isCount) && pointers.length === strides.length, 'a chain without its operands');
    for (const { pointer, column } of [...operands.values(), ...[...stores.values()].flat()])
      refuseUnless(pointers[pointer] !== undefined && column >= 0, `a chain that uses pointer ${pointer}`);
    const { code } = this.#routines;
    const body = writeChain(this.#routines, specification, columns);
    const reach = reachOf(specification, rows, columns);
    this.#open();
    code.arithmeticImmediate('sub', RSP, WORD * pointers.length);
    for (const [index, pointer] of pointers.entries()) {
      this.#address(RAX, pointer, 4 * reach[index]);
      code.storeGeneral({ base: RSP, displacement: WORD * index }, RAX);
    }
    code.moveImmediate(RCX, rows);
    code.call(body);
    code.arithmeticImmediate('add', RSP, WORD * pointers.length);
  }

  /** Appends any code that keeps RSP, R12 and R13. */
  raw(write: (code: Assembler) => void): void {
    this.#open();
    write(this.#routines.code);
  }

  /**
   * Ends a function. @returns its number, or null if nothing was written since the last function
   */
  close(): number | null {
    if (!this.#isOpen) return null;
    const { code } = this.#routines;
    for (const register of SAVED.toReversed()) code.pop(register);
    code.zeroUpper();
    code.return();
    this.#isOpen = false;
    return this.#functions.length - 1;
  }

  finish(): MachineProgram {
    const code = this.#routines.finish();
    return { code, functions: this.#functions.map(({ position }) => position!) };
  }

  #open(): void {
    if (this.#isOpen) return;
    const { code } = this.#routines;
    const label = new Label();
    code.align(16);
    code.put(label);
    this.#functions.push(label);
    for (const register of SAVED) code.push(register);
    code.move(BASES.fixed, RDI);
    code.move(BASES.inShard, RSI);
    this.#isOpen = true;
  }

  /** @param bytes the number of bytes that are used from this address on */
  #address(to: number, address: Address, bytes: number): void {
    const { code } = this.#routines;
    const [base, offset] =
      'fixed' in address ? (['fixed', address.fixed] as const) : (['inShard', address.inShard] as const);
    if (!(offset >= 0 && offset + bytes <= this.#limits[base]))
      throw new Error(`cannot use ${bytes} bytes from byte ${offset}: the memory has ${this.#limits[base]} bytes`);
    if (offset < 2 ** 31) {
      code.address(to, { base: BASES[base], displacement: offset });
      return;
    }
    code.moveImmediate(to, offset);
    code.arithmetic('add', to, BASES[base]);
  }
}

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;

/** A request for code that would use other memory is a bug in this program. */
function refuseUnless(holds: boolean, request: string): void {
  if (!holds) throw new Error(`cannot write machine code for ${request}`);
}

/** The number of elements that a chain may use at each pointer. */
function reachOf({ operands, stores, strides }: ChainSpecification, rows: number, columns: number): number[] {
  const reach = new Array<number>(strides.length).fill(0);
  const add = (pointer: number, column: number, width: number): void => {
    reach[pointer] = Math.max(reach[pointer], (rows - 1) * strides[pointer] + column + width);
  };
  for (const { pointer, column, walk } of operands.values())
    add(pointer, column, walk === 'scalar' || walk === 'column' ? 1 : columns);
  for (const { pointer, column } of [...stores.values()].flat()) add(pointer, column, columns);
  return reach;
}
