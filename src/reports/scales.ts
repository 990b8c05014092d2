// The axes of charts, by the scales of d3. The build bundles what this file uses of d3
// (build/rolldown.config.js).
import { scaleLinear, scaleLog } from 'd3-scale';
import type { Chart } from './charts.ts';

/** A part of the horizontal axis. */
export type Range = readonly [from: number, to: number];

export interface Scale {
  /** From 0, the lowest value, to 1. */
  readonly place: (value: number) => number;
  /** The value at such a place. */
  readonly valueAt: (place: number) => number;
  readonly ticks: readonly number[];
}

/**
 * @param ticks about how many the axis should have @param range of what is seen of it; all from 0
 * on unless given
 */
export function horizontalScale(chart: Chart, ticks: number, range: Range | null = null): Scale {
  const places = chart.series.flatMap(({ points }) => points.map(([x]) => x));
  const scale = scaleOf(range ?? places, { isLogarithmic: false, hasZero: range === null, isExact: true, ticks });
  // Of what is counted, as steps are, nothing is between whole numbers.
  return places.every(Number.isInteger) ? { ...scale, ticks: scale.ticks.filter(Number.isInteger) } : scale;
}

/** The same; for the points in the range, if there are any. */
export function verticalScale(
  { series, isLogarithmic, hasZero }: Chart,
  ticks: number,
  range: Range | null = null,
): Scale {
  const points = series.flatMap((each) => each.points.flatMap(([x, y]) => (y === null ? [] : { x, y })));
  const seen = range === null ? [] : points.filter(({ x }) => x >= range[0] && x <= range[1]);
  const values = (seen.length > 0 ? seen : points).map(({ y }) => y);
  return scaleOf(values, { isLogarithmic, hasZero, isExact: false, ticks });
}

function scaleOf(
  values: readonly number[],
  {
    isLogarithmic,
    hasZero,
    isExact,
    ticks,
  }: { isLogarithmic: boolean; hasZero: boolean; isExact: boolean; ticks: number },
): Scale {
  let [min, max] = [hasZero ? 0 : Infinity, -Infinity];
  for (const value of values) [min, max] = [Math.min(min, value), Math.max(max, value)];
  // A constant line needs room, too.
  if (min === max) [min, max] = isLogarithmic ? [min / 2, max * 2] : [min - 0.5, max + 0.5];
  const scale = (isLogarithmic ? scaleLog() : scaleLinear()).domain([min, max]).range([0, 1]);
  if (!isExact) scale.nice(ticks);
  const all = scale.ticks(ticks);
  return {
    place: (value) => scale(value),
    valueAt: (place) => scale.invert(place),
    ticks: isLogarithmic ? all.filter((tick) => scale.tickFormat(ticks)(tick) !== '') : all,
  };
}
