// Lays out help in lines: paragraphs, terms with their descriptions, and tables. Pure.
import { wrap } from '../output/format.ts';

/** A term, such as an option, and its description. */
export interface Entry {
  readonly term: string;
  readonly text: string;
}

export interface Table {
  readonly heading?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

type Style = (text: string) => string;

/** Narrower terminals show descriptions and cells below their term. */
const MIN_COLUMNS_WIDTH = 72;
const INDENT = '  ';
const BELOW = '      ';
/** A default or a command of up to this many characters stays on one line. */
const MAX_UNBROKEN = 40;
const NO_BREAK = '\u{A0}';

/** Longer lines are hard to read. */
const MAX_WIDTH = 100;

export const helpWidth = (columns: number): number => Math.min(MAX_WIDTH, columns);

export const isNarrow = (width: number): boolean => width < MIN_COLUMNS_WIDTH;

/** The text in lines, which do not divide a `[default: …]` or a command in quotes. */
export function lines(text: string, width: number): string[] {
  const unbroken = text.replaceAll(/\[default: [^\]]*\]$|'rnn [^']*'/g, (found) =>
    found.length > MAX_UNBROKEN ? found : found.replaceAll(' ', NO_BREAK),
  );
  return wrap(unbroken, width).map((line) => line.replaceAll(NO_BREAK, ' '));
}

/** Wraps a text. Lines of it that begin with a space, such as commands, stay unchanged. */
export const paragraph = (text: string, width: number): string[] =>
  text.split('\n').flatMap((line) => (line.startsWith(' ') ? [line] : lines(line, width)));

/** Two columns, the second of which wraps. */
export function entryLines(entries: readonly Entry[], width: number, style: Style): string[] {
  const column = Math.max(...entries.map(({ term }) => term.length)) + 2;
  return entries.flatMap(({ term, text }) => {
    if (isNarrow(width))
      return [INDENT + style(term), ...lines(text, width - BELOW.length).map((line) => BELOW + line)];
    const [first = '', ...rest] = lines(text, width - column - INDENT.length);
    const indent = INDENT + ' '.repeat(column);
    return [`${INDENT}${style(term)}${' '.repeat(column - term.length)}${first}`, ...rest.map((line) => indent + line)];
  });
}

/** A table with a row of headings, whose cells wrap. */
export function tableLines({ columns, rows }: Table, width: number, style: Style, dim: Style): string[] {
  if (isNarrow(width)) return rows.flatMap(([term, ...cells]) => [INDENT + style(term), ...below(cells, width)]);
  const widths = widthsOf([columns, ...rows], width - INDENT.length);
  const line = (cells: readonly string[], styles: readonly (Style | undefined)[]): string[] => {
    const wrapped = cells.map((cell, index) => lines(cell, widths[index]));
    const height = Math.max(...wrapped.map(({ length }) => length));
    return Array.from({ length: height }, (_, row) =>
      wrapped
        .map((cell, index) => {
          const text = cell[row] ?? '';
          return (styles[index]?.(text) ?? text) + ' '.repeat(widths[index] - text.length);
        })
        .reduce((all, cell) => `${all}${INDENT}${cell}`, '')
        .trimEnd(),
    );
  };
  return [
    ...line(
      columns,
      columns.map(() => dim),
    ),
    ...rows.flatMap((row) => line(row, [style])),
  ];
}

const below = (cells: readonly string[], width: number): string[] =>
  cells.filter((cell) => cell !== '').flatMap((cell) => lines(cell, width - BELOW.length).map((line) => BELOW + line));

/**
 * The widths of columns, which are two spaces apart. Columns that are narrower than an equal share
 * of the width keep their width, and the other columns share the rest.
 */
function widthsOf(rows: readonly (readonly string[])[], width: number): number[] {
  const fullWidths = rows[0].map((_, index) => Math.max(...rows.map((row) => row[index].length)));
  const widths = fullWidths.map(() => 0);
  let open = fullWidths.map((_, index) => index);
  let remaining = width - INDENT.length * (fullWidths.length - 1);
  for (;;) {
    const share = Math.floor(remaining / open.length);
    // The terms of the first column do not wrap.
    const fitting = open.filter((index) => fullWidths[index] <= share || index === 0);
    if (fitting.length === 0) {
      for (const index of open) widths[index] = share;
      return widths;
    }
    for (const index of fitting) {
      widths[index] = fullWidths[index];
      remaining -= fullWidths[index];
    }
    open = open.filter((index) => !fitting.includes(index));
    if (open.length === 0) return widths;
  }
}
