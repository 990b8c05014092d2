// Charts as one SVG for papers and pages, light and dark: the first large, the others small below it.
import { RnnError } from '../errors.ts';
import { type Chart, type Series, lonePoints } from './charts.ts';
import { seriesColours } from './colours.ts';
import { dashOf } from './dashes.ts';
import { escapeHtml } from './html.ts';
import { pictureMarker } from './markers.ts';
import { tickText } from './numbers.ts';
import { horizontalScale, verticalScale } from './scales.ts';

const width = 960;
const large = 380;
const small = 230;
const gap = 24;
const edge = 20;
/** Around the lines of a chart: its title, and the labels of its axes. */
const margin = { left: 48, right: 8, top: 28, bottom: 36 };
const pixelsPerTick = { across: 90, down: 50 };
const lineHeight = 20;
/** Of the legend's font, on average. */
const letterWidth = 6.4;
const swatch = 22;

/** Programs that do not read style sheets show the colours for light paper. */
const style = [
  '@media (prefers-color-scheme: dark) { .rnn { color: #e9eaed } .paper { fill: #131418 }',
  ...seriesColours.dark.map((colour, index) => `.line-${index} { stroke: ${colour} } .line-${index} circle { fill: ${colour} }`),
  '}',
].join(' ');

/**
 * @param title of the picture, above it and for screen readers
 * @throws RnnError `checkpoint` if there is nothing in it
 */
export function svgOf(charts: readonly Chart[], title: string): string {
  if (charts.length === 0) throw new RnnError('checkpoint', 'nothing to draw: no line has a point');
  const [first, ...others] = charts;
  const legend = legendOf(first);
  const top = edge + 34 + legend.height;
  const across = (width - 2 * edge - gap * (others.length - 1)) / others.length;
  const height = top + large + (others.length === 0 ? 0 : gap + small) + edge;
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const look = 'color="#1a1c20" fill="currentColor" font-family="system-ui, sans-serif" font-size="12" text-anchor="middle"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${pictureMarker} ${size} ${look} role="img" aria-label="${escapeHtml(title)}">`,
    `<title>${escapeHtml(title)}</title><style>${style}</style><rect class="paper" width="${width}" height="${height}" fill="#ffffff"/>`,
    textAt(edge, edge + 12, title, ' font-size="16" font-weight="600" text-anchor="start"'),
    legend.svg,
    chartAt(edge, top, first, width - 2 * edge, large),
    ...others.map((chart, index) => chartAt(edge + index * (across + gap), top + large + gap, chart, across, small)),
    '</svg>\n',
  ].join('\n');
}

function chartAt(left: number, top: number, chart: Chart, across: number, down: number): string {
  const [right, bottom] = [across - margin.right, down - margin.bottom];
  const x = horizontalScale(chart, across / pixelsPerTick.across);
  const y = verticalScale(chart, down / pixelsPerTick.down);
  const toX = (value: number): number => rounded(margin.left + x.place(value) * (right - margin.left));
  const toY = (value: number): number => rounded(bottom - y.place(value) * (bottom - margin.top));
  const title = [chart.title, chart.unit].filter((part) => part !== '').join(', ');
  const grid = y.ticks.map(toY).map((place) => `<line x1="${margin.left}" x2="${rounded(right)}" y1="${place}" y2="${place}"/>`);
  return [
    `<g transform="translate(${rounded(left)},${top})">`,
    `<g stroke="currentColor" stroke-opacity="0.1">${grid.join('')}</g>`,
    textAt(0, 13, title, ' text-anchor="start"'),
    ...y.ticks.map((tick) => textAt(margin.left - 9, toY(tick) + 4, tickText(tick), ' text-anchor="end"')),
    ...x.ticks.map((tick) => textAt(toX(tick), bottom + 18, tickText(tick))),
    textAt(rounded((margin.left + right) / 2), bottom + 33, chart.horizontal),
    ...chart.series.toReversed().map((series) => lineOf(series, toX, toY)),
    '</g>',
  ].join('\n');
}

/** Broken where it has a gap; points that no line leads to are circles. */
function lineOf(series: Series, toX: (value: number) => number, toY: (value: number) => number): string {
  const { points, dash } = series;
  const lone = lonePoints(points);
  let isBroken = true;
  const path = points.flatMap((point) => {
    const [x, y] = point;
    if (y === null || lone.includes(point)) {
      isBroken = true;
      return [];
    }
    const command = isBroken ? 'M' : 'L';
    isBroken = false;
    return `${command}${toX(x)},${toY(y)}`;
  });
  const colour = colourOf(series);
  const look = `stroke="${colour}" stroke-width="${dash > 0 ? 2.25 : 1.5}" stroke-linecap="round" stroke-linejoin="round"${dashesOf(series)}`;
  const circles = lone.map(([x, y]) => `<circle cx="${toX(x)}" cy="${toY(y!)}" r="4.5" fill="${colour}" stroke="none"/>`);
  return `<g class="${classOf(series)}" fill="none" ${look}>${path.length > 0 ? `<path d="${path.join('')}"/>` : ''}${circles.join('')}</g>`;
}

/** Names beside pieces of their lines, in as many rows as they need. */
function legendOf({ series }: Chart): { readonly svg: string; readonly height: number } {
  let [x, y] = [edge, edge + 38];
  const entries = series.map((each) => {
    const length = swatch + 8 + each.name.length * letterWidth + 22;
    if (x > edge && x + length > width - edge) [x, y] = [edge, y + lineHeight];
    const place = `x1="${rounded(x)}" x2="${rounded(x + swatch)}" y1="${y - 4}" y2="${y - 4}"`;
    const line = `<line class="${classOf(each)}" ${place} stroke="${colourOf(each)}" stroke-width="2.5"${dashesOf(each)}/>`;
    const entry = `${line}${textAt(rounded(x + swatch + 8), y, each.name, ' text-anchor="start"')}`;
    x += length;
    return entry;
  });
  return { svg: entries.join(''), height: y - edge - 20 };
}

const textAt = (x: number, y: number, text: string, look = ''): string => `<text x="${x}" y="${y}"${look}>${escapeHtml(text)}</text>`;

const rounded = (value: number): number => Number(value.toFixed(2));

const dashesOf = (series: Series): string => (series.dash > 0 ? ` stroke-dasharray="${dashOf(series).lengths.join(' ')}"` : '');

const numberOf = ({ colour }: Series): number => colour % seriesColours.light.length;
const classOf = (series: Series): string => `line-${numberOf(series)}`;
const colourOf = (series: Series): string => seriesColours.light[numberOf(series)];
