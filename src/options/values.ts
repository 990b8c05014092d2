// Parses numbers and durations from a command line, strictly: a text that is not completely
// understood is refused, with the flag, the value and the allowed values. Does not know the meaning
// of flags.
import { type RnnError, unexpected, usageError } from '../errors.ts';
import { nearestWord } from './suggest.ts';

/** The allowed range of a number. */
export interface NumberRange {
  /** Whole numbers only. */
  readonly whole?: boolean;
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
  readonly below?: number;
  /** 0 is allowed as well. */
  readonly orZero?: boolean;
}

/** The most characters of a value that a message shows. */
const MAX_SHOWN = 60;
const MIN_DURATION_MS = 1;
/** A million days. */
const MAX_DURATION_MS = 8.64e13;

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const units = [
  { unit: 'd', milliseconds: 86_400_000 },
  { unit: 'h', milliseconds: 3_600_000 },
  { unit: 'm', milliseconds: 60_000 },
  { unit: 's', milliseconds: 1000 },
] as const;
const durationPattern = /^(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/;

/** The text, shortened for a message. */
export const shorten = (text: string): string =>
  text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 3)}...` : text;

/** The value for a message, in quotes if white space would be overlooked or would end the line. */
function visible(value: string): string {
  if (value === '') return 'empty';
  return /^\s|\s$|[\n\r\t]/.test(value) ? shorten(JSON.stringify(value)) : shorten(value);
}

/** The usage error about a wrong value. */
export const badValue = (name: string, value: string, expected: string, hint?: string): RnnError =>
  usageError(unexpected(name, visible(value), expected), hint);

/**
 * Whether a number is finite and within all limits of a range. 0 is always within a range with
 * `orZero`.
 */
export function inRange(value: number, { whole, min, above, max, below, orZero }: NumberRange): boolean {
  if (orZero && value === 0) return true;
  return (
    Number.isFinite(value) &&
    (!whole || Number.isSafeInteger(value)) &&
    (min === undefined || value >= min) &&
    (above === undefined || value > above) &&
    (max === undefined || value <= max) &&
    (below === undefined || value < below)
  );
}

/** @throws a usage error unless the whole text is a decimal number in `range` */
export function parseNumber(flag: string, text: string, range: NumberRange): number {
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  if (!inRange(value, range)) throw badValue(flag, text, describeRange(range, limitBelow(value, range.whole)));
  return value;
}

/**
 * Milliseconds of `30s`, `3m`, `1.5h`, `2d` or a combination, `1h30m`.
 * @throws a usage error for anything else, and for a duration of zero
 */
export function parseDuration(flag: string, text: string): number {
  const match = durationPattern.exec(text);
  const total =
    match === null
      ? 0
      : units.reduce((sum, { milliseconds }, index) => sum + Number(match[index + 1] ?? 0) * milliseconds, 0);
  if (total <= 0) {
    const hint =
      decimal.test(text) && Number(text) > 0 ? `add a unit: ${flag} ${text}s, ${text}m or ${text}h` : undefined;
    throw badValue(flag, text, 'a duration such as 30s, 3m or 1.5h', hint);
  }
  if (total < MIN_DURATION_MS) throw badValue(flag, text, 'a duration of at least 0.001s');
  if (total > MAX_DURATION_MS) throw badValue(flag, text, 'a duration of at most 1000000d');
  return total;
}

/**
 * @param aliases other names of choices
 * @param otherwise the hint for a value that is not similar to any choice
 * @throws a usage error that lists the choices, and suggests the most similar choice
 */
export function parseChoice<Choice extends string>(
  flag: string,
  text: string,
  choices: readonly Choice[],
  aliases: Readonly<Record<string, Choice>> = {},
  otherwise?: string,
): Choice {
  const found = choices.find((choice) => choice === text) ?? (Object.hasOwn(aliases, text) ? aliases[text] : undefined);
  if (found !== undefined) return found;
  const nearest = nearestWord(text, choices);
  throw badValue(flag, text, `one of ${choices.join(', ')}`, nearest === null ? otherwise : `did you mean ${nearest}?`);
}

/**
 * @throws a usage error if the text is empty or contains a NUL character, which file names and
 * command lines cannot contain
 */
export function parseText(flag: string, text: string): string {
  if (text === '') throw badValue(flag, text, 'some text');
  if (text.includes('\0')) throw badValue(flag, text, 'a text without a NUL character');
  return text;
}

/** The limit of this program's numbers, if the value exceeds it. */
export function limitBelow(value: number, whole = false): string | undefined {
  if (whole) return value > Number.MAX_SAFE_INTEGER ? '2^53 − 1' : undefined;
  return value === Infinity ? '1.7e308' : undefined;
}

/** A whole number with thousands separators. `count` would load ICU data at each start. */
const withThousandsSeparators = (bound: number): string =>
  String(bound).replaceAll(/^\d+$/g, (digits) => digits.replaceAll(/\B(?=(\d{3})+$)/g, ','));

/** @param limit a limit that is mentioned only if the value exceeds it */
export function describeRange({ whole, min, above, max, below, orZero }: NumberRange, limit?: string): string {
  const upper = max === undefined ? (below === undefined ? limit : undefined) : withThousandsSeparators(max);
  const bounds = [
    min !== undefined && upper !== undefined ? `from ${withThousandsSeparators(min)} to ${upper}` : undefined,
    min !== undefined && upper === undefined ? `of at least ${withThousandsSeparators(min)}` : undefined,
    above === undefined ? undefined : `above ${withThousandsSeparators(above)}`,
    min === undefined && upper !== undefined ? `${above === undefined ? 'of ' : ''}at most ${upper}` : undefined,
    below === undefined ? undefined : `below ${withThousandsSeparators(below)}`,
  ].filter((bound) => bound !== undefined);
  return `${whole ? 'a whole number' : 'a number'}${bounds.length > 0 ? ` ${bounds.join(' and ')}` : ''}${orZero ? ', or 0' : ''}`;
}
