// The end of a training step as nodes: the gradients of all weights as one vector, its norm, and
// the update of the weights.
import { type ParameterShape, type Value, countParameters } from '../../program/value.ts';
import type { UpdateRule } from '../device.ts';
import type { Graph } from './graph.ts';
import { type Body, COLUMN, type Node } from './nodes.ts';
import type { Reader } from './reader.ts';
import { type Part, copyTogether, piecewise, returnResult, sumOf } from './statements.ts';
import { type Index, type KernelWriter, type Shape, numberArgument, plus } from './writer.ts';

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

export function finishTraining(
  graph: Graph,
  { parameters, update }: { parameters: readonly ParameterShape[]; update: UpdateRule | null },
): Finish {
  const length = countParameters(parameters);
  const gradients = gradientVector(graph, parameters);
  const norm = normOf(graph, gradients, length);
  return { gradients, norm, weights: update ? updated(graph, update, length, gradients, norm) : gradients };
}

function gradientVector(graph: Graph, parameters: readonly ParameterShape[]): Node {
  const { program, reader } = graph;
  const segments = parameters.flatMap(({ name, rows, columns }) => {
    const gradient = program.gradients.get(name) ?? null;
    const most = Math.max(1, Math.floor(EXACT / columns));
    return Array.from({ length: Math.ceil(rows / most) }, (_, i): Part => ({
      size: Math.min(most, rows - i * most) * columns,
      text: (writer, at) => elementText(reader, writer, gradient, i * most, at),
    }));
  });
  return copyTogether(graph, COLUMN, vectorOf, segments);
}

function vectorOf(length: number): Shape {
  return { kind: 'vector', length };
}

/** Returns an element of some rows of a gradient, from `firstRow` on. */
function elementText(
  reader: Reader,
  writer: KernelWriter,
  gradient: Value | null,
  firstRow: number,
  at: Index,
): string {
  if (!gradient) return 'return 0;';
  if (gradient.rows === 1) return `return ${reader.read(writer, gradient, 0, at)};`;
  const row = writer.local();
  return [
    `const ${row} = Math.floor((${at} + 0.5) / ${gradient.columns});`,
    `return ${reader.read(writer, gradient, plus(row, firstRow), `${at} - ${row} * ${gradient.columns}`)};`,
  ].join('\n');
}

/** √Σg², in up to three passes. */
function normOf({ add, reader }: Graph, gradients: Node, length: number): Node {
  const sums = (from: number, to: number, element: (writer: KernelWriter, i: Index) => string): Node =>
    add('sum', vectorOf(to), [(writer) => sumOf(from, to, COLUMN, (i) => element(writer, i))]);
  const many = Math.ceil(length / NORM_SUM);
  const few = Math.ceil(many / NORM_SUM);
  const squares = sums(length, many, (writer, i) => {
    const g = reader.readNode(writer, gradients, 0, i);
    return `${g} * ${g}`;
  });
  const parts = many > 1 ? sums(many, few, (writer, i) => reader.readNode(writer, squares, 0, i)) : squares;
  return add('sum', vectorOf(1), [
    (writer) =>
      sumOf(few, 1, 0, (i) => reader.readNode(writer, parts, 0, i)).replace('return sum;', 'return Math.sqrt(sum);'),
  ]);
}

/** One pass over the weights and every slot: each element by the rule, which is elementwise. */
function updated(graph: Graph, update: UpdateRule, length: number, gradients: Node, norm: Node): Node {
  const program = update.build(length);
  const vectors = ['parameters', ...update.slots];
  const operations = program.values.filter((value) => value.kind === 'elementwise');
  const body: Body = (writer) =>
    piecewise(
      COLUMN,
      vectors.map((name) => ({
        size: length,
        text: (start) =>
          returnResult(writer, operations, program.outputs.get(name)!, (operand) => {
            const input = (operand as Value<'input'>).name;
            if (input === 'gradients') return graph.reader.readNode(writer, gradients, 0, plus(COLUMN, -start));
            if (input === 'gradientScale') return clipScale(graph.reader.readNode(writer, norm, 0, 0), update.clipNorm);
            const vector = vectors.indexOf(input);
            return vector < 0
              ? writer.number(numberArgument(input))
              : graph.reader.weight(writer, plus(COLUMN, vector * length - start));
          }),
      })),
    );
  return graph.add('update', vectorOf(vectors.length * length), [body]);
}

function clipScale(norm: string, clipNorm: number): string {
  return clipNorm > 0 ? `(${norm} > ${clipNorm} ? ${clipNorm} / ${norm} : 1)` : '1';
}
