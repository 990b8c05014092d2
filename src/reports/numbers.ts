// Numbers as charts write them. Pure.

/**
 * Made for the first number that is written: it takes a tenth of a second, which nobody who only
 * imports this should wait for.
 */
const formats = new Map<number, Intl.NumberFormat>();

/** @param digits that are shown at least; four that count at most */
function formatOf(digits: number): Intl.NumberFormat {
  const format =
    formats.get(digits) ??
    new Intl.NumberFormat('en', { notation: 'compact', minimumSignificantDigits: digits, maximumSignificantDigits: 4 });
  formats.set(digits, format);
  return format;
}

/** Of an axis: 1.5, 2.5k, 2e-4, 1e18. */
export const tickText = (value: number): string => numberText(value, 1);

/** Of a line: 1.500, 50.91k, 0.002; four digits that count. */
export const valueText = (value: number): string => numberText(value, 4);

function numberText(value: number, digits: number): string {
  const size = Math.abs(value);
  const hasExponent = size >= 1e15 || (size > 0 && size < 0.001);
  return hasExponent
    ? value
        .toExponential(2)
        .replace(/\.?0+e/, 'e')
        .replace('e+', 'e')
    : formatOf(Number.isInteger(value) || Math.abs(value) < 0.1 ? 1 : digits)
        .format(value)
        .replace('K', 'k');
}
