// A small assembler for WebAssembly modules. It knows the part of the binary format that compiled
// programs need, over an imported shared memory (https://webassembly.github.io/spec/core/binary/).
// It does not know programs.

export type ValueType = 'i32' | 'f32' | 'f64' | 'v128';

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

const typeCodes: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/**
 * Opcodes by their names in the specification. Opcodes from 0xfd00 on are SIMD: the digits after fd
 * are the sub-opcode.
 */
const opcodes = {
  'i32.add': 0x6a,
  'i32.sub': 0x6b,
  'i32.shl': 0x74,
  'i32.gt_u': 0x4b,
  'i32.ge_u': 0x4f,
  'f64.add': 0xa0,
  'f32x4.splat': 0xfd13,
  'f32x4.add': 0xfde4,
  'f32x4.sub': 0xfde5,
  'f32x4.mul': 0xfde6,
  'f32x4.div': 0xfde7,
  'f32x4.sqrt': 0xfde3,
  'f32x4.abs': 0xfde0,
  'f32x4.neg': 0xfde1,
  'f32x4.pmin': 0xfdea,
  'f32x4.pmax': 0xfdeb,
  'f32x4.lt': 0xfd43,
  'f32x4.le': 0xfd45,
  'f32x4.gt': 0xfd44,
  'v128.and': 0xfd4e,
  'v128.andnot': 0xfd4f,
  'v128.or': 0xfd50,
  'i32x4.splat': 0xfd11,
  'i32x4.add': 0xfdae,
  'i32x4.shl': 0xfdab,
  'f32x4.relaxed_madd': 0xfd105,
} as const;

/** Memory access: opcode and the power of two of its natural alignment. */
const accesses = {
  'f64.load': [0x2b, 3],
  'f64.store': [0x39, 3],
  'v128.load': [0xfd00, 2],
  'v128.store': [0xfd0b, 2],
  'v128.load32_splat': [0xfd09, 2],
  'v128.load32_zero': [0xfd5c, 2],
  'v128.store32_lane': [0xfd5a, 2],
} as const;

export type WasmOpcode = keyof typeof opcodes;
type Access = keyof typeof accesses;

/** The instructions of one function, in order. Locals are numbered, parameters first. */
export class FunctionBody {
  readonly bytes: number[] = [];
  readonly locals: ValueType[] = [];
  readonly #parameters: number;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  local(type: ValueType): number {
    return this.#parameters + this.locals.push(type) - 1;
  }

  get(local: number): this {
    return this.#append(0x20, ...unsignedInteger(local));
  }

  set(local: number): this {
    return this.#append(0x21, ...unsignedInteger(local));
  }

  i32(constant: number): this {
    return this.#append(0x41, ...signedInteger(constant | 0));
  }

  f32(constant: number): this {
    return this.#append(0x43, ...new Uint8Array(Float32Array.of(constant).buffer));
  }

  f64(constant: number): this {
    return this.#append(0x44, ...new Uint8Array(Float64Array.of(constant).buffer));
  }

  op(name: WasmOpcode): this {
    return this.#append(...prefixed(opcodes[name]));
  }

  access(name: Access, offset = 0): this {
    const [opcode, alignment] = accesses[name];
    // The lane is always the first.
    return this.#append(
      ...prefixed(opcode),
      alignment,
      ...unsignedInteger(offset),
      ...(name.endsWith('lane') ? [0] : []),
    );
  }

  call(functionIndex: number): this {
    return this.#append(0x10, ...unsignedInteger(functionIndex));
  }

  /** Repeats the body, at least once, while it leaves a nonzero i32 on the stack. */
  repeat(body: () => void): this {
    this.#append(0x03, 0x40);
    body();
    return this.#append(0x0d, 0, 0x0b);
  }

  /** Runs the body if the i32 on the stack is not zero. */
  when(body: () => void): this {
    this.#append(0x04, 0x40);
    body();
    return this.#append(0x0b);
  }

  /** Inserts the instructions of other code, with the same locals, before these. */
  startWith(prologue: FunctionBody): this {
    this.bytes.unshift(...prologue.bytes);
    return this;
  }

  #append(...bytes: number[]): this {
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }
}

export class ModuleWriter {
  readonly #types = new Map<string, { readonly index: number; readonly bytes: number[] }>();
  readonly #imports: { readonly name: string; readonly type: number }[] = [];
  readonly #functions: { readonly type: number; readonly code: FunctionBody; readonly exportName: string | null }[] =
    [];

  /**
   * Imports a function from the module `kernels` and returns its index. All imports come before the
   * first function.
   */
  importFunction(name: string, signature: Signature): number {
    if (this.#functions.length > 0)
      throw new Error(`cannot import ${name}: all imports come before the first function`);
    return this.#imports.push({ name, type: this.#type(signature) }) - 1;
  }

  /** Adds a function and returns its index. */
  addFunction(signature: Signature, code: FunctionBody, exportName: string | null = null): number {
    return this.#imports.length + this.#functions.push({ type: this.#type(signature), code, exportName }) - 1;
  }

  /** @param pages size of the imported shared memory `env.memory`, in pages of 64 KiB */
  encode(pages: number): Uint8Array<ArrayBuffer> {
    const imports = [
      [...text('env'), ...text('memory'), 0x02, 0x03, ...unsignedInteger(pages), ...unsignedInteger(pages)],
      ...this.#imports.map(({ name, type }) => [...text('kernels'), ...text(name), 0x00, ...unsignedInteger(type)]),
    ];
    const exported = this.#functions.flatMap(({ exportName }, index) =>
      exportName === null ? [] : [[...text(exportName), 0x00, ...unsignedInteger(this.#imports.length + index)]],
    );
    const bodies = this.#functions.map(({ code }) =>
      withLength([...vector(code.locals.map((type) => [1, typeCodes[type]])), ...code.bytes, 0x0b]),
    );
    return Uint8Array.from([
      0x00,
      0x61,
      0x73,
      0x6d,
      1,
      0,
      0,
      0,
      1,
      ...withLength(vector([...this.#types.values()].map(({ bytes }) => bytes))),
      2,
      ...withLength(vector(imports)),
      3,
      ...withLength(vector(this.#functions.map(({ type }) => unsignedInteger(type)))),
      7,
      ...withLength(vector(exported)),
      10,
      ...withLength(vector(bodies)),
    ]);
  }

  #type({ parameters, results }: Signature): number {
    const vectorOf = (types: readonly ValueType[]): number[] => vector(types.map((type) => [typeCodes[type]]));
    const bytes = [0x60, ...vectorOf(parameters), ...vectorOf(results)];
    const existing = this.#types.get(bytes.join()) ?? { index: this.#types.size, bytes };
    this.#types.set(bytes.join(), existing);
    return existing.index;
  }
}

function prefixed(opcode: number): number[] {
  if (opcode < 0xfd00) return [opcode];
  return [0xfd, ...unsignedInteger(opcode < 0xfd000 ? opcode & 0xff : opcode & 0xfff)];
}

function unsignedInteger(value: number): number[] {
  const bytes: number[] = [];
  let remaining = value >>> 0;
  do {
    bytes.push((remaining & 0x7f) | (remaining > 0x7f ? 0x80 : 0));
    remaining >>>= 7;
  } while (remaining > 0);
  return bytes;
}

function signedInteger(value: number): number[] {
  const bytes: number[] = [];
  let remaining = value;
  for (;;) {
    const low = remaining & 0x7f;
    remaining >>= 7;
    if ((remaining === 0 && (low & 0x40) === 0) || (remaining === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsignedInteger(bytes.length), ...bytes];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsignedInteger(items.length), ...items.flat()];
}

function withLength(bytes: readonly number[]): number[] {
  return [...unsignedInteger(bytes.length), ...bytes];
}
