// A line plot as SVG, for pages of this folder, in the style of rnn plot.
import { svgOf } from '../dist/reports/svg.js';

/**
 * @param {{ name: string, points: [number, number][] }[]} lines @param {{ x: string, y: string }}
 * labels of the axes
 */
export function linePlot(lines, { x, y }) {
  const series = lines.map((line, index) => ({ ...line, run: index, colour: index, isValidation: false }));
  return svgOf([{ name: 'loss', title: '', unit: '', isLogarithmic: false, hasZero: false, horizontal: x, series }], y);
}
