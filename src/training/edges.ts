// Whether the best trial lies at an end of the range that was searched, and where to search next.
// Values are texts, as on a command line.
import { type Axis, type SearchRange, type TrialSetting, roundValue } from './search.ts';

/** An option whose best value is at an end of the range that was searched. */
export interface Edge {
  readonly option: string;
  /** The best value. */
  readonly value: string;
  readonly end: 'lowest' | 'highest';
  /** The values, or the range, beyond that end, as `--grid` and `--sample` take them. */
  readonly next: string;
  /** The values were sampled from a range, and the best is near its end. */
  readonly isRange: boolean;
}

/** A value sampled from a range is at an end if it is this close, as a fraction of the range. */
const NEAR_END = 0.1;
/**
 * How far the next range may reach, as fractions of the range that was searched. The first that the
 * option allows is used.
 */
const REACHES = [1, 0.5, NEAR_END];

/**
 * @param best the options of the best trial
 * @param isValue whether an option can have a value
 */
export function edgesOf(
  axes: readonly Axis[],
  best: readonly TrialSetting[],
  isValue: (setting: TrialSetting) => boolean,
): Edge[] {
  return axes.flatMap(({ option, values }) => {
    // A higher seed is not better.
    if (option === 'seed') return [];
    const { value } = best.find((setting) => setting.option === option)!;
    const range = 'low' in values ? values : null;
    const numbers = 'low' in values ? [values.low, values.high] : values.map(Number).toSorted((a, b) => a - b);
    const end = endOf(numbers, Number(value), range === null ? 0 : NEAR_END, range?.logarithmic);
    if (end === null) return [];
    const [last, before] = end === 'lowest' ? numbers : numbers.toReversed();
    const isFactor = range?.logarithmic ?? numbers[0] > 0;
    const isWhole = range?.whole ?? numbers.every(Number.isInteger);
    /**
     * A number `times` steps beyond the end. A step is the factor or the difference between the end
     * and the number before it.
     */
    const beyond = (times: number): number =>
      roundValue(isFactor ? last * (last / before) ** times : last + times * (last - before), isWhole);
    const fits = (next: number): boolean => next !== last && isValue({ option, value: String(next) });
    const next =
      range === null
        ? [...new Set([1, 2].map(beyond))].filter(fits).join()
        : rangeFrom(last, REACHES.map(beyond).find(fits), range);
    return next === '' ? [] : [{ option, value, end, next, isRange: range !== null }];
  });
}

const rangeFrom = (last: number, next: number | undefined, { logarithmic }: SearchRange): string =>
  next === undefined ? '' : `${logarithmic ? 'log:' : ''}${[last, next].toSorted((a, b) => a - b).join('..')}`;

/**
 * The end of the range at which a value lies. Null between the ends, for a single number, and if
 * some values are not numbers.
 *
 * @param numbers sorted
 * @param tolerance how far from an end a value may be, as a fraction of the range
 */
function endOf(numbers: readonly number[], value: number, tolerance: number, logarithmic = false): Edge['end'] | null {
  if (numbers.some(Number.isNaN)) return null;
  const [low, high, best] = [numbers[0], numbers.at(-1)!, value].map((x) => (logarithmic ? Math.log(x) : x));
  const fraction = (best - low) / (high - low);
  if (fraction <= tolerance) return 'lowest';
  return fraction >= 1 - tolerance ? 'highest' : null;
}
