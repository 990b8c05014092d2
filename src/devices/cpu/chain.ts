// Compiles a chain of elementwise operations into one WebAssembly function: per row, four columns at a time and then the rest one
// by one. Everything is loaded before anything is stored, so that a result may take the place of an operand.
import type { ElementwiseFunction, Value } from '../../program/value.ts';
import { activations } from './calls.ts';
import { type Access, Code, type ModuleWriter, type Opcode, type Signature } from './wasm.ts';

/** An element's place: at a pointer that the caller passes, plus a fixed column. */
export interface Place {
  readonly pointer: number;
  readonly column: number;
}

/** How an operand in memory is walked: like the result, one row for every row, or one element for all. */
export type Walk = 'matrix' | 'row' | 'scalar';

export interface ChainSpecification {
  readonly values: readonly Value<'elementwise'>[];
  /** Operands in memory. */
  readonly operands: ReadonlyMap<Value, Place & { readonly walk: Walk }>;
  readonly stores: ReadonlyMap<Value, readonly Place[]>;
  /** For each pointer, the elements from one row to the next; 0 if it stays. */
  readonly strides: readonly number[];
}

/** Equal for chains that one function serves. */
export function chainKey({ values, operands, stores, strides }: ChainSpecification): string {
  const name = new Map<Value, string>([...operands].map(([value, { pointer, column, walk }]) => [value, `${walk} ${pointer}+${column}`]));
  const lines = values.map((value, index) => {
    const inputs = value.inputs.map((input) => name.get(input)!).join(' ');
    name.set(value, `#${index}`);
    const places = (stores.get(value) ?? []).map(({ pointer, column }) => `${pointer}+${column}`).join(' ');
    return `${value.apply} ${value.constant} (${inputs}) -> ${places}`;
  });
  return [...lines, strides.join()].join('\n');
}

/** (rows, columns, pointer 0, pointer 1, …) */
export function chainSignature(pointers: number): Signature {
  return { parameters: new Array<'i32'>(pointers + 2).fill('i32'), results: [] };
}

/** Appends the function of a chain and gives its index. The activations must have been imported. */
export function addChain(writer: ModuleWriter, chain: ChainSpecification, exportName: string | null = null): number {
  const { strides } = chain;
  const code = new Code(strides.length + 2);
  const [rows, columns] = [0, 1];
  const position = code.local('i32'); // bytes from the start of the row
  const width = code.local('i32');
  code.get(columns).i32(2).op('i32.shl').set(width);
  const wide = new Lanes(code, writer, chain, position, true);
  const single = new Lanes(code, writer, chain, position, false);
  wide.prepare();
  single.prepare();
  code.get(rows).when(() => {
    code.repeat(() => {
      code.i32(0).set(position);
      code.get(width).i32(16).op('i32.ge_u').when(() => {
        code.repeat(() => {
          wide.element();
          code.get(position).i32(16).op('i32.add').set(position);
          code.get(width).get(position).i32(16).op('i32.add').op('i32.ge_u');
        });
      });
      code.get(width).get(position).op('i32.gt_u').when(() => {
        code.repeat(() => {
          single.element();
          code.get(position).i32(4).op('i32.add').set(position);
          code.get(width).get(position).op('i32.gt_u');
        });
      });
      strides.forEach((stride, pointer) => {
        if (stride > 0) code.get(pointer + 2).i32(4 * stride).op('i32.add').set(pointer + 2);
      });
      code.get(rows).i32(1).op('i32.sub').set(rows);
      code.get(rows);
    });
  });
  return writer.addFunction(chainSignature(strides.length), code, exportName);
}

/** The body of the loop for four elements at once or for one. */
class Lanes {
  readonly #code: Code;
  readonly #writer: ModuleWriter;
  readonly #chain: ChainSpecification;
  readonly #position: number;
  readonly #wide: boolean;
  readonly #held = new Map<Value, number>();
  readonly #constants = new Map<number, number>();

  constructor(code: Code, writer: ModuleWriter, chain: ChainSpecification, position: number, wide: boolean) {
    this.#code = code;
    this.#writer = writer;
    this.#chain = chain;
    this.#position = position;
    this.#wide = wide;
  }

  /** Loads what stays the same for all elements. */
  prepare(): void {
    const code = this.#code;
    for (const [value, { pointer, column, walk }] of this.#chain.operands) {
      const local = this.#local();
      this.#held.set(value, local);
      if (walk === 'scalar') code.get(pointer + 2).access(this.#wide ? 'v128.load32_splat' : 'f32.load', 4 * column).set(local);
    }
    for (const { apply, constant } of this.#chain.values) {
      for (const needed of constantsOf(apply, constant)) {
        if (this.#constants.has(needed)) continue;
        const local = this.#local();
        this.#constants.set(needed, local);
        code.f32(needed);
        if (this.#wide) code.op('f32x4.splat');
        code.set(local);
      }
    }
    for (const value of this.#chain.values) this.#held.set(value, this.#local());
  }

  element(): void {
    const code = this.#code;
    for (const [value, { pointer, column, walk }] of this.#chain.operands) {
      if (walk === 'scalar') continue;
      code.get(pointer + 2).get(this.#position).op('i32.add').access(this.#access('load'), 4 * column).set(this.#held.get(value)!);
    }
    for (const value of this.#chain.values) {
      this.#compute(value);
      code.set(this.#held.get(value)!);
    }
    for (const [value, places] of this.#chain.stores) {
      for (const { pointer, column } of places) {
        code.get(pointer + 2).get(this.#position).op('i32.add').get(this.#held.get(value)!).access(this.#access('store'), 4 * column);
      }
    }
  }

  #compute(value: Value<'elementwise'>): void {
    const code = this.#code;
    const [x, y] = value.inputs.map((input) => this.#held.get(input)!);
    const constant = (number: number): number => this.#constants.get(number)!;
    const arithmetic = (operation: 'add' | 'sub' | 'mul' | 'div' | 'sqrt' | 'abs' | 'lt' | 'le' | 'gt'): Code => code.op(`${this.#wide ? 'f32x4' : 'f32'}.${operation}` as Opcode);
    const activation = (name: 'sigmoid' | 'tanh'): Code => {
      const kernel = `${name}${this.#wide ? 4 : 1}` as const;
      return code.get(x).call(this.#writer.importFunction(kernel, activations[kernel]));
    };
    switch (value.apply) {
      case 'add': code.get(x).get(y); arithmetic('add'); return;
      case 'subtract': code.get(x).get(y); arithmetic('sub'); return;
      case 'multiply': code.get(x).get(y); arithmetic('mul'); return;
      case 'divide': code.get(x).get(y); arithmetic('div'); return;
      case 'scale': code.get(x).get(constant(value.constant)); arithmetic('mul'); return;
      case 'offset': code.get(x).get(constant(value.constant)); arithmetic('add'); return;
      case 'sqrt': code.get(x); arithmetic('sqrt'); return;
      case 'sigmoid': activation('sigmoid'); return;
      case 'tanh': activation('tanh'); return;
      case 'relu': this.#zeroWhere(x, () => { code.get(x).get(constant(0)); arithmetic('le'); }); return;
      case 'flush': this.#zeroWhere(x, () => { code.get(x); arithmetic('abs'); code.get(constant(value.constant)); arithmetic('lt'); }); return;
      case 'reluGradient': this.#zeroUnless(y, () => { code.get(x).get(constant(0)); arithmetic('gt'); }); return;
      // dy·y·(1 − y)
      case 'sigmoidGradient': code.get(y).get(x); arithmetic('mul').get(constant(1)).get(x); arithmetic('sub'); arithmetic('mul'); return;
      // dy·(1 − y²)
      case 'tanhGradient': code.get(y).get(constant(1)).get(x).get(x); arithmetic('mul'); arithmetic('sub'); arithmetic('mul'); return;
      default: value.apply satisfies never;
    }
  }

  #zeroWhere(local: number, condition: () => void): void {
    if (this.#wide) {
      this.#code.get(local);
      condition();
      this.#code.op('v128.andnot');
    } else {
      this.#code.f32(0).get(local);
      condition();
      this.#code.op('select');
    }
  }

  #zeroUnless(local: number, condition: () => void): void {
    if (!this.#wide) this.#code.get(local).f32(0);
    else this.#code.get(local);
    condition();
    this.#code.op(this.#wide ? 'v128.and' : 'select');
  }

  #local(): number {
    return this.#code.local(this.#wide ? 'v128' : 'f32');
  }

  #access(direction: 'load' | 'store'): Access {
    return `${this.#wide ? 'v128' : 'f32'}.${direction}`;
  }
}

function constantsOf(apply: ElementwiseFunction, constant: number): readonly number[] {
  switch (apply) {
    case 'scale': case 'offset': case 'flush': return [constant];
    case 'relu': case 'reluGradient': return [0];
    case 'sigmoidGradient': case 'tanhGradient': return [1];
    default: return [];
  }
}
