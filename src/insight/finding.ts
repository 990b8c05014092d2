// What a search for cells comes to, and how it is written. Knows nothing of how it is searched.
import { groupBy } from '../group.ts';
import type { Property } from './properties.ts';

export interface CellName {
  /** As a checkpoint counts them: 0 is the lowest. */
  readonly layer: number;
  /** Of a carried value or a gate. */
  readonly name: string;
  readonly unit: number;
}

export interface FoundCell extends CellName {
  /**
   * On the half of the text that it was not chosen on: Spearman's of numbers, 2·AUC − 1 of what
   * holds or does not. From −1 to 1.
   */
  readonly correlation: number;
}

export interface Finding {
  readonly property: Omit<Property, 'values'>;
  /** Above chance, the best first. */
  readonly cells: readonly FoundCell[];
  /**
   * The correlation that is hardly ever reached by chance; null if places that differ are too rare
   * to tell.
   */
  readonly chance: number | null;
  /**
   * About how many characters of a text of this kind would be enough to test the property; null if
   * this text is long enough, or has nothing of it.
   */
  readonly neededCharacters: number | null;
}

/** The properties that no unit tells, a line for each reason. */
export function restInWords(findings: readonly Finding[]): string[] {
  const reasonOf = ({ chance, neededCharacters }: Finding): string => {
    if (neededCharacters !== null) return 'not tested, the text is too short';
    return chance === null ? 'not in the text' : 'told by no unit';
  };
  const inWords = ({ property: { name }, neededCharacters }: Finding): string =>
    neededCharacters === null ? name : `${name} (takes about ${neededCharacters.toLocaleString('en')} characters)`;
  return [
    ...groupBy(
      findings.filter(({ cells }) => cells.length === 0),
      reasonOf,
    ),
  ].map(([reason, some]) => `${reason}: ${some.map(inWords).join(', ')}`);
}

/** `0.c.17`: of layer 0 the value c of unit 17. */
export const cellText = ({ layer, name, unit }: CellName): string => `${layer}.${name}.${unit}`;

/**
 * The area under the ROC curve, 1/2 by chance, for what holds or does not; Spearman's ρ for
 * numbers.
 */
export const scoreOf = ({ isNumber }: Pick<Property, 'isNumber'>, correlation: number): number =>
  isNumber ? correlation : (1 + Math.abs(correlation)) / 2;

export const scoreText = (property: Pick<Property, 'isNumber'>, correlation: number): string =>
  `${property.isNumber ? 'ρ' : 'AUC'} ${scoreOf(property, correlation).toFixed(2).replace('-', '−')}`;
