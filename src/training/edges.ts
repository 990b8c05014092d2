// Whether the best trial lies at an end of the range that was searched, and where to search next.
// Values are texts, as on a command line.
import { type Axis, type Range, type Setting, rounded } from './search.ts';

/** An option whose best value is at an end of the range that was searched. */
export interface Edge {
  readonly option: string;
  /** The best value. */
  readonly value: string;
  readonly end: 'lowest' | 'highest';
  /** The values, or the range, beyond that end, as `--grid` and `--sample` take them. */
  readonly next: string;
  /** The values were drawn from a range, and the best is near its end. */
  readonly isRange: boolean;
}

/** A value that is drawn from a range is at an end if it is this close, as a part of the range. */
const NEAR_END = 0.1;
/**
 * How far the next range reaches, as parts of the range that was searched. The first that the
 * option allows is taken.
 */
const REACHES = [1, 0.5, NEAR_END];

/**
 * @param best the options of the best trial
 * @param isValue whether an option can have a value
 */
export function edgesOf(
  axes: readonly Axis[],
  best: readonly Setting[],
  isValue: (setting: Setting) => boolean,
): Edge[] {
  return axes.flatMap(({ option, values }) => {
    // A higher seed is not better.
    if (option === 'seed') return [];
    const { value } = best.find((setting) => setting.option === option)!;
    const isRange = 'low' in values;
    const numbers = isRange ? [values.low, values.high] : values.map(Number).toSorted((a, b) => a - b);
    const end = isRange
      ? endOf(numbers, Number(value), NEAR_END, values.logarithmic)
      : endOf(numbers, Number(value), 0);
    if (end === null) return [];
    const fits = (next: number): boolean => isValue({ option, value: String(next) });
    const next = isRange ? beyondRange(values, end, fits) : beyondList(numbers, end, fits);
    return next === null ? [] : [{ option, value, end, next, isRange }];
  });
}

/**
 * Null between the ends, for a single number, and where some values are not numbers.
 *
 * @param numbers sorted
 * @param tolerance how far from an end a value may be, as a part of the range
 */
function endOf(numbers: readonly number[], value: number, tolerance: number, logarithmic = false): Edge['end'] | null {
  if (numbers.some(Number.isNaN)) return null;
  const [low, high, best] = [numbers[0], numbers.at(-1)!, value].map((x) => (logarithmic ? Math.log(x) : x));
  const place = (best - low) / (high - low);
  if (place <= tolerance) return 'lowest';
  return place >= 1 - tolerance ? 'highest' : null;
}

/**
 * Two more values, as far apart as the last two are: by a factor, or by a difference where there is
 * a zero.
 */
function beyondList(numbers: readonly number[], end: Edge['end'], fits: (next: number) => boolean): string | null {
  const [last, before] = end === 'lowest' ? numbers : numbers.toReversed();
  const isFactor = numbers[0] > 0;
  const isWhole = numbers.every(Number.isInteger);
  const next = [1, 2].map((times) =>
    rounded(isFactor ? last * (last / before) ** times : last + times * (last - before), isWhole),
  );
  const fitting = [...new Set(next)].filter((each) => each !== last && fits(each));
  return fitting.length === 0 ? null : fitting.join();
}

function beyondRange(
  { low, high, logarithmic, whole }: Range,
  end: Edge['end'],
  fits: (next: number) => boolean,
): string | null {
  const [from, opposite] = end === 'lowest' ? [low, high] : [high, low];
  const to = REACHES.map((reach) =>
    rounded(logarithmic ? from * (from / opposite) ** reach : from + reach * (from - opposite), whole),
  ).find((each) => each !== from && fits(each));
  return to === undefined ? null : `${logarithmic ? 'log:' : ''}${[from, to].toSorted((a, b) => a - b).join('..')}`;
}
