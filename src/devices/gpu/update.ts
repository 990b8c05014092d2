// The end of a training step as nodes: the gradients of all weights as one vector, its norm, and
// the update of the weights.
import { type ParameterShape, type Program, type Value, countParameters } from '../../program/value.ts';
import type { UpdateRule } from '../device.ts';
import type { Graph } from './graph.ts';
import { type Body, COLUMN, type Node } from './nodes.ts';
import { groupsThatFit, joinInTurns, piecewise, returnResult, sumOf } from './statements.ts';
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

export function finishTraining(
  graph: Graph,
  { parameters, update }: { parameters: readonly ParameterShape[]; update: UpdateRule | null },
): Finish {
  const length = countParameters(parameters);
  const gradients = gradientVector(graph, parameters);
  const norm = normOf(graph, gradients, length);
  return { gradients, norm, weights: update ? updated(graph, update, length, gradients, norm) : gradients };
}

/** A segment of the vector: some rows of one weight. */
interface Segment {
  readonly length: number;
  readonly gradient: Value | null;
  readonly firstRow: number;
  readonly columns: number;
}

interface Vector {
  readonly node: Node;
  readonly length: number;
}

function gradientVector(graph: Graph, parameters: readonly ParameterShape[]): Node {
  const { mostInputs } = graph;
  const groups = groupsThatFit(segments(graph.program, parameters), mostInputs, (writer, group) =>
    vectorText(graph, writer, group),
  );
  const parts = groups.map((group) => vectorOf(graph, lengthOf(group), (writer) => vectorText(graph, writer, group)));
  return joinInTurns(parts, mostInputs, (some) => concatenated(graph, some)).node;
}

function vectorOf(graph: Graph, length: number, body: Body): Vector {
  return { node: graph.add('copy', { kind: 'vector', length }, [body]), length };
}

function lengthOf(parts: readonly { readonly length: number }[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function segments(program: Program, parameters: readonly ParameterShape[]): Segment[] {
  return parameters.flatMap(({ name, rows, columns }) => {
    const most = Math.max(1, Math.floor(EXACT / columns));
    return Array.from({ length: Math.ceil(rows / most) }, (_, i) => ({
      length: Math.min(most, rows - i * most) * columns,
      gradient: program.gradients.get(name) ?? null,
      firstRow: i * most,
      columns,
    }));
  });
}

function vectorText(graph: Graph, writer: KernelWriter, group: readonly Segment[]): string {
  return piecewise(
    COLUMN,
    group.map((segment) => ({
      size: segment.length,
      text: (start) => elementOf(graph, writer, segment, plus(COLUMN, -start)),
    })),
  );
}

function elementOf(graph: Graph, writer: KernelWriter, { gradient, firstRow, columns }: Segment, at: Index): string {
  if (!gradient) return 'return 0;';
  if (gradient.rows === 1) return `return ${graph.reader.read(writer, gradient, 0, at)};`;
  const row = writer.local();
  return [
    `const ${row} = Math.floor((${at} + 0.5) / ${columns});`,
    `return ${graph.reader.read(writer, gradient, plus(row, firstRow), `${at} - ${row} * ${columns}`)};`,
  ].join('\n');
}

function concatenated(graph: Graph, parts: readonly Vector[]): Vector {
  return vectorOf(graph, lengthOf(parts), (writer) =>
    piecewise(
      COLUMN,
      parts.map(({ node, length }) => ({
        size: length,
        text: (start) => `return ${graph.reader.readNode(writer, node, 0, plus(COLUMN, -start))};`,
      })),
    ),
  );
}

/** √Σg², in up to three passes. */
function normOf(graph: Graph, gradients: Node, length: number): Node {
  const many = Math.ceil(length / NORM_SUM);
  const few = Math.ceil(many / NORM_SUM);
  const squares = graph.add('sum', { kind: 'vector', length: many }, [
    (writer) =>
      sumOf(length, many, COLUMN, (i) => {
        const g = graph.reader.readNode(writer, gradients, 0, i);
        return `${g} * ${g}`;
      }),
  ]);
  const sums =
    many > 1
      ? graph.add('sum', { kind: 'vector', length: few }, [
          (writer) => sumOf(many, few, COLUMN, (i) => graph.reader.readNode(writer, squares, 0, i)),
        ])
      : squares;
  return graph.add('sum', { kind: 'vector', length: 1 }, [
    (writer) =>
      sumOf(few, 1, '0', (i) => graph.reader.readNode(writer, sums, 0, i)).replace(
        'return sum;',
        'return Math.sqrt(sum);',
      ),
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
  return graph.add('update', { kind: 'vector', length: vectors.length * length }, [body]);
}

function clipScale(norm: string, clipNorm: number): string {
  return clipNorm > 0 ? `(${norm} > ${clipNorm} ? ${clipNorm} / ${norm} : 1)` : '1';
}
