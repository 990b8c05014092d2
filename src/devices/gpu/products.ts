// Products as nodes. One product may be the sum of several; the bias, the running sum and the activations that alone read its result
// are done before it is stored.
import type { Value } from '../../program/value.ts';
import { expression } from './elementwise.ts';
import type { Graph } from './graph.ts';
import { type Body, COLUMN, ROW, columnPieces, shapeOf } from './nodes.ts';
import type { Reader } from './reader.ts';
import type { Stacks } from './stacks.ts';
import { type Index, type KernelWriter, plus } from './writer.ts';

interface Term {
  readonly a: Value;
  readonly transposeA: boolean;
  readonly b: Value;
  readonly transposeB: boolean;
  /** Where in the inner dimension of b this term begins. */
  readonly first: number;
  readonly inner: number;
}

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

  lower(value: Value<'matmul'>): void {
    if (this.#absorbed.has(value)) return;
    const terms: Term[] = [];
    const addends: Value[] = [];
    this.#collect(value, terms, addends);
    const sum: Body = (writer) => [
      'let sum = 0;',
      ...terms.map((term) => this.#accumulate(writer, term)),
      ...addends.map((addend) => `sum += ${this.#reader.read(writer, addend, addend.rows === 1 ? 0 : ROW, COLUMN)};`),
    ].join('\n');
    const epilogues = this.#epilogues(value, this.#reader.levelOf([sum]));
    const body: Body = (writer) => [sum(writer), ...epilogues.map((epilogue) => this.#finish(writer, epilogue, value.columns))].join('\n');
    const multiplyAdds = value.rows * value.columns * terms.reduce((total, { inner }) => total + inner, 0);
    const node = this.#graph.add('product', shapeOf(value), [body], multiplyAdds);
    this.#reader.settle(value, node);
    for (const { first, values } of epilogues) if (values.length > 0) this.#reader.settle(values[values.length - 1], node, { column: first });
  }

  #collect(value: Value<'matmul'>, terms: Term[], addends: Value[]): void {
    const { transposeA, transposeB } = value;
    const [a, b] = value.inputs;
    this.#stacks.ready(b);
    const pieces = !transposeA && this.#reader.find(a) === null ? columnPieces(a) : null;
    if (pieces?.every(({ value: piece }) => this.#reader.find(piece) !== null)) {
      for (const { value: piece, column } of pieces) terms.push({ a: piece, transposeA, b, transposeB, first: column, inner: piece.columns });
    } else {
      this.#stacks.ready(a);
      terms.push({ a, transposeA, b, transposeB, first: 0, inner: transposeA ? a.rows : a.columns });
    }
    if (value.bias) addends.push(value.inputs[2]);
    if (!value.plus) return;
    const running = value.inputs[value.inputs.length - 1];
    if (running.kind === 'matmul' && this.#absorbed.has(running)) return this.#collect(running, terms, addends);
    this.#stacks.ready(running);
    addends.push(running);
  }

  /** Σ_k a(y, k)·b(k, x), some terms at a time. */
  #accumulate(writer: KernelWriter, { a, transposeA, b, transposeB, first, inner }: Term): string {
    const term = (k: Index): string => {
      const left = transposeA ? this.#reader.read(writer, a, k, ROW) : this.#reader.read(writer, a, ROW, k);
      const right = transposeB ? this.#reader.read(writer, b, COLUMN, plus(k, first)) : this.#reader.read(writer, b, plus(k, first), COLUMN);
      return `${left} * ${right}`;
    };
    const rounds = Math.floor(inner / UNROLL);
    const together = Array.from({ length: UNROLL }, (_, i) => term(plus(`${UNROLL} * k`, i))).join(' + ');
    const rest = Array.from({ length: inner % UNROLL }, (_, i) => term(rounds * UNROLL + i)).join(' + ');
    return [
      ...(rounds > 0 ? [`for (let k = 0; k < ${rounds}; k++) { sum += ${together}; }`] : []),
      ...(rest ? [`sum += ${rest};`] : []),
    ].join('\n');
  }

  #finish(writer: KernelWriter, { first, columns, start, values }: Epilogue, width: number): string {
    const names = new Map<Value, string>([[start, 'sum']]);
    const lines = values.map((value) => {
      const operands = value.inputs.map((input) => names.get(input) ?? this.#reader.read(writer, input, input.rows === 1 ? 0 : ROW, input.columns === 1 ? 0 : plus(COLUMN, -first)));
      const name = writer.local();
      names.set(value, name);
      return `const ${name} = ${expression(value.apply, operands, value.constant)};`;
    });
    const text = [...lines, `return ${names.get(values.at(-1) ?? start)!};`].join('\n');
    return first + columns < width ? `if (this.thread.x < ${first + columns}) {\n${text}\n}` : text;
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
