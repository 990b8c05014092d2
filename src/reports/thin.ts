// Reduces a long table to fewer rows that draw the same picture.

/**
 * For each part of the rows, keeps the first row, the rows with the minimum and maximum of each
 * column, and the first row with a gap in a column. So no peak and no gap is lost. With c columns,
 * at most 3c + 1 rows per part remain.
 *
 * @param parts number of horizontal positions of the picture
 */
export function thin<Column extends string, Row extends Readonly<Record<Column, number | null>>>(
  rows: readonly Row[],
  columns: readonly Column[],
  parts: number,
): Row[] {
  if (rows.length <= parts) return [...rows];
  const kept = new Set(rows.slice(-1));
  for (const some of partsOf(rows, parts)) {
    kept.add(some[0]);
    for (const column of columns) {
      const known = some.filter((row) => row[column] !== null).toSorted((a, b) => a[column]! - b[column]!);
      const gap = some.find((row) => row[column] === null);
      for (const row of [known.at(0), known.at(-1), gap]) if (row !== undefined) kept.add(row);
    }
  }
  return rows.filter((row) => kept.has(row));
}

/** Splits rows into `parts` consecutive parts of nearly equal length. */
export const partsOf = <Row>(rows: readonly Row[], parts: number): Row[][] =>
  Array.from({ length: parts }, (_, part) =>
    rows.slice(Math.floor((part * rows.length) / parts), Math.floor(((part + 1) * rows.length) / parts)),
  );
