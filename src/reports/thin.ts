// Fewer rows of a long table that make the same picture.

/**
 * Of each part of the rows the first, and those that are lowest and highest in one of the columns,
 * and the first that has nothing there: no peak and no gap is lost. With c columns at most (3c + 1)
 * rows a part stay.
 *
 * @param parts as many as the picture has places beside each other
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

/** So many parts of rows, one after the other, which are nearly as long as each other. */
export const partsOf = <Row>(rows: readonly Row[], parts: number): Row[][] =>
  Array.from({ length: parts }, (_, part) =>
    rows.slice(Math.floor((part * rows.length) / parts), Math.floor(((part + 1) * rows.length) / parts)),
  );
