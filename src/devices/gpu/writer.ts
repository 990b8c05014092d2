// Writes the source of one kernel: a function in the JavaScript that gpu.js compiles. Gives each
// buffer and number that the body reads a parameter, in order of first use, so that equal work on
// other buffers is the same source, and so the same kernel.
//
// Rules of that language that this keeps (each breaks silently): only the counter of a `for` that
// starts at a literal and goes up by one is an integer, and what is made of it, of thread ids and
// of literals without storing it; numbers that come as arguments are floats until `| 0`; loops have
// literal bounds.
import { type Dialect, kernelDialect, wgslDialect } from './dialect.ts';

/** What a kernel reads: the result of a pass, an argument of the plan, or a number. */
export type Reference =
  | { readonly kind: 'pass'; readonly index: number }
  | { readonly kind: 'argument'; readonly name: string }
  | { readonly kind: 'number'; readonly value: number };

export function keyOfReference(reference: Reference): string {
  return Object.values(reference).join(' ');
}

/**
 * A buffer as a kernel sees it: one index for a vector, two for a matrix, three for several planes.
 */
export interface Buffer {
  readonly reference: Reference;
  readonly shape: Shape;
}

export type Shape =
  | { readonly kind: 'vector'; readonly length: number }
  | { readonly kind: 'planes'; readonly planes: number; readonly rows: number; readonly columns: number };

export function elementsOf(shape: Shape): number {
  return shape.kind === 'vector' ? shape.length : shape.planes * shape.rows * shape.columns;
}

/** The output of a kernel as gpu.js wants it, fastest axis first. */
export function dimensionsOf(shape: Shape): number[] {
  if (shape.kind === 'vector') return [shape.length];
  return shape.planes > 1 ? [shape.columns, shape.rows, shape.planes] : [shape.columns, shape.rows];
}

export class KernelWriter {
  readonly dialect: Dialect;
  readonly #parameters: Map<string, { name: string; reference: Reference }>;
  /** By parameter: what of a buffer is read, and how many elements that has. */
  readonly #read = new Map<string, { readonly buffer: Buffer; readonly parts: Map<object, number> }>();
  #locals = 0;

  constructor(dialect = kernelDialect, parameters = new Map<string, { name: string; reference: Reference }>()) {
    this.dialect = dialect;
    this.#parameters = parameters;
  }

  /** Writes WGSL for the kernel that this has written: its parameters have the same names. */
  wgsl(): KernelWriter {
    return new KernelWriter(wgslDialect, this.#parameters);
  }

  /** What the kernel is called with, in order. */
  get operands(): Reference[] {
    return [...this.#parameters.values()].map(({ reference }) => reference);
  }

  get buffers(): Buffer[] {
    return [...this.#read.values()].map(({ buffer }) => buffer);
  }

  /** How many elements all threads together can read, each counted once. */
  elementsRead(): number {
    let sum = 0;
    for (const { buffer, parts } of this.#read.values()) {
      const elements = [...parts.values()].reduce((total, part) => total + part, 0);
      sum += Math.min(elementsOf(buffer.shape), elements);
    }
    return sum;
  }

  /** A name that no other local variable of the kernel has. */
  local(): string {
    return `v${this.#locals++}`;
  }

  /** @param part the value or node that is read of the buffer, and how many elements it has */
  element(
    buffer: Buffer,
    plane: number,
    row: Index,
    column: Index,
    [part, elements]: readonly [object, number] = [buffer, Infinity],
  ): string {
    const name = this.#parameter(buffer.reference);
    const read = this.#read.get(name) ?? { buffer, parts: new Map<object, number>() };
    this.#read.set(name, read);
    read.parts.set(part, elements);
    if (buffer.shape.kind === 'vector') return this.dialect.element(name, [column]);
    return this.dialect.element(name, buffer.shape.planes > 1 ? [plane, row, column] : [row, column]);
  }

  /** A number that comes with the call. */
  number(name: string): string {
    return this.dialect.number(this.#parameter({ kind: 'argument', name }));
  }

  /** An integer that may differ between kernels of one source. */
  integer(value: number): string {
    return this.dialect.integer(this.dialect.number(this.#parameter({ kind: 'number', value }, `n${value}`)));
  }

  source(body: string): string {
    return `function(${[...this.#parameters.values()].map(({ name }) => name).join(', ')}) {\n${body}\n}`;
  }

  #parameter(reference: Reference, key = keyOfReference(reference)): string {
    const known = this.#parameters.get(key);
    if (known) return known.name;
    const name = `p${this.#parameters.size}`;
    this.#parameters.set(key, { name, reference });
    return name;
  }
}

/** Arguments that are numbers are named so. */
const NUMBER = 'number:';

export function numberArgument(name: string): string {
  return `${NUMBER}${name}`;
}

export function isNumber(name: string): boolean {
  return name.startsWith(NUMBER);
}

/** What stands in an index: an expression, or a number that is known. */
export type Index = string | number;

/** A sum of terms, without those that are nothing. */
export function plus(...terms: readonly Index[]): Index {
  const texts = terms.filter((term) => typeof term === 'string');
  const constant = terms.reduce<number>((sum, term) => sum + (typeof term === 'number' ? term : 0), 0);
  if (texts.length === 0) return constant;
  return texts.join(' + ') + (constant > 0 ? ` + ${constant}` : constant < 0 ? ` - ${-constant}` : '');
}

export function times(index: Index, factor: number): Index {
  if (typeof index === 'number') return index * factor;
  return factor === 1 ? index : `(${index}) * ${factor}`;
}
