// Statements that the bodies of kernels are made of, and how work is cut up where a kernel may not
// read all that it needs.
import type { Value } from '../../program/value.ts';
import { expression } from './elementwise.ts';
import type { Graph } from './graph.ts';
import { COLUMN, type Node, ROW } from './nodes.ts';
import { inputsOf } from './reader.ts';
import { type Index, type KernelWriter, type Shape, plus } from './writer.ts';

/** A stretch of an axis. */
interface Piece {
  readonly size: number;
  /** Statements that return an element of it. @param start where it begins */
  text(start: number): string;
}

/** Returns an element of the piece that it lies in; the pieces follow each other along the axis. */
export function piecewise(axis: string, pieces: readonly Piece[]): string {
  let end = 0;
  return pieces
    .map(({ size, text }, i) => {
      const start = end;
      end += size;
      return i < pieces.length - 1 ? `if (${axis} < ${end}) {\n${text(start)}\n}` : text(start);
    })
    .join('\n');
}

/**
 * Returns the result of elementwise operations, of which only those are done that lead to it.
 * @param read the text of an operand that none of them makes
 * @param known names that such operands have already
 */
export function returnResult(
  writer: KernelWriter,
  values: readonly Value<'elementwise'>[],
  result: Value,
  read: (operand: Value) => string,
  known: ReadonlyMap<Value, string> = new Map(),
): string {
  const needed = new Set<Value>([result]);
  for (const value of values.toReversed()) if (needed.has(value)) value.inputs.forEach((input) => needed.add(input));
  const names = new Map(known);
  const lines: string[] = [];
  const define = (value: Value, text: string): string => {
    const name = writer.local();
    names.set(value, name);
    lines.push(`${writer.dialect.define} ${name} = ${text};`);
    return name;
  };
  const nameOf = (value: Value): string => names.get(value) ?? define(value, read(value));
  for (const value of values)
    if (needed.has(value))
      define(value, expression(writer.dialect, value.apply, value.inputs.map(nameOf), value.constant));
  const name = nameOf(result);
  return [...lines, `return ${name};`].join('\n');
}

/** Returns the sum of every `parts`-th of `count` elements, from `first` on. */
export function sumOf(count: number, parts: number, first: Index, element: (index: Index) => string): string {
  const index = parts === 1 ? 'i' : plus(`i * ${parts}`, first);
  const add = `sum += ${element(index)};`;
  return [
    'let sum = 0;',
    `for (let i = 0; i < ${Math.ceil(count / parts)}; i++) { ${count % parts === 0 ? add : `if (${index} < ${count}) { ${add} }`} }`,
    'return sum;',
  ].join('\n');
}

/** What a copy has from one place on. */
export interface Part {
  readonly size: number;
  /** Statements that return an element of it. */
  text(writer: KernelWriter, at: Index): string;
}

/**
 * Copies parts together, one after another along an axis, in passes that read no more buffers than
 * a kernel may.
 */
export function copyTogether(
  graph: Graph,
  axis: string,
  shapeFor: (size: number) => Shape,
  parts: readonly Part[],
): Node {
  const { reader, mostInputs, add } = graph;
  const textOf = (writer: KernelWriter, some: readonly Part[]): string =>
    piecewise(
      axis,
      some.map(({ size, text }) => ({ size, text: (start) => text(writer, plus(axis, -start)) })),
    );
  const groups: Part[][] = [[]];
  for (const part of parts) {
    const group = groups[groups.length - 1];
    if (group.length > 0 && inputsOf([(writer) => textOf(writer, [...group, part])]) > mostInputs) groups.push([part]);
    else group.push(part);
  }
  const sizes = groups.map((some) => some.reduce((sum, part) => sum + part.size, 0));
  const copies = groups.map((some, i) => add('copy', shapeFor(sizes[i]), [(writer) => textOf(writer, some)]));
  if (copies.length === 1) return copies[0];
  const read = (writer: KernelWriter, copy: Node, at: Index): string =>
    axis === ROW ? reader.readNode(writer, copy, at, COLUMN) : reader.readNode(writer, copy, 0, at);
  return copyTogether(
    graph,
    axis,
    shapeFor,
    copies.map((copy, i) => ({ size: sizes[i], text: (writer, at) => `return ${read(writer, copy, at)};` })),
  );
}
