// Line plots as SVG, for pages of this folder, in the style of rnn plot.
import { svgOf } from '../dist/reports/svg.js';

/**
 * @param {{ name: string, points: [number, number][] }[]} lines @param {{ x: string, y: string }}
 * labels of the axes
 */
export function linePlot(lines, { x, y }) {
  return plots([{ title: '', horizontal: x, lines }], y);
}

/** Several charts, the first one large. The legend is of the first. */
export function plots(charts, title) {
  const filled = charts.map(
    ({ title: name, unit = '', isLogarithmic = false, hasZero = false, horizontal, lines }) => ({
      name: 'loss',
      title: name,
      unit,
      isLogarithmic,
      hasZero,
      horizontal,
      series: lines.map((line, index) => ({ ...line, run: index, colour: index, dash: 0 })),
    }),
  );
  return svgOf(filled, title);
}
