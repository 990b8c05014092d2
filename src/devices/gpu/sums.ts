// Operations that add up in other ways than products: the gradient of a gather, sums of columns,
// and the loss.
import type { Value } from '../../program/value.ts';
import type { Graph } from './graph.ts';
import { COLUMN, type Node, ROW, planeOf, shapeOf } from './nodes.ts';
import { sumOf } from './statements.ts';
import type { Index, KernelWriter } from './writer.ts';

/** Rows that one thread adds up before a sum is split. */
const SUM_ROWS = 64;
/** Parts that a loss comes in. */
const LOSS_PARTS = 64;

export function lowerScatter(graph: Graph, value: Value<'scatter'>): void {
  const { reader } = graph;
  const [x, ids] = value.inputs;
  reader.settle(
    value,
    graph.add(
      'scatter',
      shapeOf(value),
      [
        (writer) =>
          [
            'let sum = 0;',
            `for (let k = 0; k < ${x.rows}; k++) { if (${reader.read(writer, ids, 'k', 0)} === this.thread.y) { sum += ${reader.read(writer, x, 'k', COLUMN)}; } }`,
            'return sum;',
          ].join('\n'),
      ],
      x.rows * value.columns,
    ),
  );
}

/** In two passes where there are many rows: parts of the sum, and their sum. */
export function lowerColumnSums(graph: Graph, value: Value<'columnSums'>): void {
  const { reader } = graph;
  const [x] = value.inputs;
  const { columns } = value;
  const parts = x.rows > SUM_ROWS ? Math.min(SUM_ROWS, Math.ceil(x.rows / SUM_ROWS)) : 1;
  const first = graph.add('sum', planeOf(parts, columns), [
    (writer) => sumOf(x.rows, parts, ROW, (row) => reader.read(writer, x, row, COLUMN)),
  ]);
  reader.settle(
    value,
    parts === 1
      ? first
      : graph.add('sum', planeOf(1, columns), [
          (writer) => sumOf(parts, 1, '0', (row) => reader.readNode(writer, first, row, COLUMN)),
        ]),
  );
}

/**
 * The highest logit of each row, the sum of the exponentials relative to it, and the row's loss;
 * the gradient, if anything reads it; the sum of the losses in parts.
 * @returns the node whose elements are these parts
 */
export function lowerCrossEntropy(graph: Graph, value: Value<'crossEntropy'>): Node {
  const { reader, uses } = graph;
  const [logits, targets] = value.inputs;
  const { rows, columns: V } = value;
  const each = (writer: KernelWriter, k: Index): string => reader.read(writer, logits, COLUMN, k);
  const statistics = graph.add('loss', planeOf(3, rows), [
    (writer) =>
      [
        `let most = ${each(writer, 0)};`,
        `for (let k = 1; k < ${V}; k++) { most = Math.max(most, ${each(writer, 'k')}); }`,
        'if (this.thread.y < 1) { return most; }',
        'let total = 0;',
        `for (let k = 0; k < ${V}; k++) { total += Math.exp(${each(writer, 'k')} - most); }`,
        'if (this.thread.y < 2) { return total; }',
        `const target = ${reader.read(writer, targets, COLUMN, 0)};`,
        'if (target < 0) { return 0; }',
        `return Math.log(total) + (most - ${each(writer, '(target | 0)')});`,
      ].join('\n'),
  ]);
  if (uses.usersOf(value).length > 0 || uses.isReadByCaller(value)) {
    reader.settle(
      value,
      graph.add('loss', shapeOf(value), [
        (writer) =>
          [
            `const target = ${reader.read(writer, targets, ROW, 0)};`,
            'if (target < 0) { return 0; }',
            `const p = Math.exp(${reader.read(writer, logits, ROW, COLUMN)} - ${reader.readNode(writer, statistics, 0, ROW)}) / ${reader.readNode(writer, statistics, 1, ROW)};`,
            `if (target === this.thread.x) { return (p - ${1 - value.smoothing + value.smoothing / V}) * ${value.scale}; }`,
            `return (p - ${value.smoothing / V}) * ${value.scale};`,
          ].join('\n'),
      ]),
    );
  }
  const parts = Math.min(rows, LOSS_PARTS);
  return graph.add('loss', { kind: 'vector', length: parts }, [
    (writer) => sumOf(rows, parts, COLUMN, (row) => reader.readNode(writer, statistics, 2, row)),
  ]);
}
