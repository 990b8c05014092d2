// The curves of runs as charts, in plain data. Does not draw them.
import { type ChartName, type Horizontal, chartNames, tokenName } from '../options/choices.ts';
import type { Curves, Moment, Report } from '../training/curves.ts';
import { thinRows } from './thin.ts';

/** The curves of a run, with the name of the run. */
export interface NamedCurves {
  readonly name: string;
  /** Without a level, tokens are characters. */
  readonly curves: Pick<Curves, 'reports' | 'evaluations'> & Partial<Pick<Curves, 'level'>>;
}

/** y is null where the line has a gap. */
export type Point = readonly [x: number, y: number | null];

/** A line of a chart. */
export interface Series {
  readonly name: string;
  /** Index of the run. */
  readonly run: number;
  /** Index of the colour. */
  readonly colour: number;
  /**
   * Index of the dash pattern in reports/dashes.ts, which distinguishes lines of the same colour. 0
   * is a solid line, as for the training loss, and 1 is for the validation loss.
   */
  readonly dash: number;
  /** In ascending order of x. */
  readonly points: readonly Point[];
}

/** A chart with one or more lines. */
export interface Chart {
  /** A value of `rnn plot --only`, and the prefix of the ids of its elements in a page. */
  readonly name: string;
  readonly title: string;
  /** Empty if the values have no unit. */
  readonly unit: string;
  /** Whether the vertical axis is logarithmic. Values that are not positive then become gaps. */
  readonly isLogarithmic: boolean;
  /** Whether the vertical axis includes zero. */
  readonly hasZero: boolean;
  readonly horizontal: string;
  readonly series: readonly Series[];
}

/** Which charts to make, and how. */
export interface ChartOptions {
  readonly horizontal: Horizontal;
  /** The charts to make. All by default. */
  readonly only?: readonly ChartName[];
  /** Weight of the preceding loss in the smoothed training loss: 0 (no smoothing) to below 1. */
  readonly smoothing?: number;
  readonly logarithmicLoss?: boolean;
  /** Number of horizontal positions of the picture. All points are kept by default. */
  readonly places?: number;
}

/** The measures of each report, and how to show them in a chart. */
export const measures = [
  { name: 'loss', title: 'Loss', unit: 'nats per token', column: 'lossNats', isLogarithmic: false, hasZero: false },
  {
    name: 'gradient',
    title: 'Gradient norm', // before clipping
    unit: '',
    column: 'gradientNorm',
    isLogarithmic: true,
    hasZero: false,
  },
  {
    name: 'rate',
    title: 'Learning rate',
    unit: '',
    column: 'learningRate',
    isLogarithmic: false,
    hasZero: true,
  },
  {
    name: 'speed',
    title: 'Speed',
    unit: 'tokens per second',
    column: 'charactersPerSecond',
    isLogarithmic: false,
    hasZero: true,
  },
] as const satisfies readonly (Omit<Chart, 'series' | 'horizontal'> & { column: keyof Report })[];

/** The members of a report that have a chart. */
export const measuredColumns = measures.map(({ column }) => column);

/** Makes the charts that have at least one point. */
export function chartsOf(
  runs: readonly NamedCurves[],
  { horizontal, only = chartNames, smoothing = 0, logarithmicLoss = false, places = Infinity }: ChartOptions,
): Chart[] {
  const { title, pointsOf } = axisOf(runs, horizontal);
  const thinned = runs.map(({ curves }) => thinRows(curves.reports, measuredColumns, places));
  const isSingleRun = runs.length === 1;
  return measures
    .filter(({ name }) => only.includes(name))
    .map(({ column, ...measure }) => {
      const isLoss = measure.name === 'loss';
      const isLogarithmic = measure.isLogarithmic || (isLoss && logarithmicLoss);
      /**
       * The lines of a single run have different colours. Several runs are distinguished by colour.
       */
      const line = (
        run: number,
        dash: 0 | 1,
        moments: readonly Moment[],
        values: readonly (number | null)[],
      ): Series => ({
        name: isLoss
          ? `${isSingleRun ? '' : `${runs[run].name}, `}${dash === 0 ? 'training' : 'validation'}`
          : runs[run].name,
        run,
        colour: isSingleRun ? dash : run,
        dash,
        points: pointsOf(
          moments,
          values.map((value) => (value !== null && isLogarithmic && value <= 0 ? null : value)),
        ),
      });
      const series = thinned.flatMap((reports, run) => {
        const values = reports.map((report) => report[column]);
        if (!isLoss) return [line(run, 0, reports, values)];
        const { evaluations } = runs[run].curves;
        const validation = evaluations.map(({ validationLossNats }) => validationLossNats);
        return [line(run, 0, reports, smooth(values, smoothing)), line(run, 1, evaluations, validation)];
      });
      return {
        ...measure,
        unit: inTokensOf(runs, measure.unit),
        isLogarithmic,
        horizontal: title,
        series: series.filter(({ points }) => points.some(([, y]) => y !== null)),
      };
    })
    .filter(({ series }) => series.length > 0);
}

/** The title of a chart with its unit, if it has one. */
export const titleWithUnit = ({ title, unit }: Pick<Chart, 'title' | 'unit'>): string =>
  unit === '' ? title : `${title}, ${unit}`;

/** Writes characters or bytes instead of tokens, unless the runs have different levels. */
function inTokensOf(runs: readonly NamedCurves[], words: string): string {
  const levels = new Set(runs.map(({ curves: { level = 'char' } }) => level));
  const [level] = levels;
  return levels.size === 1 ? words.replace('token', tokenName(level)) : words;
}

/** Names the missing data, for an error if there are no charts at all. */
export function describeMissing({ horizontal, only = chartNames }: ChartOptions): string {
  const titles = measures.filter(({ name }) => only.includes(name)).map(({ title }) => title.toLowerCase());
  return `${titles.join(', ')} over ${horizontal === 'time' ? 'time' : axes[horizontal].title}`;
}

interface HorizontalAxis {
  readonly title: string;
  readonly pointsOf: (moments: readonly Moment[], values: readonly (number | null)[]) => Point[];
}

const axes = {
  step: { title: 'steps', column: 'step', unit: 1 },
  epoch: { title: 'epochs', column: 'epoch', unit: 1 },
  characters: { title: 'tokens read', column: 'characters', unit: 1 },
  seconds: { title: 'seconds', column: 'elapsedMs', unit: 1000 },
  minutes: { title: 'minutes', column: 'elapsedMs', unit: 60_000 },
  hours: { title: 'hours', column: 'elapsedMs', unit: 3_600_000 },
} as const;

/** Time has the unit that suits the longest run. */
function axisOf(runs: readonly NamedCurves[], horizontal: Horizontal): HorizontalAxis {
  const longestMs = Math.max(...runs.map(({ curves }) => curves.reports.at(-1)?.elapsedMs ?? 0));
  const { title, column, unit } = axes[horizontal === 'time' ? unitOfTime(longestMs) : horizontal];
  const pointsOf: HorizontalAxis['pointsOf'] = (moments, values) =>
    moments.flatMap((moment, index) => {
      const x = moment[column];
      return x === null ? [] : [[x / unit, values[index]] as const];
    });
  return { title: inTokensOf(runs, title), pointsOf };
}

/** The unit in which the number has one to three digits. */
export function unitOfTime(milliseconds: number): 'seconds' | 'minutes' | 'hours' {
  return milliseconds < 2 * axes.minutes.unit ? 'seconds' : milliseconds < 2 * axes.hours.unit ? 'minutes' : 'hours';
}

/** Splits a line at its gaps, which are null. */
export function splitAtGaps<Point>(points: readonly (Point | null)[]): Point[][] {
  const pieces: Point[][] = [[]];
  for (const point of points)
    if (point === null) pieces.push([]);
    else pieces.at(-1)!.push(point);
  return pieces.filter(({ length }) => length > 0);
}

/**
 * Exponential smoothing: the mean of all values so far, weighted by `smoothing` to the power of
 * their distance.
 */
export function smooth(values: readonly (number | null)[], smoothing: number): (number | null)[] {
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    [sum, weight] = [sum * smoothing + value, weight * smoothing + 1];
    return sum / weight;
  });
}
