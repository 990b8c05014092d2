// Reduces a long table to fewer rows that draw the same picture.

/**
 * For each part of the rows, keeps the first row, the rows with the minimum and maximum of each
 * column, and the first row with a gap in a column. So no peak and no gap is lost. With c columns,
 * at most 3c + 1 rows per part remain.
 *
 * @param parts number of horizontal positions of the picture
 */
export function thinRows<Column extends string, Row extends Readonly<Record<Column, number | null>>>(
  rows: readonly Row[],
  columns: readonly Column[],
  parts: number,
): Row[] {
  if (rows.length <= parts) return [...rows];
  const keptRows = new Set(rows.slice(-1));
  for (const part of splitRows(rows, parts)) {
    keptRows.add(part[0]);
    for (const column of columns) {
      const sorted = part.filter((row) => row[column] !== null).toSorted((a, b) => a[column]! - b[column]!);
      const gap = part.find((row) => row[column] === null);
      for (const row of [sorted.at(0), sorted.at(-1), gap]) if (row !== undefined) keptRows.add(row);
    }
  }
  return rows.filter((row) => keptRows.has(row));
}

/** Splits rows into `parts` consecutive parts of nearly equal length. */
export const splitRows = <Row>(rows: readonly Row[], parts: number): Row[][] =>
  Array.from({ length: parts }, (_, part) =>
    rows.slice(Math.floor((part * rows.length) / parts), Math.floor(((part + 1) * rows.length) / parts)),
  );
