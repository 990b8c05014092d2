// The screens of a terminal, after each piece of its output.
import xterm from '@xterm/headless';

/**
 * @param pieces each { atMs, bytes }
 * @returns for each piece { atMs, rows }. A row is a list of runs of text in one style:
 * { column, text, style }, without the blank end of the row
 */
export async function screensOf(pieces, { columns, rows }) {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 0, allowProposedApi: true });
  const screens = [];
  for (const { atMs, bytes } of pieces) {
    await new Promise((written) => terminal.write(bytes, written));
    screens.push({ atMs, rows: Array.from({ length: rows }, (_, row) => runsOf(terminal.buffer.active, row)) });
  }
  terminal.dispose();
  return screens;
}

function runsOf(buffer, row) {
  const line = buffer.getLine(buffer.viewportY + row);
  const runs = [];
  for (let column = 0; column < line.length; column++) {
    const cell = line.getCell(column);
    const style = styleOf(cell);
    // The second half of a wide character is empty.
    const text = cell.getWidth() === 0 ? '' : cell.getChars() || ' ';
    if (runs.at(-1)?.style === style) runs.at(-1).text += text;
    else runs.push({ column, text, style });
  }
  return withoutBlankEnd(runs);
}

/** Classes of the style sheet: `bold`, `dim`, and `colour-6` for a colour of the 16 usual ones. */
function styleOf(cell) {
  const colour = cell.isFgPalette() ? `colour-${cell.getFgColor()}` : '';
  return [cell.isBold() ? 'bold' : '', cell.isDim() ? 'dim' : '', colour].filter((name) => name !== '').join(' ');
}

function withoutBlankEnd(runs) {
  const last = runs.findLastIndex(({ text }) => text.trim() !== '');
  return runs.slice(0, last + 1).map((run, index) => (index === last ? { ...run, text: run.text.trimEnd() } : run));
}
