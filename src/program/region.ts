// Rectangles of rows and columns within a matrix.
import type { Position } from './value.ts';

/** A rectangle of rows × columns elements, from its top left corner. */
export interface Region extends Position {
  readonly rows: number;
  readonly columns: number;
}

/** The region that covers a whole matrix. */
export function wholeRegion({ rows, columns }: { readonly rows: number; readonly columns: number }): Region {
  return { row: 0, column: 0, rows, columns };
}

/** Whether two regions of one matrix have an element in common. */
export function overlap(a: Region, b: Region): boolean {
  return (
    a.row < b.row + b.rows &&
    b.row < a.row + a.rows &&
    a.column < b.column + b.columns &&
    b.column < a.column + a.columns
  );
}

/** The common part of two regions, or null if they do not overlap. */
export function intersection(a: Region, b: Region): Region | null {
  const row = Math.max(a.row, b.row);
  const column = Math.max(a.column, b.column);
  const rows = Math.min(a.row + a.rows, b.row + b.rows) - row;
  const columns = Math.min(a.column + a.columns, b.column + b.columns) - column;
  return rows > 0 && columns > 0 ? { row, column, rows, columns } : null;
}

/** Whether two regions of one matrix have the same elements. */
export function sameRegion(a: Region, b: Region): boolean {
  return a.row === b.row && a.column === b.column && a.rows === b.rows && a.columns === b.columns;
}

/** Whether the regions cover a matrix without overlapping each other. */
export function coverExactly(regions: readonly Region[], rows: number, columns: number): boolean {
  const sorted = regions.toSorted((a, b) => a.row - b.row);
  for (const [index, region] of sorted.entries()) {
    const end = region.row + region.rows;
    for (let below = index + 1; below < sorted.length && sorted[below].row < end; below++)
      if (overlap(region, sorted[below])) return false;
  }
  const area = regions.reduce((sum, region) => sum + region.rows * region.columns, 0);
  return area === rows * columns && regions.every(({ row, column }) => row >= 0 && column >= 0);
}
