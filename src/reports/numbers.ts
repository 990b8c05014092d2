// Formats numbers for charts. Pure.
import { type Unit, bitsUnit } from '../options/choices.ts';

/** A number on an axis, such as 1.5, 2.5k, 2e-4 or 1e18. */
export const tickText = (value: number): string => numberText(value, 1);

/** A value of a line with four significant digits, such as 1.500, 50.91k or 0.002. */
export const valueText = (value: number): string => numberText(value, 4);

/**
 * @param digits minimum number of significant digits if the value is not an integer. The maximum is
 * four
 */
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

/** A loss in nats and in bits per token, such as "1.702 nats, 2.455 bpc". */
export const formatLoss = (nats: number, level: Unit): string =>
  `${nats.toFixed(3)} nats, ${(nats / Math.LN2).toFixed(3)} ${bitsUnit(level)}`;
