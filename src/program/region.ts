// Rectangles of rows and columns within a matrix.
export interface Region {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

export function whole({ rows, columns }: { readonly rows: number; readonly columns: number }): Region {
  return { row: 0, column: 0, rows, columns };
}

export function intersection(a: Region, b: Region): Region | null {
  const row = Math.max(a.row, b.row);
  const column = Math.max(a.column, b.column);
  const rows = Math.min(a.row + a.rows, b.row + b.rows) - row;
  const columns = Math.min(a.column + a.columns, b.column + b.columns) - column;
  return rows > 0 && columns > 0 ? { row, column, rows, columns } : null;
}

export function sameRegion(a: Region, b: Region): boolean {
  return a.row === b.row && a.column === b.column && a.rows === b.rows && a.columns === b.columns;
}
