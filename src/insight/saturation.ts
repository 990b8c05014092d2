// How often gates are closed or open (Karpathy, Johnson and Fei-Fei, 2015: "Visualizing and
// understanding recurrent networks", section 4.2).
import type { Activations } from './activations.ts';

/**
 * The thresholds of the paper: a gate is left-saturated below the first, right-saturated above the
 * second.
 */
const [LEFT, RIGHT] = [0.1, 0.9];

/** The saturation of one gate of one layer. */
export interface Saturation {
  readonly layer: number;
  readonly gate: string;
  /** For each unit, the fraction of characters at which its gate was below 0.1. (H) */
  readonly left: Float64Array;
  /** The same for above 0.9. (H) */
  readonly right: Float64Array;
}

/** The saturation of each gate of each layer. */
export function saturationOf({ arrays, characters, hidden }: Activations): Saturation[] {
  return arrays
    .filter(({ isGate }) => isGate)
    .map(({ layer, name: gate, values }) => {
      const [left, right] = [new Float64Array(hidden), new Float64Array(hidden)];
      for (let i = 0; i < values.length; i++) {
        if (values[i] < LEFT) left[i % hidden]++;
        else if (values[i] > RIGHT) right[i % hidden]++;
      }
      const fraction = (times: number): number => times / characters;
      return { layer, gate, left: left.map(fraction), right: right.map(fraction) };
    });
}

/**
 * Means over the units, and how many units are left- or right-saturated more than half of the time.
 */
export function saturationSummary({ left, right }: Saturation) {
  const mean = (fractions: Float64Array): number => fractions.reduce((sum, each) => sum + each, 0) / fractions.length;
  const mostly = (fractions: Float64Array): number => fractions.filter((each) => each > 0.5).length;
  return { left: mean(left), right: mean(right), mostlyLeft: mostly(left), mostlyRight: mostly(right) };
}

export const formatPercent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;

export const saturationHeads = ['layer', 'gate', 'below 0.1', 'above 0.9', 'units mostly below', 'mostly above'];

export function saturationRow(saturation: Saturation): string[] {
  const { left, right, mostlyLeft, mostlyRight } = saturationSummary(saturation);
  const { layer, gate } = saturation;
  return [String(layer), gate, formatPercent(left), formatPercent(right), String(mostlyLeft), String(mostlyRight)];
}
