// What a program becomes: nodes, each one matrix, or several planes of one shape, that a pass can
// make in one go.
import type { Builder, JoinPart } from '../../program/builder.ts';
import type { Position, Value } from '../../program/value.ts';
import { kernelDialect } from './dialect.ts';
import type { Buffer, Index, KernelWriter, Shape } from './writer.ts';

export interface Node {
  readonly id: number;
  readonly kind: 'product' | 'chain' | 'copy' | 'sum' | 'scatter' | 'loss' | 'update';
  /** Of one plane, or of the vector. */
  readonly shape: Shape;
  /** One above all that it reads. */
  readonly level: number;
  /** For each plane what it returns for the element of this thread. */
  bodies(): readonly Body[];
  readonly multiplyAdds: number;
  /** Of a product: what its body is made from. */
  readonly product?: Product;
}

/** Σ of terms, and what becomes of it, for each element of a matrix. */
export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly terms: readonly ProductTerm[];
  /** Statements that return what is stored for the sum in the variable `sum`. */
  readonly finish: Body;
}

/** Σ_k left(row, k)·right(k, column). */
export interface ProductTerm {
  readonly inner: number;
  /** Elements next to each other in memory follow each other by row, not by k. */
  readonly transposeA: boolean;
  /** And here by k, not by column. */
  readonly transposeB: boolean;
  left(writer: KernelWriter, row: Index, k: Index): string;
  right(writer: KernelWriter, k: Index, column: Index): string;
}

export type Body = (writer: KernelWriter) => string;

/** Where the result of a node has been put: the pass's buffer, and the node's first plane in it. */
export interface Placed {
  readonly buffer: Buffer;
  readonly plane: number;
}

/** Where in a buffer a matrix begins. */
export type Spot = Placed & Position;

export const { row: ROW, column: COLUMN } = kernelDialect;

export function planeOf(rows: number, columns: number): Shape {
  return { kind: 'planes', planes: 1, rows, columns };
}

export function shapeOf({ rows, columns }: Value): Shape {
  return planeOf(rows, columns);
}

/** The pieces of a join of matrices side by side, from the left. */
export function columnPieces(value: Value): JoinPart[] | null {
  return piecesOf(value, (piece) => piece.rows === value.rows);
}

/** The pieces of a join of matrices on top of each other, from the top. */
export function rowPieces(value: Value): JoinPart[] | null {
  return piecesOf(value, (piece) => piece.columns === value.columns);
}

function piecesOf(join: Value, spans: (piece: Value) => boolean): JoinPart[] | null {
  if (join.kind !== 'join' || !join.inputs.every(spans)) return null;
  return join.inputs
    .map((value, i) => ({ value, ...join.positions[i] }))
    .toSorted((a, b) => a.row - b.row || a.column - b.column);
}

/** Some rows of a value, of the pieces that they are made of if it is a join; else null. */
export function rowsOf(builder: Builder, value: Value, first: number, count: number): Value | null {
  const pieces = rowPieces(value);
  if (!pieces) return builder.rows(value, first, count);
  const within = pieces.filter(({ row, value: { rows } }) => row >= first && row + rows <= first + count);
  const covered = within.reduce((sum, piece) => sum + piece.value.rows, 0);
  return covered === count ? builder.concatenate(within.map((piece) => piece.value)) : null;
}
