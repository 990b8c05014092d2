// Compiles a chain of elementwise operations into one WebAssembly function. In each row it computes
// four columns at a time and the last columns one by one. It loads all operands before it stores a
// result, so that a result may overwrite an operand.
import type { Value } from '../../program/value.ts';
import type { KernelVariant } from './kernels.ts';
import { WasmVectorWriter, writeElementwise } from './vectors.ts';
import { FunctionBody, type ModuleWriter, type Signature } from './wasm.ts';

/** Where an element is: at a pointer that the caller passes, plus a fixed column. */
export interface ChainOperand {
  readonly pointer: number;
  readonly column: number;
}

/**
 * How an operand in memory is read: like the result, as one row for every row, as one column for
 * every column, or as one element for all elements.
 */
export type OperandWalk = 'matrix' | 'row' | 'column' | 'scalar';

export interface ChainSpecification {
  readonly values: readonly Value<'elementwise'>[];
  /** Operands in memory. */
  readonly operands: ReadonlyMap<Value, ChainOperand & { readonly walk: OperandWalk }>;
  readonly stores: ReadonlyMap<Value, readonly ChainOperand[]>;
  /** For each pointer, the elements from one row to the next, or 0 if it does not move. */
  readonly strides: readonly number[];
}

/** Two chains have the same key if one function can compute both. */
export function chainKey({ values, operands, stores, strides }: ChainSpecification): string {
  const index = new Map<Value, number>();
  let key = strides.join();
  for (const [value, { pointer, column, walk }] of operands) {
    index.set(value, index.size);
    key += `|${pointer} ${column} ${walk}`;
  }
  for (const value of values) {
    index.set(value, index.size);
    key += `;${value.apply} ${value.constant}`;
    for (const input of value.inputs) key += ` ${index.get(input)}`;
    for (const { pointer, column } of stores.get(value) ?? []) key += `>${pointer} ${column}`;
  }
  return key;
}

/** The signature (rows, columns, pointer 0, pointer 1, …). */
function chainSignature(pointers: number): Signature {
  return { parameters: new Array<'i32'>(pointers + 2).fill('i32'), results: [] };
}

/** Appends the function of a chain and returns its index. */
export function addChain(
  writer: ModuleWriter,
  { values, operands, stores, strides }: ChainSpecification,
  variant: KernelVariant,
  exportName: string | null = null,
): number {
  const code = new FunctionBody(strides.length + 2);
  const [rows, columns] = [0, 1];
  const position = code.local('i32'); // bytes from the start of the row
  const width = code.local('i32');
  const prologue = new FunctionBody(0);
  prologue.get(columns).i32(2).op('i32.shl').set(width);
  const vectors = new WasmVectorWriter(code, prologue, variant === 'relaxed');
  /** Locals of the operands that are one element in each row. */
  const splats = new Map<Value, number>();
  const loadSplats = (to: FunctionBody, walk: OperandWalk): void => {
    for (const [value, operand] of operands) {
      if (operand.walk !== walk) continue;
      const local = code.local('v128');
      to.get(operand.pointer + 2)
        .access('v128.load32_splat', 4 * operand.column)
        .set(local);
      splats.set(value, local);
    }
  };
  loadSplats(prologue, 'scalar');
  const address = (pointer: number): FunctionBody =>
    code
      .get(pointer + 2)
      .get(position)
      .op('i32.add');
  /** Computes four elements at once, or one element in the first of four lanes. */
  const compute = (single: boolean): void => {
    const numberOf = new Map(splats);
    for (const [value, { pointer, column }] of operands) {
      if (splats.has(value)) continue;
      const load = (): void => void address(pointer).access(single ? 'v128.load32_zero' : 'v128.load', 4 * column);
      numberOf.set(value, vectors.assign(load));
    }
    for (const value of values) {
      const [x, y] = value.inputs.map((input) => numberOf.get(input)!);
      numberOf.set(value, vectors.assign(writeElementwise(vectors, value, x, y)));
    }
    for (const [value, destinations] of stores)
      for (const { pointer, column } of destinations)
        address(pointer)
          .get(numberOf.get(value)!)
          .access(single ? 'v128.store32_lane' : 'v128.store', 4 * column);
  };
  code.get(rows).when(() => {
    code.repeat(() => {
      loadSplats(code, 'column');
      code.i32(0).set(position);
      code
        .get(width)
        .i32(16)
        .op('i32.ge_u')
        .when(() => {
          code.repeat(() => {
            compute(false);
            code.get(position).i32(16).op('i32.add').set(position);
            code.get(width).get(position).i32(16).op('i32.add').op('i32.ge_u');
          });
        });
      code
        .get(width)
        .get(position)
        .op('i32.gt_u')
        .when(() => {
          code.repeat(() => {
            compute(true);
            code.get(position).i32(4).op('i32.add').set(position);
            code.get(width).get(position).op('i32.gt_u');
          });
        });
      strides.forEach((stride, pointer) => {
        if (stride > 0)
          code
            .get(pointer + 2)
            .i32(4 * stride)
            .op('i32.add')
            .set(pointer + 2);
      });
      code.get(rows).i32(1).op('i32.sub').set(rows);
      code.get(rows);
    });
  });
  return writer.addFunction(chainSignature(strides.length), code.startWith(prologue), exportName);
}
