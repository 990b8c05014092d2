// Products as nodes. One product may be the sum of several; the bias, the running sum and the activations that alone read its result
// are done before it is stored.
import type { Value } from '../../program/value.ts';
import { expression } from './elementwise.ts';
import type { Graph } from './graph.ts';
import { type Body, COLUMN, type ProductTerm, ROW, columnPieces, shapeOf } from './nodes.ts';
import type { Reader } from './reader.ts';
import type { Stacks } from './stacks.ts';
import { type Index, type KernelWriter, plus } from './writer.ts';

/** Operations on the columns of a product's result that are done before it is stored. */
interface Epilogue {
  readonly first: number;
  readonly columns: number;
  /** What the first of them reads as the result. */
  readonly start: Value;
  readonly values: readonly Value<'elementwise'>[];
}

/** Loops over the inner dimension of a product do so many terms at a time: 1.3 times as fast as one by one. */
const UNROLL = 4;

export class Products {
  readonly #graph: Graph;
  readonly #reader: Reader;
  readonly #stacks: Stacks;
  /** Products that another product adds to its own. */
  readonly #absorbed = new Set<Value>();
  /** Operations that are done before a product is stored. */
  readonly #finished = new Set<Value>();

  constructor(graph: Graph, stacks: Stacks) {
    this.#graph = graph;
    this.#reader = graph.reader;
    this.#stacks = stacks;
    for (const value of graph.program.values) {
      if (value.kind !== 'matmul' || !value.plus) continue;
      const running = value.inputs[value.inputs.length - 1];
      if (running.kind === 'matmul' && graph.uses.of(running).length === 1 && !graph.uses.isWanted(running)) this.#absorbed.add(running);
    }
  }

  /** Whether an operation is done along with a product. */
  hasDone(value: Value): boolean {
    return this.#finished.has(value);
  }

  lower(value: Value<'matmul'>): void {
    if (this.#absorbed.has(value)) return;
    const terms: ProductTerm[] = [];
    const addends: Value[] = [];
    this.#collect(value, terms, addends);
    const add: Body = (writer) => {
      const { row, column } = writer.dialect;
      return addends.map((addend) => `sum += ${this.#reader.read(writer, addend, addend.rows === 1 ? 0 : row, column)};`).join('\n');
    };
    const epilogues = this.#epilogues(value, this.#reader.levelOf([(writer) => sumText(writer, terms) + add(writer)]));
    const finish: Body = (writer) => [add(writer), ...epilogues.map((epilogue) => this.#finish(writer, epilogue, value.columns))].filter((text) => text !== '').join('\n');
    const { rows, columns } = value;
    const body: Body = (writer) => `${sumText(writer, terms)}\n${finish(writer)}`;
    const multiplyAdds = rows * columns * terms.reduce((total, { inner }) => total + inner, 0);
    const node = this.#graph.add('product', shapeOf(value), [body], multiplyAdds, { rows, columns, terms, finish });
    this.#reader.settle(value, node);
    for (const { first, values } of epilogues) {
      for (const each of values) this.#finished.add(each);
      if (values.length > 0) this.#reader.settle(values[values.length - 1], node, { column: first });
    }
  }

  #collect(value: Value<'matmul'>, terms: ProductTerm[], addends: Value[]): void {
    const [a, b] = value.inputs;
    this.#stacks.ready(b);
    const pieces = !value.transposeA && this.#reader.find(a) === null ? columnPieces(a) : null;
    if (pieces?.every(({ value: piece }) => this.#reader.find(piece) !== null)) {
      for (const { value: piece, column } of pieces) terms.push(this.#term(value, piece, column));
    } else {
      this.#stacks.ready(a);
      terms.push(this.#term(value, a, 0));
    }
    if (value.bias) {
      this.#stacks.ready(value.inputs[2]);
      addends.push(value.inputs[2]);
    }
    if (!value.plus) return;
    const running = value.inputs[value.inputs.length - 1];
    if (running.kind === 'matmul' && this.#absorbed.has(running)) return this.#collect(running, terms, addends);
    this.#stacks.ready(running);
    addends.push(running);
  }

  /** @param first where in the inner dimension of b this term begins */
  #term({ inputs: [, b], transposeA, transposeB }: Value<'matmul'>, a: Value, first: number): ProductTerm {
    return {
      inner: transposeA ? a.rows : a.columns,
      transposeA,
      transposeB,
      left: (writer, row, k) => (transposeA ? this.#reader.read(writer, a, k, row) : this.#reader.read(writer, a, row, k)),
      right: (writer, k, column) => (transposeB ? this.#reader.read(writer, b, column, plus(k, first)) : this.#reader.read(writer, b, plus(k, first), column)),
    };
  }

  #finish(writer: KernelWriter, { first, columns, start, values }: Epilogue, width: number): string {
    const { row, column, define } = writer.dialect;
    const names = new Map<Value, string>([[start, 'sum']]);
    const lines = values.map((value) => {
      const operands = value.inputs.map((input) => names.get(input) ?? this.#reader.read(writer, input, input.rows === 1 ? 0 : row, input.columns === 1 ? 0 : plus(column, -first)));
      const name = writer.local();
      names.set(value, name);
      return `${define} ${name} = ${expression(writer.dialect, value.apply, operands, value.constant)};`;
    });
    const text = [...lines, `return ${names.get(values.at(-1) ?? start)!};`].join('\n');
    return first + columns < width ? `if (${column} < ${first + columns}) {\n${text}\n}` : text;
  }

  /**
   * For each run of columns of a product, the elementwise operations that alone read it, one after another, as long as their other
   * operands are there at a lower level than the product's own.
   */
  #epilogues(product: Value<'matmul'>, level: number): Epilogue[] {
    const plain = [{ first: 0, columns: product.columns, start: product, values: [] }];
    const regions = this.#regionsRead(product);
    if (regions === null) return plain;
    const epilogues: Epilogue[] = [];
    const passOver = (to: number): void => {
      if (reached < to) epilogues.push({ first: reached, columns: to - reached, start: product, values: [] });
    };
    let reached = 0;
    for (const { first, value } of regions) {
      if (first < reached) return plain; // regions overlap
      passOver(first);
      epilogues.push({ first, columns: value.columns, start: value, values: this.#follow(value, level) });
      reached = first + value.columns;
    }
    passOver(product.columns);
    return epilogues;
  }

  /** The columns of a product as its readers see them, from the left; null if it is read whole by several, or from outside. */
  #regionsRead(product: Value<'matmul'>): { first: number; value: Value }[] | null {
    const users = this.#graph.uses.of(product);
    if (this.#graph.uses.isWanted(product) || users.length === 0) return null;
    const views = users.filter((user) => user.kind === 'columns');
    if (views.length === users.length) return views.map((view) => ({ first: view.first, value: view })).toSorted((a, b) => a.first - b.first);
    return users.length === 1 ? [{ first: 0, value: product }] : null;
  }

  #follow(start: Value, level: number): Value<'elementwise'>[] {
    const values: Value<'elementwise'>[] = [];
    for (let current = start; ;) {
      const users = this.#graph.uses.of(current);
      const [user] = users;
      if (users.length !== 1 || this.#graph.uses.isWanted(current) || user.kind !== 'elementwise' || user.rows !== start.rows || user.columns !== start.columns) return values;
      const others = user.inputs.filter((input) => input !== current);
      if (others.length !== user.inputs.length - 1) return values;
      if (!others.every((other) => this.#reader.nodesOf(other)?.every((node) => node.level < level))) return values;
      values.push(user);
      current = user;
    }
  }
}

/** The sum of all terms by the thread of one element, some of each at a time. */
function sumText(writer: KernelWriter, terms: readonly ProductTerm[]): string {
  const texts = terms.flatMap(({ inner, left, right }) => {
    const factors = (k: Index): string => `${left(writer, ROW, k)} * ${right(writer, k, COLUMN)}`;
    const rounds = Math.floor(inner / UNROLL);
    const together = Array.from({ length: UNROLL }, (_, i) => factors(plus(`${UNROLL} * k`, i))).join(' + ');
    const rest = Array.from({ length: inner % UNROLL }, (_, i) => factors(rounds * UNROLL + i)).join(' + ');
    return [
      ...(rounds > 0 ? [`for (let k = 0; k < ${rounds}; k++) { sum += ${together}; }`] : []),
      ...(rest ? [`sum += ${rest};`] : []),
    ];
  });
  return ['let sum = 0;', ...texts].join('\n');
}
