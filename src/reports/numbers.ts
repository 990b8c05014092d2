// Numbers as charts write them. Pure.

/** Of an axis: 1.5, 2.5k, 2e-4, 1e18. */
export const tickText = (value: number): string => numberText(value, 1);

/** Of a line: 1.500, 50.91k, 0.002; four digits that count. */
export const valueText = (value: number): string => numberText(value, 4);

/** @param digits that are shown at least of a number that is not whole; four that count at most */
function numberText(value: number, digits: number): string {
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 0.001))
    return value
      .toExponential(2)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  const minimumSignificantDigits = Number.isInteger(value) || size < 0.1 ? 1 : digits;
  return value
    .toLocaleString('en', { notation: 'compact', minimumSignificantDigits, maximumSignificantDigits: 4 })
    .replace('K', 'k');
}
