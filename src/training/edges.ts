// Whether the best trial lies at an end of the range that was searched, and where to search next. Values are texts, as on a command line.
import type { Axis, Distribution, Setting } from './search.ts';

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

/** As far from an end, as a part of the range, a value drawn is still at that end. */
const NEAR_END = 0.1;
/** How far the next range reaches, as parts of the range that was searched: the first that the option can have. */
const REACHES = [1, 0.5, NEAR_END];
const DIGITS = 3;
/** More of them say nothing of the model. */
const withoutOrder = new Set(['seed']);

/**
 * @param best the options of the best trial
 * @param isValue whether an option can have a value
 */
export function edgesOf(
  axes: readonly Axis<Distribution>[],
  best: readonly Setting[],
  isValue: (option: string, value: string) => boolean,
): Edge[] {
  return axes.flatMap(({ option, values }) => {
    const value = best.find((setting) => setting.option === option)?.value;
    if (value === undefined || withoutOrder.has(option)) return [];
    const end = values.kind === 'choice' ? endOfList(values.values, value) : endOfRange(values, Number(value));
    if (end === null) return [];
    const fits = (next: string): boolean => isValue(option, next);
    const next = values.kind === 'choice' ? beyondList(values.values, end, fits) : beyondRange(values, end, fits);
    return next === null ? [] : [{ option, value, end, next, isRange: values.kind === 'range' }];
  });
}

type End = Edge['end'];
type Range = Extract<Distribution, { kind: 'range' }>;

function numbersOf(values: readonly string[]): number[] {
  const numbers = values.map(Number).toSorted((a, b) => a - b);
  return numbers.some(Number.isNaN) ? [] : numbers;
}

function endOfList(values: readonly string[], value: string): End | null {
  const numbers = numbersOf(values);
  if (numbers.length < 2) return null;
  if (Number(value) === numbers[0]) return 'lowest';
  return Number(value) === numbers.at(-1) ? 'highest' : null;
}

/** Two more values, as far apart as the last two are: by a factor, or by a difference where there is a zero. */
function beyondList(values: readonly string[], end: End, fits: (next: string) => boolean): string | null {
  const numbers = numbersOf(values);
  const [last, before] = end === 'lowest' ? numbers : numbers.toReversed();
  const isFactor = numbers[0] > 0;
  const isWhole = numbers.every(Number.isInteger);
  const next = [1, 2].map((times) => rounded(isFactor ? last * (last / before) ** times : last + times * (last - before), isWhole));
  const fitting = [...new Set(next)].filter((each) => Number(each) !== last && fits(each));
  return fitting.length === 0 ? null : fitting.join();
}

function endOfRange({ low, high, logarithmic }: Range, value: number): End | null {
  const scale = logarithmic ? Math.log : (x: number): number => x;
  const place = (scale(value) - scale(low)) / (scale(high) - scale(low));
  if (place <= NEAR_END) return 'lowest';
  return place >= 1 - NEAR_END ? 'highest' : null;
}

function beyondRange({ low, high, logarithmic, whole }: Range, end: End, fits: (next: string) => boolean): string | null {
  const sign = end === 'lowest' ? -1 : 1;
  const from = end === 'lowest' ? low : high;
  const to = REACHES.map((reach) =>
    rounded(logarithmic ? from * (high / low) ** (sign * reach) : from + sign * reach * (high - low), whole),
  ).find((each) => Number(each) !== from && fits(each));
  if (to === undefined) return null;
  const ends = end === 'lowest' ? [to, from] : [from, to];
  return `${logarithmic ? 'log:' : ''}${ends.join('..')}`;
}

const rounded = (value: number, isWhole: boolean): string => String(isWhole ? Math.round(value) : Number(value.toPrecision(DIGITS)));
