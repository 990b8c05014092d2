// Fewer rows of a long table that make the same picture.

type Measured<Column extends string> = Readonly<Record<Column, number | null>>;

/**
 * Of each stretch of rows the first, and those that are lowest and highest in one of the columns:
 * no peak and no gap is lost. With c columns at most (3c + 1) rows a stretch stay.
 *
 * @param stretches as many as the picture has places beside each other
 */
export function thin<Column extends string, Row extends Measured<Column>>(
  rows: readonly Row[],
  columns: readonly Column[],
  stretches: number,
): readonly Row[] {
  if (rows.length <= stretches) return rows;
  const kept = new Set<number>([rows.length - 1]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const start = Math.floor((stretch * rows.length) / stretches);
    const end = Math.floor(((stretch + 1) * rows.length) / stretches);
    kept.add(start);
    for (const column of columns) for (const index of extremes(rows, column, start, end)) kept.add(index);
  }
  return [...kept].toSorted((a, b) => a - b).map((index) => rows[index]);
}

/**
 * Where a column is lowest and highest between two rows, and the first row that has nothing there.
 */
function extremes<Column extends string>(
  rows: readonly Measured<Column>[],
  column: Column,
  start: number,
  end: number,
): number[] {
  let [lowest, highest, gap] = [-1, -1, -1];
  for (let index = start; index < end; index++) {
    const value = rows[index][column];
    if (value === null) {
      if (gap < 0) gap = index;
      continue;
    }
    if (lowest < 0 || value < rows[lowest][column]!) lowest = index;
    if (highest < 0 || value > rows[highest][column]!) highest = index;
  }
  return [lowest, highest, gap].filter((index) => index >= 0);
}
