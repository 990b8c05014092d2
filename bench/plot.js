// A line plot as SVG, for pages of this folder: light and dark, each line named at its end.

const [WIDTH, HEIGHT] = [860, 420];
const MARGIN = { left: 56, right: 220, top: 16, bottom: 44 };
/** Told apart by who sees no red or no green, too (Okabe and Ito, 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a8a8a', '#a0522d'];

/** @param {{ name: string, points: [number, number][] }[]} lines @param {{ x: string, y: string }} labels of the axes */
export function linePlot(lines, labels) {
  const xs = lines.flatMap(({ points }) => points.map(([x]) => x));
  const ys = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const [xTicks, yTicks] = [ticks(Math.min(0, ...xs), Math.max(...xs)), ticks(Math.min(...ys), Math.max(...ys))];
  const across = scale(xTicks, MARGIN.left, WIDTH - MARGIN.right);
  const down = scale(yTicks, HEIGHT - MARGIN.bottom, MARGIN.top);
  const ends = spread(lines.map(({ points }) => down(points.at(-1)[1])), 15);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img">`,
    '<style>text { fill: #333 } .grid { stroke: #ddd } @media (prefers-color-scheme: dark) { text { fill: #ccc } .grid { stroke: #444 } }</style>',
    ...yTicks.map((y) => `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${down(y)}" y2="${down(y)}"/><text x="${MARGIN.left - 8}" y="${down(y) + 4}" text-anchor="end">${label(y)}</text>`),
    ...xTicks.map((x) => `<text x="${across(x)}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${label(x)}</text>`),
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escape(labels.x)}</text>`,
    `<text transform="translate(14 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(labels.y)}</text>`,
    ...lines.flatMap(({ name, points }, index) => {
      const colour = COLOURS[index % COLOURS.length];
      return [
        `<polyline fill="none" stroke="${colour}" stroke-width="1.8" points="${points.map(([x, y]) => `${across(x).toFixed(1)},${down(y).toFixed(1)}`).join(' ')}"/>`,
        `<text x="${WIDTH - MARGIN.right + 8}" y="${ends[index] + 4}" style="fill: ${colour}">${escape(name)}</text>`,
      ];
    }),
    '</svg>\n',
  ].join('\n');
}

/** Round numbers from one at or below the least to one at or above the most. */
function ticks(least, most) {
  const rough = (most - least || 1) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.floor(least / step);
  return Array.from({ length: Math.ceil(most / step) - first + 1 }, (_, i) => (first + i) * step);
}

function scale(marks, from, to) {
  const [least, most] = [marks[0], marks.at(-1)];
  return (value) => from + ((value - least) / (most - least)) * (to - from);
}

/** Heights, moved apart until each two are so far from each other. */
function spread(heights, gap) {
  const order = heights.map((_, index) => index).toSorted((a, b) => heights[a] - heights[b]);
  const moved = [...heights];
  for (const [rank, index] of order.entries()) if (rank > 0) moved[index] = Math.max(moved[index], moved[order[rank - 1]] + gap);
  // What was pushed below the plot comes up again, and pushes up what is in its way.
  let lowest = HEIGHT - MARGIN.bottom;
  for (const index of order.toReversed()) {
    moved[index] = Math.min(moved[index], lowest);
    lowest = moved[index] - gap;
  }
  return moved;
}

const label = (value) => Number(value.toPrecision(6)).toLocaleString('en');
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
