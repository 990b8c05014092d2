// Straight-line arithmetic on vectors, recorded as a list of operations and then written as machine
// code.
import type { Operand, VectorOperation, VectorWriter } from '../vectors.ts';
import { type Assembler, type Comparison, type VectorInstruction } from './assembler.ts';
import { MASKS } from './masks.ts';
import { Registers } from './registers.ts';
import type { Routines } from './routines.ts';

/**
 * Operations on two values that are one instruction. `swapped`: the instruction takes its operands
 * in the other order.
 */
const instructions: Readonly<
  Partial<Record<VectorOperation, { name: VectorInstruction; swapped?: true; commutes?: true }>>
> = {
  'f32x4.add': { name: 'vaddps', commutes: true },
  'f32x4.sub': { name: 'vsubps' },
  'f32x4.mul': { name: 'vmulps', commutes: true },
  'f32x4.div': { name: 'vdivps' },
  'f32x4.pmin': { name: 'vminps', swapped: true },
  'f32x4.pmax': { name: 'vmaxps', swapped: true },
  'v128.and': { name: 'vpand', commutes: true },
  'v128.andnot': { name: 'vpandn', swapped: true },
  'v128.or': { name: 'vpor', commutes: true },
  'i32x4.add': { name: 'vpaddd', commutes: true },
};
const comparisonOf: Readonly<Partial<Record<VectorOperation, { holds: Comparison; fails: Comparison }>>> = {
  'f32x4.lt': { holds: 'lessThan', fails: 'notLessThan' },
  'f32x4.le': { holds: 'lessOrEqual', fails: 'notLessOrEqual' },
  'f32x4.gt': { holds: 'greaterThan', fails: 'notGreaterThan' },
};

interface Operation {
  readonly kind: 'operation';
  readonly name: VectorOperation;
  readonly inputs: readonly number[];
}

type Node =
  | { readonly kind: 'load'; readonly write: (to: number) => void }
  | { readonly kind: 'constant'; readonly bits: number }
  | Operation
  | { readonly kind: 'multiplyAdd'; readonly inputs: readonly number[] }
  | { readonly kind: 'shift'; readonly inputs: readonly number[]; readonly count: number }
  | { readonly kind: 'store'; readonly inputs: readonly number[]; readonly write: (from: number) => void };

export class Expressions implements VectorWriter {
  readonly #nodes: Node[] = [];
  readonly #constants = new Map<number, number>();

  /** Adds a value that is loaded from memory. */
  load(write: (to: number) => void): number {
    return this.#add({ kind: 'load', write });
  }

  /** Stores a value. All loads must come before it. */
  store(value: number, write: (from: number) => void): void {
    this.#add({ kind: 'store', inputs: [value], write });
  }

  assign(operand: Operand): number {
    return operand as number;
  }

  op(name: VectorOperation, ...operands: readonly Operand[]): number {
    const inputs = operands as readonly number[];
    if (name === 'f32x4.abs') return this.op('v128.and', inputs[0], this.bits(0x7fffffff));
    if (name === 'f32x4.neg') return this.#add({ kind: 'operation', name, inputs: [inputs[0], this.bits(0x80000000)] });
    return this.#add({ kind: 'operation', name, inputs });
  }

  multiplyAdd(...operands: readonly Operand[]): number {
    return this.#add({ kind: 'multiplyAdd', inputs: operands as readonly number[] });
  }

  float(constant: number): number {
    return this.bits(new Int32Array(Float32Array.of(constant).buffer)[0]);
  }

  bits(constant: number): number {
    const bits = constant | 0;
    const known = this.#constants.get(bits) ?? this.#add({ kind: 'constant', bits });
    this.#constants.set(bits, known);
    return known;
  }

  shiftLeft(x: Operand, count: number): number {
    return this.#add({ kind: 'shift', inputs: [x as number], count });
  }

  /**
   * Writes all operations.
   *
   * @param registers the number of registers to use, from 0 on
   * @returns the bytes on the stack that spilled values need
   */
  write(routines: Routines, registers: number): number {
    return new ExpressionWriter(routines, this.#nodes, registers).write();
  }

  #add(node: Node): number {
    return this.#nodes.push(node) - 1;
  }
}

const isComparison = (node: Node): node is Operation =>
  node.kind === 'operation' && comparisonOf[node.name] !== undefined;

/**
 * The values that are needed to write a node. A comparison is replaced by the values that it
 * compares.
 */
function inputsOf(nodes: readonly Node[], node: Node): readonly number[] {
  const inputs = 'inputs' in node ? node.inputs : [];
  return inputs.flatMap((input) => {
    const from = nodes[input];
    return isComparison(from) ? from.inputs : [input];
  });
}

class ExpressionWriter {
  readonly #code: Assembler;
  readonly #nodes: readonly Node[];
  readonly #registers: Registers;

  constructor(routines: Routines, nodes: readonly Node[], registers: number) {
    this.#code = routines.code;
    this.#nodes = nodes;
    const values = nodes.map((node) => ({
      constant: node.kind === 'constant' ? node.bits : null,
      uses: [] as number[],
    }));
    for (let at = nodes.length - 1; at >= 0; at--)
      // A comparison is written where it is used.
      if (!isComparison(nodes[at])) for (const input of inputsOf(nodes, nodes[at])) values[input].uses.push(at);
    this.#registers = new Registers(routines, values, registers);
  }

  write(): number {
    for (const [index, node] of this.#nodes.entries()) {
      if (node.kind !== 'constant' && !isComparison(node)) this.#node(index, node);
    }
    return this.#registers.spillBytes;
  }

  #node(index: number, node: Exclude<Node, { kind: 'constant' }>): void {
    switch (node.kind) {
      case 'load':
        if (this.#registers.isUsed(index)) node.write(this.#registers.allocate(index));
        return;
      case 'store': {
        const from = this.#registers.register(node.inputs[0]);
        this.#registers.markUsed(node.inputs, index);
        node.write(from);
        return;
      }
      case 'shift': {
        const from = this.#registers.register(node.inputs[0]);
        this.#registers.markUsed(node.inputs, index);
        this.#code.shiftLeft(this.#registers.allocate(index), from, node.count);
        return;
      }
      case 'multiplyAdd':
        this.#multiplyAdd(index, node.inputs);
        return;
      case 'operation':
        this.#operation(index, node.name, node.inputs);
    }
  }

  #operation(index: number, name: VectorOperation, inputs: readonly number[]): void {
    if (name === 'f32x4.sqrt') {
      const [from] = this.#registers.operands(inputs, [true]);
      this.#registers.markUsed(inputs, index);
      this.#code.squareRoot(this.#registers.allocate(index), from);
      return;
    }
    const condition = this.#nodes[inputs[1]];
    if (inputs.length === 2 && isComparison(condition)) {
      this.#where(index, name === 'v128.and' ? 'holds' : 'fails', inputs, condition);
      return;
    }
    const {
      name: instruction,
      swapped,
      commutes,
    } = name === 'f32x4.neg' ? { name: 'vpxor' as const } : instructions[name]!;
    // Only the second operand of an instruction can be in memory.
    const isReversed = swapped === true || (commutes === true && this.#registers.isConstant(inputs[0]));
    const ordered = isReversed ? [inputs[1], inputs[0]] : inputs;
    const [first, second] = this.#registers.operands(ordered, [false, true]);
    this.#registers.markUsed(inputs, index);
    this.#code.vector(instruction, this.#registers.allocate(index), first as number, second);
  }

  /** The value in lanes where a comparison holds or fails, and zero in the other lanes. */
  #where(index: number, outcome: 'holds' | 'fails', [value]: readonly number[], { name, inputs }: Operation): void {
    const comparison = comparisonOf[name]![outcome];
    const [from, first, second] = this.#registers.operands([value, ...inputs], [false, false, true]);
    this.#registers.markUsed([value, ...inputs], index);
    if (this.#code.width === 'avx512') {
      this.#code.compareToMask(comparison, MASKS.compared, first as number, second);
      this.#code.loadMasked(this.#registers.allocate(index), from, MASKS.compared);
      return;
    }
    const to = this.#registers.allocate(index, [from as number]);
    this.#code.compare(comparison, to, first as number, second);
    this.#code.vector('vpand', to, to, from);
  }

  /** x·y + z */
  #multiplyAdd(index: number, [x, y, z]: readonly number[]): void {
    const dies = (value: number): boolean => this.#registers.isLastUse(value, index);
    const [left, right] = this.#registers.isConstant(x) ? [y, x] : [x, y];
    const form = (name: VectorInstruction, to: number, first: number, second: number): void => {
      const [target, one, two] = this.#registers.operands([to, first, second], [false, false, true]);
      this.#registers.pass(to, index);
      this.#registers.markUsed([x, y, z], index);
      this.#code.vector(name, target as number, one as number, two);
    };
    const needed = [left, right, z].filter((value, at, all) => all.indexOf(value) === at);
    if (needed.length === 3 && dies(z)) form('vfmadd231ps', z, left, right);
    else if (needed.length === 3 && dies(left) && !this.#registers.isConstant(right))
      form('vfmadd213ps', left, right, z);
    else if (needed.length === 3 && dies(left)) form('vfmadd132ps', left, z, right);
    else if (needed.length === 3 && dies(right)) form('vfmadd213ps', right, left, z);
    else {
      const [one, two, three] = this.#registers.operands([left, right, z], [false, true, true]);
      const to = this.#registers.allocate(
        index,
        [one, two, three].filter((each) => typeof each === 'number'),
      );
      this.#code.load(to, three);
      this.#code.vector('vfmadd231ps', to, one as number, two);
      this.#registers.markUsed([x, y, z], index);
    }
  }
}
