// The end of a training step as nodes: the gradients of all weights as one vector, its norm, and the update of the weights.
import { type ParameterShape, type Program, type Value, countParameters } from '../../program/value.ts';
import type { UpdateRule } from '../device.ts';
import { expression } from './elementwise.ts';
import type { Graph } from './graph.ts';
import { type Body, COLUMN, type Node, sumOf } from './nodes.ts';
import { inputsOf } from './reader.ts';
import { type Index, type KernelWriter, numberArgument, plus } from './writer.ts';

export interface Finish {
  readonly gradients: Node;
  readonly norm: Node;
  /** The weights, then each slot, in one vector. */
  readonly weights: Node;
}

/** Elements that one thread of the first two passes of the norm adds up. */
const NORM_SUM = 256;
/** The row of an element is found by a division in float32, which is exact up to here. */
const EXACT = 2 ** 22;

export function finishTraining(graph: Graph, { parameters, update }: { parameters: readonly ParameterShape[]; update: UpdateRule | null }): Finish {
  const length = countParameters(parameters);
  const gradients = gradientVector(graph, parameters);
  const norm = normOf(graph, gradients, length);
  return { gradients, norm, weights: update ? updated(graph, update, length, gradients, norm) : gradients };
}

/** A stretch of the vector: some rows of one weight. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly gradient: Value | null;
  readonly firstRow: number;
  readonly columns: number;
}

function gradientVector(graph: Graph, parameters: readonly ParameterShape[]): Node {
  const { mostInputs } = graph;
  const groups: Stretch[][] = [[]];
  for (const stretch of stretches(graph.program, parameters)) {
    const group = groups[groups.length - 1];
    if (group.length > 0 && inputsOf([(writer) => vectorBody(graph, writer, [...group, stretch])]) > mostInputs) groups.push([stretch]);
    else group.push(stretch);
  }
  let parts = groups.map((group) => ({
    length: group[group.length - 1].end - group[0].start,
    node: graph.add('copy', { kind: 'vector', length: group[group.length - 1].end - group[0].start }, [(writer) => vectorBody(graph, writer, group)]),
  }));
  while (parts.length > 1) {
    const next: typeof parts = [];
    for (let i = 0; i < parts.length; i += mostInputs) next.push(concatenated(graph, parts.slice(i, i + mostInputs)));
    parts = next;
  }
  return parts[0].node;
}

function stretches(program: Program, parameters: readonly ParameterShape[]): Stretch[] {
  const found: Stretch[] = [];
  let start = 0;
  for (const { name, rows, columns } of parameters) {
    const most = Math.max(1, Math.floor(EXACT / columns));
    for (let firstRow = 0; firstRow < rows; firstRow += most) {
      const end = start + Math.min(most, rows - firstRow) * columns;
      found.push({ start, end, gradient: program.gradients.get(name) ?? null, firstRow, columns });
      start = end;
    }
  }
  return found;
}

function vectorBody(graph: Graph, writer: KernelWriter, group: readonly Stretch[]): string {
  const [{ start: base }] = group;
  return group.map(({ start, end, gradient, firstRow, columns }, i) => {
    const at = plus(COLUMN, base - start);
    const text = gradient ? elementOfVector(graph, writer, gradient, at, firstRow, columns) : 'return 0;';
    return i < group.length - 1 ? `if (this.thread.x < ${end - base}) {\n${text}\n}` : text;
  }).join('\n');
}

function elementOfVector(graph: Graph, writer: KernelWriter, gradient: Value, at: Index, firstRow: number, columns: number): string {
  if (gradient.rows === 1) return `return ${graph.reader.read(writer, gradient, 0, at)};`;
  const row = writer.local();
  return [
    `const ${row} = Math.floor((${at} + 0.5) / ${columns});`,
    `return ${graph.reader.read(writer, gradient, plus(row, firstRow), `${at} - ${row} * ${columns}`)};`,
  ].join('\n');
}

function concatenated(graph: Graph, parts: readonly { node: Node; length: number }[]): { node: Node; length: number } {
  if (parts.length === 1) return parts[0];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const body: Body = (writer) => {
    let start = 0;
    return parts.map((part, i) => {
      const text = `return ${graph.reader.readNode(writer, part.node, 0, plus(COLUMN, -start))};`;
      start += part.length;
      return i < parts.length - 1 ? `if (this.thread.x < ${start}) { ${text} }` : text;
    }).join('\n');
  };
  return { node: graph.add('copy', { kind: 'vector', length }, [body]), length };
}

/** √Σg², in up to three passes. */
function normOf(graph: Graph, gradients: Node, length: number): Node {
  const many = Math.ceil(length / NORM_SUM);
  const few = Math.ceil(many / NORM_SUM);
  const squares = graph.add('sum', { kind: 'vector', length: many }, [(writer) => sumOf(length, many, COLUMN, (i) => {
    const g = graph.reader.readNode(writer, gradients, 0, i);
    return `${g} * ${g}`;
  })]);
  const sums = many > 1 ? graph.add('sum', { kind: 'vector', length: few }, [(writer) => sumOf(many, few, COLUMN, (i) => graph.reader.readNode(writer, squares, 0, i))]) : squares;
  return graph.add('sum', { kind: 'vector', length: 1 }, [(writer) => sumOf(few, 1, '0', (i) => graph.reader.readNode(writer, sums, 0, i)).replace('return sum;', 'return Math.sqrt(sum);')]);
}

/** One pass over the weights and every slot: each element by the rule, which is elementwise. */
function updated(graph: Graph, update: UpdateRule, length: number, gradients: Node, norm: Node): Node {
  const program = update.build(length);
  const vectors = ['parameters', ...update.slots];
  const body: Body = (writer) => vectors.map((name, vector) => {
    const text = ruleBody(graph, writer, { program, update, result: program.outputs.get(name)!, vectors, start: vector * length, length, gradients, norm });
    return vector < vectors.length - 1 ? `if (this.thread.x < ${(vector + 1) * length}) {\n${text}\n}` : text;
  }).join('\n');
  return graph.add('update', { kind: 'vector', length: vectors.length * length }, [body]);
}

interface Rule {
  readonly program: Program;
  readonly update: UpdateRule;
  readonly result: Value;
  readonly vectors: readonly string[];
  /** Where the result's vector begins. */
  readonly start: number;
  readonly length: number;
  readonly gradients: Node;
  readonly norm: Node;
}

function ruleBody(graph: Graph, writer: KernelWriter, { program, update, result, vectors, start, length, gradients, norm }: Rule): string {
  const needed = new Set<Value>([result]);
  for (const value of program.values.toReversed()) if (needed.has(value)) value.inputs.forEach((input) => needed.add(input));
  const names = new Map<Value, string>();
  const lines: string[] = [];
  const inputText = (name: string): string => {
    if (name === 'gradients') return graph.reader.readNode(writer, gradients, 0, plus(COLUMN, -start));
    if (name === 'gradientScale') return clipScale(graph.reader.readNode(writer, norm, 0, 0), update.clipNorm);
    const vector = vectors.indexOf(name);
    return vector < 0 ? writer.number(numberArgument(name)) : graph.reader.weight(writer, plus(COLUMN, vector * length - start));
  };
  for (const value of program.values) {
    if (!needed.has(value)) continue;
    const text = value.kind === 'input' ? inputText(value.name) : expression(writer.dialect, (value as Value<'elementwise'>).apply, value.inputs.map((input) => names.get(input)!), (value as Value<'elementwise'>).constant);
    const name = writer.local();
    names.set(value, name);
    lines.push(`const ${name} = ${text};`);
  }
  return [...lines, `return ${names.get(result)};`].join('\n');
}

function clipScale(norm: string, clipNorm: number): string {
  return clipNorm > 0 ? `(${norm} > ${clipNorm} ? ${clipNorm} / ${norm} : 1)` : '1';
}
