// The axes and lines of a chart as SVG, for pictures and pages. Colour attributes suit light paper.
// Style sheets override them by class.
import { type Chart, type Series, splitAtGaps } from './charts.ts';
import { lineAttributes } from './colours.ts';
import { dashOf } from './dashes.ts';
import { escapeHtml } from './html.ts';
import { tickText } from './numbers.ts';
import { type Interval, type Scale, horizontalScale, verticalScale } from './scales.ts';

const pixelsPerTick = { across: 90, down: 50 };

/** The size of a chart in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Space around the lines, for the labels of the axes. */
  readonly margin: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  /** The visible part of the horizontal axis. All of it by default. */
  readonly range?: Interval | null;
}

/** A chart as SVG, and the conversion from values to its pixels. */
export interface DrawnChart {
  readonly svg: string;
  readonly x: Scale;
  /** Convert a value to pixels. */
  readonly toX: (value: number) => number;
  readonly toY: (value: number) => number;
}

export function drawChart(
  chart: Chart,
  { width, height, margin: { left, right, top, bottom }, range = null }: Frame,
): DrawnChart {
  const [across, down] = [width - left - right, height - top - bottom];
  const x = horizontalScale(chart, width / pixelsPerTick.across, range);
  const y = verticalScale(chart, height / pixelsPerTick.down, range);
  const toX = (value: number): number => roundPixel(left + x.place(value) * across);
  const toY = (value: number): number => roundPixel(top + down - y.place(value) * down);
  const grid = y.ticks
    .map(toY)
    .map((place) => `<line x1="${left}" x2="${roundPixel(left + across)}" y1="${place}" y2="${place}"/>`);
  const lines = chart.series.toReversed().map((series) => lineOf(series, toX, toY));
  // A line that extends beyond the range is clipped.
  const box = [left, top - 4, roundPixel(across), down + 8];
  const cut = `<svg x="${box[0]}" y="${box[1]}" width="${box[2]}" height="${box[3]}" viewBox="${box.join(' ')}">`;
  const svg = [
    `<g class="grid" stroke="currentColor" stroke-opacity="0.1">${grid.join('')}</g>`,
    ...y.ticks.map((tick) => textAt(left - 9, toY(tick) + 4, tickText(tick), ' text-anchor="end"')),
    ...x.ticks.map((tick) => textAt(toX(tick), height - bottom + 18, tickText(tick))),
    textAt(roundPixel(left + across / 2), height - bottom + 33, chart.horizontal),
    ...(range === null ? lines : [cut, ...lines, '</svg>']),
  ].join('\n');
  return { svg, x, toX, toY };
}

/** A line, interrupted at gaps. Points without neighbours become circles. */
function lineOf(series: Series, toX: (value: number) => number, toY: (value: number) => number): string {
  const pieces = splitAtGaps(series.points.map(([x, y]) => (y === null ? null : { x: toX(x), y: toY(y) })));
  const paths = pieces.map((piece) => (piece.length === 1 ? '' : `M${piece.map(({ x, y }) => `${x},${y}`).join('L')}`));
  const lone = pieces.filter(({ length }) => length === 1).flat();
  const circles = lone.map(({ x, y }) => `<circle cx="${x}" cy="${y}" r="4.5" fill="currentColor" stroke="none"/>`);
  const attributes = `fill="none" stroke-width="${series.dash > 0 ? 2.25 : 1.5}" stroke-linecap="round" stroke-linejoin="round"`;
  return `<g ${attributes} ${strokeOf(series)}><path d="${paths.join('')}"/>${circles.join('')}</g>`;
}

/** The class, colour and dashes of a series, as attributes. */
export function strokeOf(series: Series): string {
  const dashes = series.dash > 0 ? ` stroke-dasharray="${dashOf(series).lengths.join(' ')}"` : '';
  return `${lineAttributes(series.colour)} stroke="currentColor"${dashes}`;
}

export const textAt = (x: number, y: number, text: string, attributes = ''): string =>
  `<text x="${x}" y="${y}"${attributes}>${escapeHtml(text)}</text>`;

export const roundPixel = (value: number): number => Number(value.toFixed(2));
