// Charts as one SVG for papers and web pages, light and dark: the first chart is large, the other
// charts are small below it.
import { checkpointError } from '../errors.ts';
import { drawChart, roundPixel, strokeOf, textAt } from './chart-svg.ts';
import { type Chart, titleWithUnit } from './charts.ts';
import { lineStyle } from './colours.ts';
import { escapeHtml } from './html.ts';
import { pictureMarker } from './markers.ts';

const width = 960;
const large = 380;
const small = 230;
const gap = 24;
const edge = 20;
const margin = { left: 48, right: 8, top: 28, bottom: 36 };
const lineHeight = 20;
/** Average width of a letter in the font of the legend. */
const letterWidth = 6.4;
const swatch = 22;

/** Programs that do not read style sheets show the colours for light paper. */
const style = `.rnn { color-scheme: light dark; color: light-dark(#1a1c20, #e9eaed) } .paper { fill: light-dark(#ffffff, #131418) } ${lineStyle}`;

/**
 * @param title shown above the picture, and read by screen readers
 * @throws RnnError `checkpoint` if there are no charts
 */
export function svgOf(charts: readonly Chart[], title: string): string {
  if (charts.length === 0) throw checkpointError('cannot draw the charts: no line has a point');
  const [first, ...others] = charts;
  const legend = legendOf(first);
  const top = edge + 34 + legend.height;
  const across = (width - 2 * edge - gap * (others.length - 1)) / others.length;
  const height = top + large + (others.length === 0 ? 0 : gap + small) + edge;
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const look =
    'color="#1a1c20" fill="currentColor" font-family="system-ui, sans-serif" font-size="12" text-anchor="middle"';
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
  const { svg } = drawChart(chart, { width: across, height: down, margin });
  return `<g transform="translate(${roundPixel(left)},${top})">\n${textAt(0, 13, titleWithUnit(chart), ' text-anchor="start"')}\n${svg}\n</g>`;
}

/** Names next to pieces of their lines, in as many rows as necessary. */
function legendOf({ series }: Chart): { readonly svg: string; readonly height: number } {
  let [x, y] = [edge, edge + 38];
  const entries = series.map((each) => {
    const length = swatch + 8 + each.name.length * letterWidth + 22;
    if (x > edge && x + length > width - edge) [x, y] = [edge, y + lineHeight];
    const place = `x1="${roundPixel(x)}" x2="${roundPixel(x + swatch)}" y1="${y - 4}" y2="${y - 4}"`;
    const line = `<line ${place} stroke-width="2.5" ${strokeOf(each)}/>`;
    const entry = `${line}${textAt(roundPixel(x + swatch + 8), y, each.name, ' text-anchor="start"')}`;
    x += length;
    return entry;
  });
  return { svg: entries.join(''), height: y - edge - 20 };
}
