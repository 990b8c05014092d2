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

export function overlap(a: Region, b: Region): boolean {
  return (
    a.row < b.row + b.rows &&
    b.row < a.row + a.rows &&
    a.column < b.column + b.columns &&
    b.column < a.column + a.columns
  );
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

/**
 * Whether regions cover a matrix and none of them another. Sequences are long, and cut one way:
 * only what is cut both ways is compared pair by pair.
 */
export function tile(regions: readonly Region[], rows: number, columns: number): boolean {
  if (regions.every((region) => region.column === 0 && region.columns === columns))
    return follow(regions.map((region) => [region.row, region.rows]));
  if (regions.every((region) => region.row === 0 && region.rows === rows))
    return follow(regions.map((region) => [region.column, region.columns]));
  const area = regions.reduce((sum, region) => sum + region.rows * region.columns, 0);
  return (
    area === rows * columns &&
    regions.every(
      (a, index) => a.row >= 0 && a.column >= 0 && regions.every((b, other) => other <= index || !overlap(a, b)),
    )
  );
}

/** Whether stretches, in some order, start at 0 and each where the one before ends. */
function follow(stretches: readonly (readonly [first: number, count: number])[]): boolean {
  let reached = 0;
  return stretches
    .toSorted(([a], [b]) => a - b)
    .every(([first, count]) => {
      const follows = first === reached;
      reached += count;
      return follows;
    });
}
