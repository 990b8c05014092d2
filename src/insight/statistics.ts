// Rank correlations, which do not depend on scale. For numbers, Spearman's ρ. For properties that
// hold or do not hold, the rank-biserial correlation 2·AUC − 1, where AUC is the area under the ROC
// curve (Mann and Whitney, 1947). From −1 to 1. 0 means no correlation.
import type { SlicedWork } from '../sliced-work.ts';

/** Ranks from the lowest value, minus their mean. Equal values get their average rank. */
export function centredRanks(values: Float32Array): Float32Array {
  const sorted = values.toSorted();
  const ranks = new Map<number, number>();
  const mean = (values.length - 1) / 2;
  for (let first = 0, last = 0; first < sorted.length; first = last) {
    while (sorted[last] === sorted[first]) last++;
    ranks.set(sorted[first], (first + last - 1) / 2 - mean);
  }
  return values.map((value) => ranks.get(value)!);
}

/** A property, as weights for ranks. */
export interface CorrelationWeights {
  /**
   * The correlation is Σ weight × centred rank. For numbers, divide it by the length of the rank
   * vector. 0 where the property is unknown.
   */
  readonly weights: Float32Array;
  readonly isNumber: boolean;
}

/**
 * @param values numbers (NaN if unknown), or 1 and 0 for a property that holds or does not hold
 * @returns null if the values are constant
 */
export function weightsOf(values: Float32Array, isNumber: boolean): CorrelationWeights | null {
  return isNumber ? weightsOfNumbers(values) : weightsOfHolding(values);
}

function weightsOfHolding(values: Float32Array): CorrelationWeights | null {
  const holding = sum(values, (value) => value);
  const pairs = holding * (values.length - holding);
  return pairs === 0 ? null : { weights: values.map((value) => (2 * value) / pairs), isNumber: false };
}

function weightsOfNumbers(values: Float32Array): CorrelationWeights | null {
  const ranks = centredRanks(values.filter((value) => !Number.isNaN(value)));
  const length = norm(ranks);
  if (length === 0) return null;
  let rankIndex = 0;
  return { weights: values.map((value) => (Number.isNaN(value) ? 0 : ranks[rankIndex++] / length)), isNumber: true };
}

/** Rank vectors that are multiplied with the weights in one pass. */
const AT_ONCE = 4;

/** @returns for each of the weights, the correlations of all rank vectors with it */
export function* correlate(
  ranks: readonly Float32Array[],
  weightings: readonly CorrelationWeights[],
): SlicedWork<Float64Array[]> {
  const correlations = weightings.map(() => new Float64Array(ranks.length));
  for (let first = 0; first < ranks.length; first += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, (_, n) => ranks[Math.min(first + n, ranks.length - 1)]);
    const lengths = batch.map((each) => norm(each) || 1);
    for (const [index, { weights: each, isNumber }] of weightings.entries()) {
      products(batch, each).forEach((product, n) => {
        correlations[index][first + n] = isNumber ? product / lengths[n] : product;
      });
    }
    yield;
  }
  return correlations;
}

function products([a, b, c, d]: readonly Float32Array[], weights: Float32Array): readonly number[] {
  let [inA, inB, inC, inD] = [0, 0, 0, 0];
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i];
    inA += weight * a[i];
    inB += weight * b[i];
    inC += weight * c[i];
    inD += weight * d[i];
  }
  return [inA, inB, inC, inD];
}

const norm = (values: Float32Array): number => Math.sqrt(sum(values, (value) => value * value));

function sum(values: Float32Array, of: (value: number) => number): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += of(values[i]);
  return total;
}
