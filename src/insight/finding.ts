// The results of a search for cells, and their texts. Does not depend on the search.
import { groupBy } from '../group.ts';
import type { Property } from './properties.ts';

/** Identifies one value of one unit. */
export interface UnitName {
  /** As in a checkpoint: 0 is the lowest layer. */
  readonly layer: number;
  /** The name of a carried value or a gate. */
  readonly name: string;
  readonly unit: number;
}

/** A unit that tracks a property of the text. */
export interface FoundUnit extends UnitName {
  /**
   * From −1 to 1, on the half of the text that was not used to choose it. Spearman's ρ for numbers,
   * 2·AUC − 1 for properties that hold or do not hold.
   */
  readonly correlation: number;
}

/** The result of the search for one property. */
export interface Finding {
  readonly property: Omit<Property, 'values'>;
  /** Units above chance, best first. */
  readonly cells: readonly FoundUnit[];
  /**
   * The correlation that chance hardly ever reaches. Null if the property varies too rarely to
   * measure it.
   */
  readonly chance: number | null;
  /**
   * Approximate number of characters in a similar text that would suffice to test the property.
   * Null if this text is long enough, or if the property does not occur.
   */
  readonly neededCharacters: number | null;
}

/** Lists the properties that were found in no unit, one line for each reason. */
export function describeUntested(findings: readonly Finding[]): string[] {
  const reasonOf = ({ chance, neededCharacters }: Finding): string => {
    if (neededCharacters !== null) return 'text too short to test';
    return chance === null ? 'not in the text' : 'found in no unit';
  };
  const inWords = ({ property: { name }, neededCharacters }: Finding): string =>
    neededCharacters === null ? name : `${name} (needs about ${neededCharacters.toLocaleString('en')} characters)`;
  return [
    ...groupBy(
      findings.filter(({ cells }) => cells.length === 0),
      reasonOf,
    ),
  ].map(([reason, some]) => `${reason}: ${some.map(inWords).join(', ')}`);
}

/** For example `0.c.17`: value c of unit 17 in layer 0. */
export const unitText = ({ layer, name, unit }: UnitName): string => `${layer}.${name}.${unit}`;

/** Spearman's ρ for numbers. Otherwise the area under the ROC curve, which is 1/2 by chance. */
export const scoreOf = ({ isNumber }: Pick<Property, 'isNumber'>, correlation: number): number =>
  isNumber ? correlation : (1 + Math.abs(correlation)) / 2;

export const scoreText = (property: Pick<Property, 'isNumber'>, correlation: number): string =>
  `${property.isNumber ? 'ρ' : 'AUC'} ${scoreOf(property, correlation).toFixed(2).replace('-', '−')}`;
