// The statements of one thread of a kernel, in the language of gpu.js kernels. Operands are
// places in memory: two bodies whose operands lie elsewhere, but in the same way, have the same
// text, and share a kernel. Pure.

/**
 * The buffers of an executable. `arena`: results of one call. `vectors`: weights, gradients and
 * optimizer slots. `call`: ids, targets and numbers of a call, carried states and the report.
 */
export const spaces = ['arena', 'vectors', 'call'] as const;
export type Space = (typeof spaces)[number];

/** Where a matrix is: element (row, column) is at offset + row·stride + column of its space. */
export interface Place {
  readonly space: Space;
  readonly offset: number;
  readonly stride: number;
}

/** An index: an expression, or a known number. */
export type Index = string | number;

/** The position that a thread computes. */
export const ROW = 'this.thread.y';
export const COLUMN = 'this.thread.x';

/** A factor of the terms of a sum: the number of a place, read at (line, k), or at (k, line). */
export interface Factor {
  readonly operand: number;
  readonly transposed: boolean;
}

/** Σ_k left(row, k)·right(k, column), or of one of them alone, or of its square. */
export interface Term {
  readonly count: number;
  readonly left: Factor | null;
  readonly right: Factor | null;
  readonly squared?: boolean;
}

/** The operands and the statements of a thread. */
export class Body {
  readonly rows: number;
  readonly columns: number;
  readonly places: Place[] = [];
  readonly integers: number[] = [];
  /** Each is the sum of its terms, in a variable `s0`, `s1` … */
  readonly sums: (readonly Term[])[] = [];
  /** Numbers of the places where results are stored, in the order of the stores. */
  readonly stores: { readonly operand: number; readonly value: string }[] = [];
  /** The next body for the threads of a row, when all of them have stored their results. */
  next: Body | null = null;
  readonly #lines: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** Elements read: by place, the largest number. */
  readonly #elementsRead = new Map<number, number>();
  #locals = 0;
  #key: string | null = null;

  constructor(rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
  }

  /** The text of an element. @param elements of the matrix, for the bytes that are read */
  read(place: Place, row: Index, column: Index, elements: number): string {
    return `x${this.#operand(place, elements)}[${row}][${column}]`;
  }

  /** An integer that may differ between kernels of one text. */
  integer(value: number): string {
    const index = this.integers.indexOf(value);
    return `n${index < 0 ? this.integers.push(value) - 1 : index}`;
  }

  factor(place: Place, transposed: boolean, elements: number): Factor {
    return { operand: this.#operand(place, elements), transposed };
  }

  /** The name of Σ of all terms. */
  sum(terms: readonly Term[]): string {
    return `s${this.sums.push(terms) - 1}`;
  }

  define(text: string): string {
    const name = `v${this.#locals++}`;
    this.#lines.push(`const ${name} = ${text};`);
    return name;
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  store(place: Place, value: string): void {
    this.stores.push({ operand: this.#operand(place, 0), value });
  }

  /** The statements, without sums and stores. */
  get text(): string {
    return this.#lines.join('\n');
  }

  /** Bodies with the same key can share a kernel. Only of a body that is complete. */
  get key(): string {
    return (this.#key ??= JSON.stringify([
      this.rows,
      this.columns,
      this.places.map(({ space, stride }) => [space, stride]),
      this.integers.length,
      this.sums,
      this.stores,
      this.#lines,
      this.next?.key,
    ]));
  }

  get multiplyAdds(): number {
    const counts = this.sums.flat().map(({ count, left, right }) => (left && right ? count : 0));
    const own = this.rows * this.columns * counts.reduce((total, count) => total + count, 0);
    return own + (this.next?.multiplyAdds ?? 0);
  }

  /** This body and those that follow. */
  get inTurn(): readonly Body[] {
    return [this, ...(this.next?.inTurn ?? [])];
  }

  /** Bytes that all threads together read and write, each element once. */
  get bytes(): number {
    const read = [...this.#elementsRead.values()].reduce((total, elements) => total + elements, 0);
    return 4 * (read + this.stores.length * this.rows * this.columns) + (this.next?.bytes ?? 0);
  }

  #operand(place: Place, elements: number): number {
    const key = `${place.space} ${place.offset} ${place.stride}`;
    const index = this.#numbers.get(key) ?? this.places.push(place) - 1;
    this.#numbers.set(key, index);
    this.#elementsRead.set(index, Math.max(elements, this.#elementsRead.get(index) ?? 0));
    return index;
  }
}

/** A sum of terms, without those that are nothing. */
export function plus(...terms: readonly Index[]): Index {
  const texts = terms.filter((term) => typeof term === 'string');
  const constant = terms.reduce<number>((sum, term) => sum + (typeof term === 'number' ? term : 0), 0);
  if (texts.length === 0) return constant;
  return texts.join(' + ') + (constant > 0 ? ` + ${constant}` : constant < 0 ? ` - ${-constant}` : '');
}
