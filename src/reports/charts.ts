// The curves of runs as charts, as plain data. Does not know how charts are drawn.
import { type ChartName, type Horizontal, chartNames } from '../options/choices.ts';
import type { Curves, Moment, Report } from '../training/curves.ts';
import { thin } from './thin.ts';

export interface NamedCurves {
  readonly name: string;
  readonly curves: Pick<Curves, 'reports' | 'evaluations'>;
}

/** From left to right; y is null where the line has a gap. */
export type Point = readonly [x: number, y: number | null];

export interface Series {
  readonly name: string;
  /** Which of the runs it belongs to. */
  readonly run: number;
  /** The first, second … of all colours. */
  readonly colour: number;
  /**
   * Tells it from others of its colour, as reports/dashes.ts has them: 0 is a whole line, as of
   * training, and 1 that of validation.
   */
  readonly dash: number;
  readonly points: readonly Point[];
}

export interface Chart {
  /** Of its places in a page. */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** Then whatever is not above zero has no place on it, and is a gap. */
  readonly isLogarithmic: boolean;
  /** Whether it is read from zero up. */
  readonly hasZero: boolean;
  readonly horizontal: string;
  readonly series: readonly Series[];
}

export interface ChartOptions {
  readonly horizontal: Horizontal;
  /** Those to make; all unless given. */
  readonly only?: readonly ChartName[];
  /** From 0, the training loss as it is, to below 1: how much of it the loss before has. */
  readonly smoothing?: number;
  readonly logarithmicLoss?: boolean;
  /** How many places there are beside each other; all that is known is drawn unless given. */
  readonly places?: number;
}

/** What is measured at each report, and how a chart of it is read. */
export const measures = [
  { name: 'loss', title: 'Loss', unit: 'nats per character', column: 'lossNats', isLogarithmic: false, hasZero: false },
  {
    name: 'gradient',
    title: 'Gradient norm',
    unit: 'before clipping',
    column: 'gradientNorm',
    isLogarithmic: true,
    hasZero: false,
  },
  {
    name: 'rate',
    title: 'Learning rate',
    unit: 'per step',
    column: 'learningRate',
    isLogarithmic: false,
    hasZero: true,
  },
  {
    name: 'speed',
    title: 'Speed',
    unit: 'characters per second',
    column: 'charactersPerSecond',
    isLogarithmic: false,
    hasZero: true,
  },
] as const satisfies readonly (Omit<Chart, 'series' | 'horizontal'> & { column: keyof Report })[];

export const measuredColumns = measures.map(({ column }) => column);

/** The charts of which there is anything to draw. */
export function chartsOf(
  runs: readonly NamedCurves[],
  { horizontal, only = chartNames, smoothing = 0, logarithmicLoss = false, places = Infinity }: ChartOptions,
): Chart[] {
  const { title, pointsOf } = axisOf(runs, horizontal);
  const thinned = runs.map(({ curves }) => thin(curves.reports, measuredColumns, places));
  const isOne = runs.length === 1;
  return measures
    .filter(({ name }) => only.includes(name))
    .map(({ column, ...measure }) => {
      const isLoss = measure.name === 'loss';
      const isLogarithmic = measure.isLogarithmic || (isLoss && logarithmicLoss);
      /** The lines of one run have a colour each; those of several are told apart by run. */
      const line = (
        run: number,
        dash: 0 | 1,
        moments: readonly Moment[],
        values: readonly (number | null)[],
      ): Series => ({
        name: isLoss
          ? `${isOne ? '' : `${runs[run].name}, `}${dash === 0 ? 'training' : 'validation'}`
          : runs[run].name,
        run,
        colour: isOne ? dash : run,
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
        isLogarithmic,
        horizontal: title,
        series: series.filter(({ points }) => points.some(([, y]) => y !== null)),
      };
    })
    .filter(({ series }) => series.length > 0);
}

/** What there is nothing of, where there is no chart at all. */
export function whatIsMissing({ horizontal, only = chartNames }: ChartOptions): string {
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
  characters: { title: 'characters read', column: 'characters', unit: 1 },
  seconds: { title: 'seconds', column: 'elapsedMs', unit: 1000 },
  minutes: { title: 'minutes', column: 'elapsedMs', unit: 60_000 },
  hours: { title: 'hours', column: 'elapsedMs', unit: 3_600_000 },
} as const;

/** Time is told in the unit that suits the longest of the runs. */
function axisOf(runs: readonly NamedCurves[], horizontal: Horizontal): HorizontalAxis {
  const longestMs = Math.max(...runs.map(({ curves }) => curves.reports.at(-1)?.elapsedMs ?? 0));
  const { title, column, unit } = axes[horizontal === 'time' ? unitOfTime(longestMs) : horizontal];
  const pointsOf: HorizontalAxis['pointsOf'] = (moments, values) =>
    moments.flatMap((moment, index) => {
      const x = moment[column];
      return x === null ? [] : [[x / unit, values[index]] as const];
    });
  return { title, pointsOf };
}

/** Whichever leaves numbers of one to three digits. */
export function unitOfTime(milliseconds: number): 'seconds' | 'minutes' | 'hours' {
  return milliseconds < 2 * axes.minutes.unit ? 'seconds' : milliseconds < 2 * axes.hours.unit ? 'minutes' : 'hours';
}

/** The pieces of a line between its gaps, which are null. */
export function unbroken<Point>(points: readonly (Point | null)[]): Point[][] {
  const pieces: Point[][] = [[]];
  for (const point of points)
    if (point === null) pieces.push([]);
    else pieces.at(-1)!.push(point);
  return pieces.filter(({ length }) => length > 0);
}

/** The mean of all values up to each, weighted by `smoothing` to the power of their distance. */
export function smooth(values: readonly (number | null)[], smoothing: number): (number | null)[] {
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    [sum, weight] = [sum * smoothing + value, weight * smoothing + 1];
    return sum / weight;
  });
}
