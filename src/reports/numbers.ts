// Numbers as charts write them. Pure.

const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 });
const long = new Intl.NumberFormat('en', { notation: 'compact', minimumSignificantDigits: 4, maximumSignificantDigits: 4 });

/** Of an axis: 1.5, 2.5k, 2e-4. */
export const tickText = (value: number): string => numberText(value, short);

/** Of a line: 1.500, 50.91k, 0.002; four digits that count. */
export const valueText = (value: number): string => numberText(value, long);

function numberText(value: number, format: Intl.NumberFormat): string {
  const isSmall = value !== 0 && Math.abs(value) < 0.001;
  return isSmall ? value.toExponential(2).replace(/\.?0+e/, 'e') : (Number.isInteger(value) || Math.abs(value) < 0.1 ? short : format).format(value).replace('K', 'k');
}
