// Arranges text in columns. Pure.
import { lengthShown, wrap } from './format.ts';

/**
 * Rows as lines. Columns are as wide as their widest cell, and two spaces apart. Cells can have
 * colours.
 *
 * @param align l or r for each column, as in LaTeX. The last letter applies to all further columns
 * @param minWidth the minimum width of each column
 */
export function textTable(rows: readonly (readonly string[])[], align: string, minWidth = 0): string[] {
  const widths: number[] = [];
  for (const cells of rows)
    for (const [column, cell] of cells.entries())
      widths[column] = Math.max(widths[column] ?? minWidth, lengthShown(cell));
  return rows.map((cells) =>
    cells
      .map((cell, column) => {
        const space = ' '.repeat(widths[column] - lengthShown(cell));
        return (align[column] ?? align.at(-1)) === 'r' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}

/**
 * A label and, to its right, a text in lines of at most `width` characters including the label.
 * @param indent columns of the label
 */
export const withLabel = (label: string, text: string, indent: number, width: number): string =>
  `${label}${' '.repeat(Math.max(0, indent - lengthShown(label)))}${wrap(text, width - indent).join(`\n${' '.repeat(indent)}`)}`;
