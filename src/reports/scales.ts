// The axes of charts, with the scales of d3. The build bundles the parts of d3 that this file uses
// (build/rolldown.config.js).
import { scaleLinear, scaleLog } from 'd3-scale';
import type { Chart } from './charts.ts';

/** A part of the horizontal axis. */
export type Interval = readonly [from: number, to: number];

/** Converts between values and positions on an axis. */
export interface Scale {
  /** The position of a value: 0 for the lowest, 1 for the highest. */
  readonly place: (value: number) => number;
  /** The value at a position. */
  readonly valueAt: (place: number) => number;
  readonly ticks: readonly number[];
}

/**
 * @param ticks approximate number of ticks
 * @param range the visible part of the axis. All of it by default
 */
export function horizontalScale(chart: Chart, ticks: number, range: Interval | null = null): Scale {
  const places = chart.series.flatMap(({ points }) => points.map(([x]) => x));
  const scale = scaleOf(range ?? places, { isLogarithmic: false, hasZero: range === null, isExact: true, ticks });
  // Counts, such as steps, have no ticks between integers.
  return places.every(Number.isInteger) ? { ...scale, ticks: scale.ticks.filter(Number.isInteger) } : scale;
}

/** The vertical axis for the points in the range, or for all points if none is in the range. */
export function verticalScale(
  { series, isLogarithmic, hasZero }: Chart,
  ticks: number,
  range: Interval | null = null,
): Scale {
  const points = series.flatMap((each) => each.points.flatMap(([x, y]) => (y === null ? [] : { x, y })));
  const visible = range === null ? [] : points.filter(({ x }) => x >= range[0] && x <= range[1]);
  const values = (visible.length > 0 ? visible : points).map(({ y }) => y);
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
  // A constant line also needs some height.
  if (min === max) [min, max] = isLogarithmic ? [min / 2, max * 2] : [min - 0.5, max + 0.5];
  const scale = (isLogarithmic ? scaleLog() : scaleLinear()).domain([min, max]).range([0, 1]);
  if (!isExact) scale.nice(ticks);
  const ticksOfScale = scale.ticks(ticks);
  return {
    place: (value) => scale(value),
    valueAt: (place) => scale.invert(place),
    ticks: isLogarithmic ? ticksOfScale.filter((tick) => scale.tickFormat(ticks)(tick) !== '') : ticksOfScale,
  };
}
