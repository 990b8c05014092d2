// Joins that have to be copied together, since what reads them cannot find its pieces apart: in
// passes that read as many buffers each as a kernel may.
import { type Value, isView } from '../../program/value.ts';
import type { Graph } from './graph.ts';
import { COLUMN, type Node, ROW, columnPieces, planeOf, rowPieces, shapeOf } from './nodes.ts';
import { type Part, copyTogether, piecewise } from './statements.ts';
import { plus } from './writer.ts';

/** Makes sure that a value can be read anywhere. */
export type Ready = (value: Value) => void;

export function readiness(graph: Graph): Ready {
  const { program, reader, mostInputs, add } = graph;
  /** Stacks of a sequence that another stack holds one step later or earlier. */
  const shifted = findShifted(program.values);

  const ready = (value: Value): void => {
    if (reader.find(value) !== null) return;
    if (isView(value)) {
      ready(value.inputs[0]);
      if (reader.find(value) === null) throw new Error(`${value.kind} ${value.id} cannot be read`);
    } else if (value.kind === 'join') {
      copy(value);
    } else {
      throw new Error(`${value.kind} ${value.id} has not been made`);
    }
  };

  const copy = (value: Value<'join'>): void => {
    const other = shifted.get(value);
    if (other && [...value.inputs, ...other.inputs].every(canRead)) return copyShifted(value, other);
    const layers = rowPieces(value)?.map((piece) => layerOf(piece.value));
    if (!layers) value.inputs.forEach(ready);
    reader.settle(value, layers ? stack(value, layers) : tile(value));
  };

  /** A sequence and the same one step later: one buffer of one step more. */
  const copyShifted = (a: Value, b: Value): void => {
    const [early, late] = isLater(b, a) ? [a, b] : [b, a];
    const node = stack(late, [early.inputs[0], ...late.inputs].map(layerOf));
    // One of them may have been copied with a third already.
    if (reader.find(early) === null) reader.settle(early, node);
    if (reader.find(late) === null) reader.settle(late, node, { row: early.inputs[0].rows });
  };

  const canRead = (piece: Value): boolean =>
    piece.kind === 'join' && reader.find(piece) === null ? piece.inputs.every(canRead) : reader.nodesOf(piece) !== null;

  /** Rows of a stack. A piece that is itself made of columns is read through. */
  const layerOf = (piece: Value): Part => {
    const pieces = reader.find(piece) === null ? columnPieces(piece) : null;
    const columns = pieces?.every(({ value }) => reader.find(value) !== null) ? pieces : null;
    if (!columns) ready(piece);
    return {
      size: piece.rows,
      text: (writer, row) =>
        piecewise(
          COLUMN,
          (columns ?? [{ value: piece }]).map(({ value }) => ({
            size: value.columns,
            text: (start) => `return ${reader.read(writer, value, row, plus(COLUMN, -start))};`,
          })),
        ),
    };
  };

  const stack = ({ columns }: Value, layers: readonly Part[]): Node =>
    copyTogether(graph, ROW, (rows) => planeOf(rows, columns), layers);

  /** Pieces that tile in any way: each pass lays some of them over what the one before made. */
  const tile = (value: Value<'join'>): Node => {
    let before: Node | null = null;
    const pieces = value.inputs.map((piece, i) => ({ piece, place: value.positions[i] }));
    const most = Math.max(1, mostInputs - 1);
    for (let i = 0; i < pieces.length; i += most) {
      const base: Node | null = before;
      before = add('copy', shapeOf(value), [
        (writer) =>
          [
            ...pieces.slice(i, i + most).map(({ piece, place }) => {
              const inRows = `this.thread.y >= ${place.row} && this.thread.y < ${place.row + piece.rows}`;
              const inColumns = `this.thread.x >= ${place.column} && this.thread.x < ${place.column + piece.columns}`;
              return `if (${inRows} && ${inColumns}) { return ${reader.read(writer, piece, plus(ROW, -place.row), plus(COLUMN, -place.column))}; }`;
            }),
            `return ${base ? reader.readNode(writer, base, ROW, COLUMN) : '0'};`,
          ].join('\n'),
      ]);
    }
    return before!;
  };

  return ready;
}

function findShifted(values: readonly Value[]): Map<Value, Value> {
  const found = new Map<Value, Value>();
  const stacks = values.filter(isSequence);
  const bySecond = new Map(stacks.map((stack) => [stack.inputs[1], stack]));
  for (const late of stacks) {
    const early = bySecond.get(late.inputs[0]);
    if (!early || !isLater(late, early)) continue;
    found.set(early, late);
    found.set(late, early);
  }
  return found;
}

/** A stack of more than one matrix of one shape, from the top. */
function isSequence(value: Value): boolean {
  const [first] = value.inputs;
  return (
    value.kind === 'join' &&
    value.inputs.length > 1 &&
    value.inputs.every(
      (piece, i) =>
        piece.rows === first.rows && piece.columns === value.columns && value.positions[i].row === i * first.rows,
    )
  );
}

function isLater(late: Value, early: Value): boolean {
  return (
    late !== early &&
    late.inputs.length === early.inputs.length &&
    early.inputs.slice(1).every((piece, i) => piece === late.inputs[i])
  );
}
