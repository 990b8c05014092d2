// Charts as one SVG for papers and pages, light and dark: the first large, the others small below it. Observable Plot draws them.
import { RnnError } from '../errors.ts';
import { type Chart, type Series, isCounted, lonePoints } from './charts.ts';
import { seriesColours } from './colours.ts';
import { dashOf } from './dashes.ts';
import { tickText } from './numbers.ts';
import { escapeHtml } from './escape.ts';
import { pictureMarker } from './markers.ts';

const width = 960;
const large = 380;
const small = 230;
const gap = 24;
const edge = 20;
const lineHeight = 20;
/** Of the legend's font, on average. */
const letterWidth = 6.4;
const swatch = 22;

/** Programs that do not read style sheets show what is meant for light paper. */
const style = [
  '@media (prefers-color-scheme: dark) { .rnn { color: #e9eaed } .paper { fill: #131418 }',
  ...seriesColours.dark.map((colour, index) => `.line-${index} { stroke: ${colour} } .line-${index} circle { fill: ${colour} }`),
  '}',
].join(' ');

/**
 * @param title what is in the picture, above it and for who cannot see it
 * @throws RnnError `checkpoint` if there is nothing in it
 */
export async function svgOf(charts: readonly Chart[], title: string): Promise<string> {
  if (charts.length === 0) throw new RnnError('checkpoint', 'nothing to draw: no line has a point');
  const { openPlot } = await import('./observable.ts');
  const { Plot, document } = openPlot();

  const draw = (chart: Chart, x: number, y: number, [across, down]: readonly [number, number]): string => {
    const lines = chart.series.toReversed().flatMap((each) => {
      const look = { x: '0', y: '1', className: `line-${lineOf(each)}` };
      const [colour, lone] = [seriesColours.light[lineOf(each)], lonePoints(each.points)];
      return [
        ...(lone.length === each.points.length
          ? []
          : [Plot.line(each.points, { ...look, stroke: colour, strokeWidth: each.dash > 0 ? 2.25 : 1.5, ...dashed(each) })]),
        ...(lone.length === 0 ? [] : [Plot.dot(lone, { ...look, fill: colour, r: 4.5 })]),
      ];
    });
    const drawn = Plot.plot({
      width: across,
      height: down,
      marginLeft: 48,
      marginRight: 8,
      marginTop: 28,
      marginBottom: 36,
      document,
      x: {
        label: chart.horizontal,
        labelArrow: 'none',
        labelAnchor: 'center',
        tickFormat: isCounted(chart) ? wholeText : tickText,
        ticks: across / 90,
        tickSize: 0,
        zero: true,
      },
      y: {
        label: [chart.title, chart.unit].filter((part) => part !== '').join(', ') || null,
        labelArrow: 'none',
        labelOffset: 48,
        type: chart.isLogarithmic ? 'log' : 'linear',
        zero: chart.hasZero,
        nice: true,
        grid: true,
        tickFormat: tickText,
        ticks: down / 50,
        tickSize: 0,
      },
      marks: lines,
    });
    // Its own style sheet is for pages.
    drawn.querySelector('style')?.remove();
    return `<g transform="translate(${x},${y})">${drawn.innerHTML}</g>`;
  };

  const legend = legendOf(charts[0]);
  const top = edge + 34 + legend.height;
  const [first, ...others] = charts;
  const across = others.length === 0 ? 0 : (width - 2 * edge - gap * (others.length - 1)) / others.length;
  const height = top + large + (others.length === 0 ? 0 : gap + small) + edge;
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const look = 'color="#1a1c20" fill="currentColor" font-family="system-ui, sans-serif" font-size="12" text-anchor="middle"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${pictureMarker} ${size} ${look} role="img" aria-label="${escapeHtml(title)}">`,
    `<title>${escapeHtml(title)}</title><style>${style}</style><rect class="paper" width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${edge}" y="${edge + 12}" font-size="16" font-weight="600" text-anchor="start">${escapeHtml(title)}</text>`,
    legend.html,
    draw(first, edge, top, [width - 2 * edge, large]),
    ...others.map((chart, index) => draw(chart, edge + index * (across + gap), top + large + gap, [across, small])),
    '</svg>\n',
  ].join('\n');
}

const wholeText = (value: number): string => (Number.isInteger(value) ? tickText(value) : '');

/** Names beside pieces of their lines, in as many rows as they need. */
function legendOf({ series }: Chart): { html: string; height: number } {
  let [x, y] = [edge, edge + 38];
  const entries = series.map((each) => {
    const length = swatch + 8 + each.name.length * letterWidth + 22;
    if (x > edge && x + length > width - edge) [x, y] = [edge, y + lineHeight];
    const place = `x1="${x}" x2="${x + swatch}" y1="${y - 4}" y2="${y - 4}"`;
    const dashes = each.dash > 0 ? ` stroke-dasharray="${dashed(each).strokeDasharray}"` : '';
    const colour = seriesColours.light[lineOf(each)];
    const line = `<line class="line-${lineOf(each)}" ${place} stroke="${colour}" stroke-width="2.5"${dashes}/>`;
    const entry = `${line}<text x="${x + swatch + 8}" y="${y}" text-anchor="start">${escapeHtml(each.name)}</text>`;
    x += length;
    return entry;
  });
  return { html: entries.join(''), height: y - edge - 20 };
}

const dashed = (series: Series): { strokeDasharray?: string } =>
  series.dash > 0 ? { strokeDasharray: dashOf(series).lengths.join(' ') } : {};

const lineOf = ({ colour }: Series): number => colour % seriesColours.light.length;
