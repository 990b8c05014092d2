// Rows of cells as lines of text.

interface Look {
  /** Whether the cells of a column begin at its left edge; else they end at its right edge. */
  readonly isLeft?: (column: number) => boolean;
  /** Colours a cell, which has the width of its column. */
  readonly paint?: (cell: string, column: number) => string;
}

/** A line for each row. A column is as wide as its widest cell, and there are two spaces between columns. */
export function textTable(
  rows: readonly (readonly string[])[],
  { isLeft = (column) => column === 0, paint = String }: Look = {},
): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  return rows.map((cells) => {
    const padded = cells.map((cell, column) => (isLeft(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])));
    return padded.map(paint).join('  ').trimEnd();
  });
}
