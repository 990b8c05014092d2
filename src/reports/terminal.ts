// Charts as lines of text of a given width, with axes and a legend. Independent of terminals: the
// caller provides the colours.
import type { Chart, Point, Series } from './charts.ts';
import { dashOf } from './dashes.ts';
import { tickText, valueText } from './numbers.ts';
import { Raster } from './raster.ts';
import { type Scale, horizontalScale, verticalScale } from './scales.ts';

type Style = (text: string) => string;

/** The size and the styles of charts in text. */
export interface TextLook {
  readonly columns: number;
  /** Rows of the plot area. */
  readonly rows: number;
  readonly bold: Style;
  readonly dim: Style;
  /**
   * A style for each colour of a series. Null without colours, when marks distinguish the lines.
   */
  readonly series: readonly Style[] | null;
}

/** Ordered so that the first marks are easy to distinguish. All are on every keyboard. */
const everyMark = '*o+x#@%&=~$?ABCDEFGHIJKLMNPQRSTUVWYZabcdefghijklmnpqrstuvwyz0123456789';
/** Ā, followed by other letters. */
const furtherMarks = 0x100;
const smallRows = 5;
const gap = 2;
/** If small charts would be narrower than this, they are placed one below the other. */
const narrowestBeside = 22;
const narrowestPlot = 10;
const columnsPerTick = 12;
const rowsPerTick = 3;

/** Draws the first chart large, and the other charts small below it, side by side if there is room. */
export function terminalCharts(charts: readonly Chart[], look: TextLook): string[] {
  const [first, ...others] = charts;
  if (first === undefined) return [];
  const lines = textChart(first, look, first);
  if (others.length === 0) return lines;
  const columns = Math.floor((look.columns - gap * (others.length - 1)) / others.length);
  if (columns < narrowestBeside)
    return [...lines, ...others.flatMap((chart) => ['', ...textChart(chart, { ...look, rows: smallRows }, first)])];
  const blocks = others.map((chart) => textChart(chart, { ...look, columns, rows: smallRows }, first));
  return [
    ...lines,
    '',
    ...blocks[0].map((_, row) =>
      blocks
        .map((block) => block[row])
        .join(' '.repeat(gap))
        .trimEnd(),
    ),
  ];
}

/**
 * A title, perhaps a legend, the rows, and the axis below them. Each line is `look.columns` wide.
 *
 * @param explained the chart whose legend explains the lines. A chart that explains itself shows
 * its own legend
 */
function textChart(chart: Chart, look: TextLook, explained: Chart): string[] {
  const { title, unit, horizontal, series } = chart;
  const lineCharacters =
    look.series === null && series.length > 1 ? series.map((each) => lineCharacterOf(each, explained)) : null;
  const y = verticalScale(chart, Math.max(2, Math.floor(look.rows / rowsPerTick)));
  // The labels of numbers that differ only in their last digits may be too wide for a small chart.
  const labels = y.ticks.map((tick) => ({ tick, text: tickText(tick) }));
  const fitting = labels.filter(({ text }) => text.length < look.columns - narrowestPlot - 1);
  const labelled = new Map(fitting.map(({ tick, text }) => [Math.round((1 - y.place(tick)) * (look.rows - 1)), text]));
  const margin = Math.max(0, ...[...labelled.values()].map((label) => label.length)) + 1;
  const columns = Math.max(narrowestPlot, look.columns - margin - 1);
  const x = horizontalScale(chart, Math.max(2, Math.floor(columns / columnsPerTick)));
  const raster = new Raster(columns, look.rows, lineCharacters);
  // Validation covers training, and the first run covers later runs.
  const order = [...series.keys()].toReversed().toSorted((a, b) => series[a].dash - series[b].dash);
  for (const index of order)
    raster.line(
      index,
      series[index].points.map(([across, value]) => (value === null ? null : [x.place(across), y.place(value)])),
      dashOf(series[index]).dots,
    );
  const painted = raster
    .rows()
    .map((pieces) =>
      pieces.map(({ text, series: index }) => (index === null ? text : paint(series[index], text, look))).join(''),
    );
  return [
    ...(chart === explained
      ? legend(`${title}, ${unit}`, series, lineCharacters, look)
      : [heading(title, series, look)]),
    ...painted.map(
      (row, index) =>
        `${look.dim(`${(labelled.get(index) ?? '').padStart(margin)}${labelled.has(index) ? '┤' : '│'}`)}${row}`,
    ),
    ...axis(x, { margin, columns, horizontal }).map((line) => look.dim(line)),
  ];
}

/** Lines of the same colour and dash have the same mark in every chart. */
function lineCharacterOf({ colour, dash }: Series, { series }: Chart): string {
  const dashes = 1 + Math.max(...series.map((each) => each.dash));
  const index = colour * dashes + dash;
  return everyMark[index] ?? String.fromCodePoint(furtherMarks + index - everyMark.length);
}

/** The title in one line. For a single series it includes the last value, if there is room. */
function heading(title: string, series: readonly Series[], { columns, bold }: TextLook): string {
  const value = series.length > 1 ? '' : ` ${valueText(lastOf(series[0].points))}`;
  const last = title.length + value.length > columns ? '' : value;
  return `${bold(title)}${last}${' '.repeat(Math.max(0, columns - title.length - last.length))}`;
}

function legend(
  title: string,
  series: readonly Series[],
  lineCharacters: readonly string[] | null,
  look: TextLook,
): string[] {
  const lines = [{ text: look.bold(title), length: title.length }];
  for (const [index, each] of series.entries()) {
    const mark = lineCharacters?.[index] ?? dashOf(each).piece;
    const words = `${each.name} ${valueText(lastOf(each.points))}`;
    const entry = { text: `${paint(each, mark, look)} ${words}`, length: mark.length + 1 + words.length };
    const last = lines.at(-1)!;
    if (last.length + 3 + entry.length > look.columns) lines.push(entry);
    else lines[lines.length - 1] = { text: `${last.text}   ${entry.text}`, length: last.length + 3 + entry.length };
  }
  return lines.map(({ text }) => text);
}

function axis(
  x: Scale,
  { margin, columns, horizontal }: { margin: number; columns: number; horizontal: string },
): string[] {
  const line = [...'─'.repeat(columns)];
  const labels = new Array<string>(margin + 1 + columns).fill(' ');
  const write = (text: string, from: number): void => {
    const start = Math.min(Math.max(0, from), labels.length - text.length);
    // Only if it does not touch another label.
    if (labels.slice(Math.max(0, start - 1), start + text.length + 1).every((character) => character === ' '))
      labels.splice(start, text.length, ...text);
  };
  write(horizontal, labels.length);
  for (const tick of x.ticks) {
    const column = Math.round(x.place(tick) * (columns - 1));
    line[column] = '┬';
    const label = tickText(tick);
    write(label, margin + 1 + column - Math.floor(label.length / 2));
  }
  return [`${' '.repeat(margin)}└${line.join('')}`, labels.join('')];
}

const paint = ({ colour }: Series, text: string, { series }: TextLook): string =>
  series === null ? text : series[colour % series.length](text);

const lastOf = (points: readonly Point[]): number => points.findLast(([, y]) => y !== null)![1]!;
